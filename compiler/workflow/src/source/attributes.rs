//! From attributes to what is read of them.

use std::borrow::Cow;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::Attribute;

use super::condition::{Cfg, split_at_commas};
use super::outline::{CfgAttribute, Condition, Mark, PathAttribute, Status};
use super::place::{Place, UsePath};
use super::syntax::{place, place_of, plain, use_path};

/// How deep `cfg_attr` may nest; what is deeper counts as an open condition.
const MAX_NESTED: usize = 16;

/// Attributes that are read even inside a `cfg_attr`.
const READ: [&str; 7] =
    ["service", "interface", "idempotent", "Data", "ServiceError", "status", "infra"];

/// Reads `#[cfg(…)]` and `#[cfg_attr(…)]`; the latter counts when it hides an attribute that is read.
pub(super) fn read_condition(attributes: &[Attribute]) -> Condition {
    let mut parts = Vec::new();
    let mut first = None;
    let mut add = |cfg: Cfg, attribute: &Attribute| match cfg.outside_tests() {
        Some(true) => true,
        Some(false) => false,
        None => {
            parts.push(cfg);
            first.get_or_insert_with(|| place_of(attribute));
            true
        }
    };
    for attribute in attributes {
        if attribute.path().is_ident("cfg") {
            let Ok(list) = attribute.meta.require_list() else { continue };
            let cfg = Cfg::read(list.tokens.clone()).unwrap_or(Cfg::Undecided);
            if !add(cfg, attribute) {
                return Condition::Test;
            }
        } else if attribute.path().is_ident("cfg_attr") {
            for (guard, meta) in read_cfg_attr(attribute) {
                let cfg = match &meta {
                    syn::Meta::List(list) if list.path.is_ident("cfg") => {
                        Cfg::read(list.tokens.clone()).unwrap_or(Cfg::Undecided).behind(&guard)
                    }
                    other if mentions(other.to_token_stream(), &READ) => {
                        match guard.outside_tests() {
                            Some(false) => continue,
                            // Macros of the runtime do not see what is behind a condition either.
                            _ => Cfg::Undecided,
                        }
                    }
                    _ => continue,
                };
                if !add(cfg, attribute) {
                    return Condition::Test;
                }
            }
        }
    }
    let Some(place) = first else { return Condition::Always };
    let cfg = match parts.pop() {
        Some(one) if parts.is_empty() => one,
        Some(last) => {
            parts.push(last);
            Cfg::All(parts.into_boxed_slice())
        }
        None => Cfg::Undecided,
    };
    Condition::Other(CfgAttribute { place, cfg })
}

/// What a `cfg_attr` holds, each with the condition that it is behind.
fn read_cfg_attr(attribute: &Attribute) -> Vec<(Cfg, syn::Meta)> {
    let mut found = Vec::new();
    if let Ok(list) = attribute.meta.require_list() {
        flatten_cfg_attr(list.tokens.clone(), None, MAX_NESTED, &mut found);
    }
    found
}

fn flatten_cfg_attr(
    tokens: TokenStream,
    outer: Option<&Cfg>,
    depth: usize,
    found: &mut Vec<(Cfg, syn::Meta)>,
) {
    let mut parts = split_at_commas(tokens).into_iter();
    let Some(first) = parts.next() else { return };
    let own = Cfg::read(first).unwrap_or(Cfg::Undecided);
    let guard = match outer {
        Some(outer) => Cfg::All(Box::new([outer.clone(), own])),
        None => own,
    };
    for part in parts {
        let Ok(meta) = syn::parse2::<syn::Meta>(part) else { continue };
        match (&meta, depth.checked_sub(1)) {
            (syn::Meta::List(list), Some(left)) if list.path.is_ident("cfg_attr") => {
                flatten_cfg_attr(list.tokens.clone(), Some(&guard), left, found);
            }
            _ => found.push((guard.clone(), meta)),
        }
    }
}

/// The attributes, including those inside a `cfg_attr` that is not for tests.
fn with_cfg_attr(attributes: &[Attribute]) -> Cow<'_, [Attribute]> {
    if !attributes.iter().any(|a| a.path().is_ident("cfg_attr")) {
        return Cow::Borrowed(attributes);
    }
    let mut all = Vec::new();
    for attribute in attributes {
        if attribute.path().is_ident("cfg_attr") {
            let inner = read_cfg_attr(attribute).into_iter();
            let inner = inner.filter(|(guard, _)| guard.outside_tests() != Some(false));
            all.extend(inner.map(|(_, meta)| Attribute { meta, ..attribute.clone() }));
        } else {
            all.push(attribute.clone());
        }
    }
    Cow::Owned(all)
}

