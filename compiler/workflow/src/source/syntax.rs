//! Places and texts of syn's nodes.

use proc_macro2::Span as SynSpan;
use quote::ToTokens;
use syn::spanned::Spanned as _;
use syn::{Ident, PathArguments, Type};

use super::place::{Place, UsePath};

/// Where a span is; an empty node's is the start of the file.
pub(super) fn place(span: SynSpan) -> Place {
    let range = span.byte_range();
    Place::new(range.start, range.end)
}

/// Where a node was written.
pub(super) fn place_of(node: &impl ToTokens) -> Place {
    place(node.span())
}

/// Where a node was written that begins and ends with these tokens; cheaper than making all its tokens.
fn between(first: SynSpan, last: SynSpan) -> Place {
    Place { start: place(first).start, end: place(last).end }
}

/// Where a path was written.
pub(super) fn path_place(path: &syn::Path) -> Place {
    let (Some(first), Some(last)) = (path.segments.first(), path.segments.last()) else {
        return place_of(path);
    };
    let first = path.leading_colon.map_or(first.ident.span(), |c| c.spans[0]);
    match &last.arguments {
        PathArguments::None => between(first, last.ident.span()),
        PathArguments::AngleBracketed(list) => between(first, list.gt_token.spans[0]),
        PathArguments::Parenthesized(_) => place_of(path),
    }
}

/// Where a type was written.
pub(super) fn type_place(ty: &Type) -> Place {
    match ty {
        Type::Path(path) if path.qself.is_none() => path_place(&path.path),
        Type::Reference(reference) => {
            let end = type_place(&reference.elem).end;
            Place { start: place(reference.and_token.spans[0]).start, end }
        }
        Type::Tuple(tuple) => {
            let delimiters = tuple.paren_token.span;
            between(delimiters.open(), delimiters.close())
        }
        other => place_of(other),
    }
}

/// Where a field was written.
pub(super) fn field_place(field: &syn::Field) -> Place {
    if field.default.is_some() {
        return place_of(field);
    }
    let ty = type_place(&field.ty);
    let first = match (field.attrs.first(), &field.vis, &field.ident) {
        (Some(attribute), ..) => attribute.pound_token.spans[0],
        (None, syn::Visibility::Public(public), _) => public.span,
        (None, syn::Visibility::Restricted(restricted), _) => restricted.pub_token.span,
        (None, syn::Visibility::Inherited, Some(ident)) => ident.span(),
        (None, syn::Visibility::Inherited, None) => return ty,
    };
    Place { start: place(first).start, end: ty.end }
}

/// Where an argument was written.
pub(super) fn argument_place(argument: &syn::PatType) -> Place {
    match &*argument.pat {
        syn::Pat::Ident(pattern)
            if argument.attrs.is_empty()
                && pattern.attrs.is_empty()
                && pattern.by_ref.is_none()
                && pattern.mutability.is_none() =>
        {
            let end = type_place(&argument.ty).end;
            Place { start: place(pattern.ident.span()).start, end }
        }
        _ => place_of(argument),
    }
}

/// An identifier without `r#`.
pub(super) fn plain(ident: &Ident) -> String {
    let text = ident.to_string();
    match text.strip_prefix("r#") {
        Some(rest) => rest.to_owned(),
        None => text,
    }
}

/// A path as segments, without arguments.
pub(super) fn use_path(path: &syn::Path) -> UsePath {
    UsePath {
        global: path.leading_colon.is_some(),
        segments: path.segments.iter().map(|s| plain(&s.ident)).collect(),
    }
}

/// A type or path as people write it: tokens without the spaces that printing puts between them.
pub(super) fn written(node: &impl ToTokens) -> String {
    let mut text = node.to_token_stream().to_string();
    for (spaced, plain) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        (" >", ">"),
        ("> ::", ">::"),
        ("& ", "&"),
        (" ,", ","),
    ] {
        text = text.replace(spaced, plain);
    }
    text
}
