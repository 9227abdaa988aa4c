//! From attributes to what is read of them.

use proc_macro2::{TokenStream, TokenTree};
use syn::Attribute;

use super::outline::{Condition, Mark, Place, Status, UsePath};
use super::syntax::{place, place_of, plain, use_path};

/// Reads `#[cfg(…)]` and `#[cfg_attr(…)]`; the latter counts when it hides an attribute that is read.
pub(super) fn condition(attributes: &[Attribute]) -> Condition {
    let mut found = Condition::Always;
    for attribute in attributes {
        if attribute.path().is_ident("cfg") {
            let Ok(list) = attribute.meta.require_list() else { continue };
            if only_in_tests(list.tokens.clone()) {
                return Condition::Test;
            }
            found = Condition::Other(place_of(attribute));
        } else if attribute.path().is_ident("cfg_attr") {
            let Ok(list) = attribute.meta.require_list() else { continue };
            let read = ["service", "idempotent", "Data", "ServiceError", "status", "infra"];
            if mentions(list.tokens.clone(), &read) {
                found = Condition::Other(place_of(attribute));
            }
        }
    }
    found
}

/// A condition other than `test`; `Err` for one that is.
pub(super) fn outside_tests(attributes: &[Attribute]) -> Result<Option<Place>, OnlyInTests> {
    match condition(attributes) {
        Condition::Always => Ok(None),
        Condition::Test => Err(OnlyInTests),
        Condition::Other(place) => Ok(Some(place)),
    }
}

/// What is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OnlyInTests;

fn only_in_tests(tokens: TokenStream) -> bool {
    let mut all = false;
    for (index, token) in tokens.into_iter().enumerate() {
        match token {
            TokenTree::Ident(ident) if index == 0 && ident == "test" => return true,
            TokenTree::Ident(ident) if index == 0 && ident == "all" => all = true,
            TokenTree::Group(group) if all => {
                return group
                    .stream()
                    .into_iter()
                    .any(|t| matches!(t, TokenTree::Ident(i) if i == "test"));
            }
            _ => {}
        }
    }
    false
}

/// Whether one of the words occurs anywhere in the tokens.
fn mentions(tokens: TokenStream, words: &[&str]) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => words.iter().any(|w| ident == w),
        TokenTree::Group(group) => mentions(group.stream(), words),
        _ => false,
    })
}

/// Whether tokens hold `#[service]` or `#[….::service]`.
pub(super) fn marks_service(tokens: TokenStream) -> bool {
    let mut hash = false;
    for token in tokens {
        match token {
            TokenTree::Punct(p) => hash = p.as_char() == '#',
            TokenTree::Group(group) => {
                if (hash && mentions(group.stream(), &["service"])) || marks_service(group.stream())
                {
                    return true;
                }
                hash = false;
            }
            _ => hash = false,
        }
    }
    false
}

/// Attributes that may be the runtime's: all but documentation.
pub(super) fn marks(attributes: &[Attribute]) -> Box<[Mark]> {
    attributes
        .iter()
        .filter(|a| doc_text(a).is_none())
        .map(|a| Mark { path: use_path(a.path()), place: place_of(a) })
        .collect()
}

/// The paths in every `#[derive(…)]`.
pub(super) fn derives(attributes: &[Attribute]) -> Box<[UsePath]> {
    let mut paths = Vec::new();
    for attribute in attributes.iter().filter(|a| a.path().is_ident("derive")) {
        let Ok(list) = attribute.meta.require_list() else { continue };
        let mut path = UsePath::default();
        for token in list.tokens.clone() {
            match token {
                TokenTree::Punct(p) if p.as_char() == ',' => {
                    paths.push(std::mem::take(&mut path));
                }
                TokenTree::Punct(p) if p.as_char() == ':' && path.segments.is_empty() => {
                    path.global = true;
                }
                TokenTree::Ident(ident) => path.segments.push(plain(&ident)),
                _ => {}
            }
        }
        paths.push(path);
    }
    paths.retain(|p| !p.segments.is_empty());
    paths.into_boxed_slice()
}

/// The text of `#[doc = "…"]`, which a documentation comment is, too.
fn doc_text(attribute: &Attribute) -> Option<&syn::LitStr> {
    text_of(attribute, "doc")
}

/// The text of `#[name = "…"]`.
fn text_of<'a>(attribute: &'a Attribute, name: &str) -> Option<&'a syn::LitStr> {
    match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident(name) => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// What `#[path = "…"]` says.
pub(super) fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().find_map(|a| Some(text_of(a, "path")?.value()))
}

/// Documentation, a line each, without the space after the comment mark.
pub(super) fn docs(attributes: &[Attribute]) -> Vec<String> {
    let mut lines = Vec::new();
    for text in attributes.iter().filter_map(doc_text) {
        lines.extend(
            text.value()
                .split('\n')
                .map(|l| l.strip_prefix(' ').unwrap_or(l).trim_end().to_owned()),
        );
    }
    lines
}

/// Whether the last segment of some attribute's path is `name`.
pub(super) fn ends_in(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|a| a.path().segments.last().is_some_and(|s| s.ident == name))
}

/// Whether there is a `#[name]`.
pub(super) fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|a| a.path().is_ident(name))
}

/// The first `#[status(…)]`.
pub(super) fn status(attributes: &[Attribute]) -> Option<Status> {
    let attribute = attributes.iter().find(|a| a.path().is_ident("status"))?;
    let parse =
        |input: syn::parse::ParseStream<'_>| -> syn::Result<(syn::Ident, Option<syn::LitStr>)> {
            let code: syn::Ident = input.parse()?;
            let mut message = None;
            if input.parse::<Option<syn::Token![,]>>()?.is_some() && !input.is_empty() {
                message = Some(input.parse()?);
                input.parse::<Option<syn::Token![,]>>()?;
            }
            Ok((code, message))
        };
    Some(match attribute.parse_args_with(parse) {
        Ok((code, message)) => Status::Given {
            code: code.to_string(),
            place: place(code.span()),
            message: message.map(|m| m.value()),
        },
        Err(_) => Status::Malformed(place_of(attribute)),
    })
}
