//! What stands in `#[settings(…)]` and `#[setting(…)]`, and in a field's documentation.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned as _;
use syn::{Attribute, Error, Expr, ExprLit, ExprUnary, Lit, LitStr, Meta, RangeLimits, UnOp};

/// `#[settings(…)]`.
#[derive(Default)]
pub(crate) struct TableAttributes {
    pub(crate) shorthand: Option<LitStr>,
}

/// `#[setting(…)]`, each as the call that adds it to a declaration.
#[derive(Default)]
pub(crate) struct SettingAttributes {
    pub(crate) name: Option<LitStr>,
    pub(crate) default: Option<TokenStream>,
    /// `.tunable()`, `.at_least(…)` and so on.
    pub(crate) calls: Vec<TokenStream>,
}

impl TableAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut read = Self::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("settings")) {
            attribute.parse_nested_meta(|meta| {
                if !meta.path.is_ident("shorthand") {
                    return Err(meta.error("expected `shorthand = \"…\"`"));
                }
                read.shorthand = Some(meta.value()?.parse()?);
                Ok(())
            })?;
        }
        Ok(read)
    }
}

impl SettingAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut read = Self::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("setting")) {
            attribute.parse_nested_meta(|meta| {
                let word = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                match word.as_str() {
                    "tunable" => read.calls.push(quote!(.tunable())),
                    "fixed" => read.calls.push(quote!(.fixed())),
                    "secret" => read.calls.push(quote!(.secret())),
                    "name" => read.name = Some(meta.value()?.parse()?),
                    "default" => read.default = Some(literal(&meta.value()?.parse()?)?),
                    "range" => read.calls.extend(range(&meta.value()?.parse()?)?),
                    "example" => {
                        let example: LitStr = meta.value()?.parse()?;
                        read.calls.push(quote!(.example(#example)));
                    }
                    "renamed_from" => {
                        let old: LitStr = meta.value()?.parse()?;
                        read.calls.push(quote!(.renamed_from(#old)));
                    }
                    _ => {
                        return Err(meta.error(
                            "expected `default`, `range`, `tunable`, `fixed`, `secret`, `example`, `name` or `renamed_from`",
                        ));
                    }
                }
                Ok(())
            })?;
        }
        Ok(read)
    }
}

/// A declaration's literal.
fn literal(expr: &Expr) -> syn::Result<TokenStream> {
    let kind = |expr: &Expr| match expr {
        Expr::Lit(ExprLit { lit: Lit::Bool(_), .. }) => Some(quote!(Bool)),
        Expr::Lit(ExprLit { lit: Lit::Int(_), .. }) => Some(quote!(Int)),
        Expr::Lit(ExprLit { lit: Lit::Float(_), .. }) => Some(quote!(Float)),
        Expr::Lit(ExprLit { lit: Lit::Str(_), .. }) => Some(quote!(Text)),
        _ => None,
    };
    let kind = match expr {
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => kind(expr),
        expr => kind(expr),
    };
    let kind = kind.ok_or_else(|| Error::new(expr.span(), "expected a literal"))?;
    Ok(quote!(::bp_contract::setting::Literal::#kind(#expr)))
}

/// Bounds, which are inclusive on both sides.
fn range(expr: &Expr) -> syn::Result<Vec<TokenStream>> {
    let Expr::Range(range) = expr else {
        return Err(Error::new(expr.span(), "expected a range such as `1..=5` or `\"1s\"..`"));
    };
    if let (RangeLimits::HalfOpen(dots), Some(_)) = (&range.limits, &range.end) {
        return Err(Error::new(dots.span(), "bounds are inclusive: write `..=`"));
    }
    let mut calls = Vec::new();
    if let Some(start) = &range.start {
        let least = literal(start)?;
        calls.push(quote!(.at_least(#least)));
    }
    if let Some(end) = &range.end {
        let most = literal(end)?;
        calls.push(quote!(.at_most(#most)));
    }
    Ok(calls)
}

/// The documentation, its lines joined.
pub(crate) fn documentation(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter(|a| a.path().is_ident("doc")).filter_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else { return None };
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else { return None };
        Some(text.value().trim().to_owned())
    });
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
