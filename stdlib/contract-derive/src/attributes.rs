//! What stands in `#[settings(…)]` and `#[setting(…)]`, and in a field's documentation.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned as _;
use syn::{
    Attribute, Error, Expr, ExprLit, ExprUnary, Lit, LitStr, Meta, RangeLimits, UnOp, Variant,
};

use crate::wiring_name;

/// `#[settings(…)]`.
#[derive(Default)]
pub(crate) struct TableAttributes {
    pub(crate) shorthand: Option<LitStr>,
    /// The setting that chooses a variant.
    pub(crate) tag: Option<LitStr>,
    /// The variant when the wiring chooses none.
    pub(crate) default: Option<LitStr>,
    /// Whether the type has rules of its own.
    pub(crate) validate: bool,
}

/// `#[setting(…)]`, each as the call that adds it to a declaration.
#[derive(Default)]
pub(crate) struct SettingAttributes {
    pub(crate) name: Option<LitStr>,
    pub(crate) default: Option<TokenStream>,
    /// Whether the settings of the field's type stand in this table.
    pub(crate) flatten: bool,
    pub(crate) required: bool,
    /// `.tunable()`, `.at_least(…)` and so on.
    pub(crate) calls: Vec<TokenStream>,
}

impl TableAttributes {
    pub(crate) fn read(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut read = Self::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("settings")) {
            attribute.parse_nested_meta(|meta| {
                let word = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                match word.as_str() {
                    "shorthand" => read.shorthand = Some(meta.value()?.parse()?),
                    "tag" => read.tag = Some(meta.value()?.parse()?),
                    "default" => read.default = Some(meta.value()?.parse()?),
                    "validate" => read.validate = true,
                    _ => {
                        return Err(meta.error(
                            "expected `shorthand = \"…\"`, `tag = \"…\"`, `default = \"…\"` or `validate`",
                        ));
                    }
                }
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
                    "required" => read.required = true,
                    "flatten" => read.flatten = true,
                    "secret" => {
                        return Err(meta.error(
                            "a secret is a field of the type `bp_contract::Secret`, without an attribute",
                        ));
                    }
                    "name" => read.name = Some(meta.value()?.parse()?),
                    "default" => read.default = Some(literal(&meta.value()?.parse()?)?),
                    "range" => read.calls.extend(range(&meta.value()?.parse()?)?),
                    "example" => {
                        let example: LitStr = meta.value()?.parse()?;
                        read.calls.push(quote!(.example(#example)));
                    }
                    "pattern" => {
                        let pattern: LitStr = meta.value()?.parse()?;
                        read.calls.push(quote!(.pattern(#pattern)));
                    }
                    "excludes" => {
                        let other: LitStr = meta.value()?.parse()?;
                        read.calls.push(quote!(.excludes(#other)));
                    }
                    "renamed_from" => {
                        let old: LitStr = meta.value()?.parse()?;
                        read.calls.push(quote!(.renamed_from(#old)));
                    }
                    _ => {
                        return Err(meta.error(
                            "expected `default`, `range`, `tunable`, `fixed`, `required`, `flatten`, `example`, `name`, `pattern`, `excludes` or `renamed_from`",
                        ));
                    }
                }
                Ok(())
            })?;
        }
        Ok(read)
    }
}

/// The word of a variant: its name as a wiring writes it, or what `#[setting(name = "…")]` says.
pub(crate) fn word_of(variant: &Variant) -> syn::Result<LitStr> {
    let SettingAttributes { name, default, required, flatten, calls } =
        SettingAttributes::read(&variant.attrs)?;
    if default.is_some() || required || flatten || !calls.is_empty() {
        return Err(Error::new_spanned(variant, "a variant takes `name` alone"));
    }
    Ok(name.unwrap_or_else(|| wiring_name(&variant.ident)))
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
    let lines = documentation_lines(attributes).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

/// The first paragraph of the documentation, its lines joined.
pub(crate) fn first_paragraph(attributes: &[Attribute]) -> String {
    let lines = documentation_lines(attributes).skip_while(String::is_empty);
    lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

fn documentation_lines(attributes: &[Attribute]) -> impl Iterator<Item = String> + '_ {
    let texts = attributes.iter().filter(|a| a.path().is_ident("doc")).filter_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else { return None };
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value else { return None };
        Some(text.value())
    });
    // A block comment is one text with several lines.
    texts.flat_map(|text| {
        let lines: Vec<String> = text.split('\n').map(|line| line.trim().to_owned()).collect();
        lines
    })
}
