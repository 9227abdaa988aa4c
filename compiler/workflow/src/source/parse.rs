//! Parsing a scanned text into items, one by one, so that a fault in one hides no other.

use std::ops::Range;
use std::rc::Rc;

use bp_diag::{Diagnostics, FileId, Span, catalog::workflow as codes};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Item};

use super::guard::scan;

/// The items of one file.
#[derive(Debug)]
pub(crate) struct ParsedFile {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) items: Vec<Rc<Item>>,
    /// Calls of a path that ends in `spawn`.
    pub(crate) spawns: Vec<(Vec<String>, Range<usize>)>,
}

/// Parses a text; what does not parse is reported and skipped.
pub(crate) fn parse_file(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> ParsedFile {
    let mut parsed = ParsedFile { attributes: Vec::new(), items: Vec::new(), spawns: Vec::new() };
    let scan = match scan(file, text) {
        Ok(scan) => scan,
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            return parsed;
        }
    };
    parsed.spawns = scan.spawns;
    let tokens: TokenStream = match scan.text.parse() {
        Ok(tokens) => tokens,
        Err(error) => {
            let span = place(file, text, error.span().byte_range());
            diagnostics.push(codes::rust_syntax(span, "these characters are no token"));
            return parsed;
        }
    };
    let mut errors = Vec::new();
    let parser = |input: ParseStream<'_>| {
        parsed.attributes = input.call(Attribute::parse_inner).unwrap_or_else(|error| {
            errors.push(error);
            Vec::new()
        });
        while !input.is_empty() {
            let ahead = input.fork();
            match ahead.parse::<Item>() {
                Ok(item) => {
                    parsed.items.push(Rc::new(item));
                    syn::parse::discouraged::Speculative::advance_to(input, &ahead);
                }
                Err(error) => {
                    errors.push(error);
                    skip_item(input)?;
                }
            }
        }
        Ok(())
    };
    if let Err(error) = parser.parse2(tokens) {
        errors.push(error);
    }
    for error in errors {
        let span = place(file, text, error.span().byte_range());
        diagnostics.push(codes::rust_syntax(span, &error.to_string()));
    }
    parsed
}

/// A place in the text: at least one character where there is one, and whole ones.
///
/// An error at the end of input has the call site's span, which is empty; its place is the last character that is no space.
fn place(file: FileId, text: &str, range: Range<usize>) -> Span {
    let start =
        if range.is_empty() { text.trim_end().len().saturating_sub(1) } else { range.start };
    let start = text.floor_char_boundary(start);
    let end = text.ceil_char_boundary(range.end.max(start + 1));
    Span::new(file, start, end)
}

/// Goes past the next `;` or `{…}`, where the next item may begin.
fn skip_item(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() {
        match input.parse::<TokenTree>()? {
            TokenTree::Punct(p) if p.as_char() == ';' => break,
            TokenTree::Group(g) if g.delimiter() == Delimiter::Brace => break,
            _ => {}
        }
    }
    Ok(())
}
