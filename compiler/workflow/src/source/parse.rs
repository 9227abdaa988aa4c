//! Parsing a scanned text into items, one by one, so that a fault in one does not hide others.

use std::ops::Range;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Item};

use super::attributes::read_condition;
use super::fault::Fault;
use super::guard::scan;
use super::outline::Outline;
use super::place::Place;
use super::read_items::read_item;
use super::text::blank_byte_order_mark;

/// Outlines a text; what does not parse is a fault of it, and skipped.
///
/// The parser's recursion is bounded by the scan, at some tens of kilobytes a level in a debug build.
pub(crate) fn outline(text: &str) -> Outline {
    let text = &*blank_byte_order_mark(text);
    let scan = match scan(text) {
        Ok(scan) => scan,
        Err(fault) => return Outline { faults: Box::new([fault]), ..Outline::default() },
    };
    let outline =
        Outline { spawns: scan.spawns, collections: scan.collections, ..Outline::default() };
    let tokens: TokenStream = match scan.text.parse() {
        Ok(tokens) => tokens,
        Err(error) => {
            let place = place(text, error.span().byte_range());
            let message = "these characters are not a Rust token".to_owned();
            return Outline { faults: Box::new([Fault::Syntax { place, message }]), ..outline };
        }
    };
    let mut errors = Vec::new();
    let mut attributes = Vec::new();
    let mut items = Vec::new();
    let parser = |input: ParseStream<'_>| {
        attributes = input.call(Attribute::parse_inner).unwrap_or_else(|error| {
            errors.push(error);
            Vec::new()
        });
        while !input.is_empty() {
            let ahead = input.fork();
            match ahead.parse::<Item>() {
                Ok(item) => {
                    items.extend(read_item(&item));
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
    let faults = errors.iter().map(|error| Fault::Syntax {
        place: place(text, error.span().byte_range()),
        message: error.to_string(),
    });
    Outline {
        condition: read_condition(&attributes),
        faults: faults.collect(),
        items: items.into_boxed_slice(),
        ..outline
    }
}

/// A place in the text: at least one character where there is one, and whole ones.
///
/// An error at the end of input has the call site's span, which is empty; its place is the last character that is not a space.
fn place(text: &str, range: Range<usize>) -> Place {
    let start =
        if range.is_empty() { text.trim_end().len().saturating_sub(1) } else { range.start };
    let start = text.floor_char_boundary(start);
    let end = text.ceil_char_boundary(range.end.max(start + 1));
    Place::new(start, end)
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