/// What an item depends on; `Err` for one that exists only in tests.
pub(super) fn condition_outside_tests(
    attributes: &[Attribute],
) -> Result<Option<CfgAttribute>, OnlyInTests> {
    match read_condition(attributes) {
        Condition::Always => Ok(None),
        Condition::Test => Err(OnlyInTests),
        Condition::Other(when) => Ok(Some(when)),
    }
}

/// As [`condition_outside_tests`], the place alone.
pub(super) fn condition_place(attributes: &[Attribute]) -> Result<Option<Place>, OnlyInTests> {
    condition_outside_tests(attributes).map(|when| when.map(|w| w.place))
}

/// The item exists only in tests, and is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OnlyInTests;

/// Whether one of the words occurs anywhere in the tokens.
fn mentions(tokens: TokenStream, words: &[&str]) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => words.iter().any(|w| ident == w),
        TokenTree::Group(group) => mentions(group.stream(), words),
        _ => false,
    })
}

/// The first `mod name;` in tokens.
pub(super) fn find_declared_module(tokens: TokenStream) -> Option<(Place, String)> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => {
                if let Some(found) = find_declared_module(group.stream()) {
                    return Some(found);
                }
            }
            TokenTree::Ident(word) if word == "mod" => {
                let mut rest = tokens.iter().skip(index + 1);
                let mut name = String::new();
                for token in rest.by_ref().take(2) {
                    match token {
                        TokenTree::Punct(p) if p.as_char() == '$' && name.is_empty() => {
                            name.push('$');
                        }
                        TokenTree::Ident(ident) => {
                            name.push_str(&plain(ident));
                            break;
                        }
                        _ => break,
                    }
                }
                let ends = matches!(rest.next(), Some(TokenTree::Punct(p)) if p.as_char() == ';');
                if ends && !name.is_empty() {
                    return Some((place(word.span()), name));
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether tokens hold `#[service]` or `#[….::service]`.
pub(super) fn has_service_mark(tokens: TokenStream) -> bool {
    let mut hash = false;
    for token in tokens {
        match token {
            TokenTree::Punct(p) => hash = p.as_char() == '#',
            TokenTree::Group(group) => {
                if (hash && mentions(group.stream(), &["service"]))
                    || has_service_mark(group.stream())
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
pub(super) fn read_marks(attributes: &[Attribute]) -> Box<[Mark]> {
    with_cfg_attr(attributes)
        .iter()
        .filter(|a| doc_text(&a.meta).is_none())
        .map(|a| Mark { path: use_path(a.path()), place: place_of(a) })
        .collect()
}

/// The paths in every `#[derive(…)]`.
pub(super) fn read_derives(attributes: &[Attribute]) -> Box<[UsePath]> {
    let mut paths = Vec::new();
    for attribute in with_cfg_attr(attributes).iter().filter(|a| a.path().is_ident("derive")) {
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
fn doc_text(meta: &syn::Meta) -> Option<&syn::LitStr> {
    text_of(meta, "doc")
}

/// The text of `name = "…"`.
fn text_of<'a>(meta: &'a syn::Meta, name: &str) -> Option<&'a syn::LitStr> {
    match meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident(name) => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// What `#[path = "…"]` says, in a `cfg_attr` or not.
pub(super) fn read_path_attributes(attributes: &[Attribute]) -> Box<[PathAttribute]> {
    let mut all = Vec::new();
    for attribute in attributes {
        if let Some(text) = text_of(&attribute.meta, "path") {
            all.push(PathAttribute { path: text.value(), when: None });
        } else if attribute.path().is_ident("cfg_attr") {
            for (cfg, meta) in read_cfg_attr(attribute) {
                let Some(text) = text_of(&meta, "path") else { continue };
                let when = Some(CfgAttribute { place: place_of(attribute), cfg });
                all.push(PathAttribute { path: text.value(), when });
            }
        }
    }
    all.into_boxed_slice()
}

/// Documentation, a line each, without the space after the comment mark.
pub(super) fn read_docs(attributes: &[Attribute]) -> Vec<String> {
    let mut lines = Vec::new();
    for text in attributes.iter().filter_map(|a| doc_text(&a.meta)) {
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
    with_cfg_attr(attributes)
        .iter()
        .any(|a| a.path().segments.last().is_some_and(|s| s.ident == name))
}

/// Whether there is a `#[name]`.
pub(super) fn has(attributes: &[Attribute], name: &str) -> bool {
    with_cfg_attr(attributes).iter().any(|a| a.path().is_ident(name))
}

/// The first `#[status(…)]`.
pub(super) fn read_status(attributes: &[Attribute]) -> Option<Status> {
    let attributes = with_cfg_attr(attributes);
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
