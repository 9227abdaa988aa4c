//! A struct: a table of settings.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, FieldsNamed};

use crate::attributes::{SettingAttributes, TableAttributes, documentation};
use crate::wiring_name;

pub(crate) fn expand(item: &DeriveInput, fields: &FieldsNamed) -> syn::Result<TokenStream> {
    let attributes = TableAttributes::read(&item.attrs)?;
    let (mut declared, mut read, mut written) = (Vec::new(), Vec::new(), Vec::new());
    let mut names = Vec::new();
    for field in &fields.named {
        let Some(ident) = &field.ident else { continue };
        let setting = SettingAttributes::read(&field.attrs)?;
        let name = setting.name.unwrap_or_else(|| wiring_name(ident));
        let (ty, calls) = (&field.ty, &setting.calls);
        let doc = documentation(&field.attrs);
        if doc.is_empty() {
            let message = "a setting says in its documentation what it does";
            return Err(Error::new_spanned(ident, message));
        }
        let (default, value) = match &setting.default {
            Some(literal) => (quote!(.default(#literal)), quote!(Some(#literal))),
            None => (
                quote!(.required_if(<#ty as ::bp_contract::setting::SettingValue>::MUST_BE_WRITTEN)),
                quote!(None),
            ),
        };
        declared.push(quote! {
            ::bp_contract::setting::Setting::new(
                #name,
                <#ty as ::bp_contract::setting::SettingValue>::KIND,
                #doc,
            ) #default #(#calls)* .checked()
        });
        read.push(quote! {
            #ident: ::bp_contract::setting::__private::read_field::<#ty>(entries, #name, #value)?
        });
        written.push(quote! {
            (#name, ::bp_contract::setting::SettingValue::write(&self.#ident))
        });
        names.push(name.value());
    }
    let shorthand = match &attributes.shorthand {
        Some(name) if !names.contains(&name.value()) => {
            return Err(Error::new_spanned(name, "expected the name of a setting"));
        }
        Some(name) => quote!(Some(#name)),
        None => quote!(None),
    };
    let ident = &item.ident;
    // Where no field needs it, the entries are only checked to be a table.
    let entries = if read.is_empty() { quote!(_) } else { quote!(entries) };
    Ok(quote! {
        impl ::bp_contract::setting::Settings for #ident {
            const SETTINGS: &'static [::bp_contract::setting::Setting] = &[#(#declared),*];
            const SHORTHAND: Option<&'static str> = #shorthand;

            fn read(
                value: &::bp_contract::setting::__private::Value,
            ) -> Result<Self, ::bp_contract::setting::SettingFault> {
                let #entries = ::bp_contract::setting::__private::read_entries(value)?;
                Ok(Self { #(#read),* })
            }

            fn write(&self) -> ::bp_contract::setting::__private::Value {
                ::bp_contract::setting::__private::write_fields([#(#written),*])
            }
        }

        impl ::bp_contract::setting::SettingValue for #ident {
            const KIND: ::bp_contract::setting::SettingKind =
                ::bp_contract::setting::SettingKind::Table {
                    settings: <Self as ::bp_contract::setting::Settings>::SETTINGS,
                    shorthand: <Self as ::bp_contract::setting::Settings>::SHORTHAND,
                };
            // The settings in it say themselves whether they must be written.
            const MUST_BE_WRITTEN: bool = false;

            fn read(
                value: &::bp_contract::setting::__private::Value,
            ) -> Result<Self, ::bp_contract::setting::SettingFault> {
                <Self as ::bp_contract::setting::Settings>::read(value)
            }

            fn write(&self) -> Option<::bp_contract::setting::__private::Value> {
                Some(<Self as ::bp_contract::setting::Settings>::write(self))
            }

            fn absent() -> Option<Self> {
                <Self as ::bp_contract::setting::Settings>::read(
                    &::bp_contract::setting::__private::Value::Null,
                )
                .ok()
            }
        }

        impl<'de> ::bp_contract::setting::__private::serde::Deserialize<'de> for #ident {
            fn deserialize<D: ::bp_contract::setting::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                use ::bp_contract::setting::__private::serde::de::Error as _;
                let value =
                    <::bp_contract::setting::__private::Value
                        as ::bp_contract::setting::__private::serde::Deserialize>::deserialize(
                        deserializer,
                    )?;
                <Self as ::bp_contract::setting::Settings>::read(&value).map_err(D::Error::custom)
            }
        }
    })
}
