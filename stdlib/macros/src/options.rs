//! Options in attributes, and errors that are reported together.

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Path, Result};

/// Collects errors, so that one run shows them all.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// The value of `result`, or nothing and its error kept.
    pub(crate) fn keep<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    pub(crate) fn finish(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

/// The crate that support code is taken from.
pub(crate) struct CratePath(Option<Path>);

impl CratePath {
    pub(crate) const DEFAULT: Self = Self(None);

    /// `crate = path`, the only option there is.
    pub(crate) fn parse(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if !meta.path.is_ident("crate") {
            return Err(meta.error("the only option is `crate = path`"));
        }
        let path = meta.value()?;
        // A path in a string is what serde's option looks like; take it too.
        self.0 = Some(if path.peek(syn::LitStr) {
            path.parse::<syn::LitStr>()?.parse()?
        } else {
            path.parse()?
        });
        Ok(())
    }

    /// The option from a derive's attribute, `#[data(crate = path)]`.
    pub(crate) fn from_attributes(attributes: &[Attribute], name: &str) -> Result<Self> {
        let mut crate_path = Self::DEFAULT;
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(name)) {
            attribute.parse_nested_meta(|meta| crate_path.parse(&meta))?;
        }
        Ok(crate_path)
    }

    /// The module with everything that generated code uses.
    pub(crate) fn private(&self) -> TokenStream {
        let path = self.0.as_ref().map_or_else(|| quote!(::bp_std), |path| quote!(#path));
        quote!(#path::__private)
    }
}
