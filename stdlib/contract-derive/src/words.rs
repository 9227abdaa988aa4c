//! An enum without content: one of several words.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DataEnum, DeriveInput, Error, Fields};

use crate::attributes::{TableAttributes, word_of};

pub(crate) fn expand(
    item: &DeriveInput,
    data: &DataEnum,
    attributes: &TableAttributes,
) -> syn::Result<TokenStream> {
    if let Some(text) = attributes.shorthand.as_ref().or(attributes.default.as_ref()) {
        return Err(Error::new_spanned(text, "words have neither a shorthand nor a default"));
    }
    if attributes.validate {
        return Err(Error::new_spanned(&item.ident, "words have no rules"));
    }
    let (mut words, mut pairs, mut arms) = (Vec::new(), Vec::new(), Vec::new());
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            let message = "variants with settings need `#[settings(tag = \"…\")]`";
            return Err(Error::new_spanned(variant, message));
        }
        let (ident, word) = (&variant.ident, word_of(variant)?);
        pairs.push(quote!((#word, Self::#ident)));
        arms.push(quote!(Self::#ident => #word));
        words.push(word);
    }
    if words.is_empty() {
        return Err(Error::new_spanned(&item.ident, "expected at least one word"));
    }
    let ident = &item.ident;
    Ok(quote! {
        impl ::bp_contract::setting::SettingValue for #ident {
            const KIND: ::bp_contract::setting::SettingKind =
                ::bp_contract::setting::SettingKind::OneOf(&[#(#words),*]);

            fn read(
                value: &::bp_contract::setting::__private::Value,
            ) -> Result<Self, ::bp_contract::setting::SettingFault> {
                ::bp_contract::setting::__private::read_word(value, &[#(#pairs),*])
            }

            fn write(&self) -> Option<::bp_contract::setting::__private::Value> {
                Some(::bp_contract::setting::__private::Value::from(match self { #(#arms),* }))
            }
        }
    })
}
