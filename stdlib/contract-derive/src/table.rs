//! A struct: a table of settings.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, Field, FieldsNamed, Ident, LitStr};

use crate::attributes::{SettingAttributes, TableAttributes, documentation};
use crate::wiring_name;

pub(crate) fn expand(item: &DeriveInput, fields: &FieldsNamed) -> syn::Result<TokenStream> {
    let mut expanded = Vec::new();
    for field in &fields.named {
        if let Some(ident) = &field.ident {
            expanded.push(expand_field(field, ident)?);
        }
    }
    let shorthand = match TableAttributes::read(&item.attrs)?.shorthand {
        Some(name) if !expanded.iter().any(|field| field.name.value() == name.value()) => {
            return Err(Error::new_spanned(name, "expected the name of a setting"));
        }
        Some(name) => quote!(Some(#name)),
        None => quote!(None),
    };
    let settings = implement_settings(item, &expanded, &shorthand);
    let (value, deserialize) = (implement_value(&item.ident), implement_deserialize(&item.ident));
    Ok(quote!(#settings #value #deserialize))
}

/// What a field adds to the implementations.
struct ExpandedField {
    name: LitStr,
    /// Its declaration.
    setting: TokenStream,
    /// How it is read, as a field of a struct expression.
    read: TokenStream,
    /// How it is written.
    write: TokenStream,
}

fn expand_field(field: &Field, ident: &Ident) -> syn::Result<ExpandedField> {
    let attributes = SettingAttributes::read(&field.attrs)?;
    let name = attributes.name.unwrap_or_else(|| wiring_name(ident));
    let (ty, calls) = (&field.ty, &attributes.calls);
    let doc = documentation(&field.attrs);
    if doc.is_empty() {
        let message = "a setting says in its documentation what it does";
        return Err(Error::new_spanned(ident, message));
    }
    let value = quote!(<#ty as ::bp_contract::setting::SettingValue>);
    let (default, default_value) = match &attributes.default {
        Some(literal) => (quote!(.default(#literal)), quote!(Some(#literal))),
        None => (quote!(.required_if(#value::MUST_BE_WRITTEN)), quote!(None)),
    };
    Ok(ExpandedField {
        setting: quote! {
            ::bp_contract::setting::Setting::new(#name, #value::KIND, #doc)
                #default #(#calls)* .checked()
        },
        read: quote! {
            #ident: ::bp_contract::setting::__private::read_field::<#ty>(
                entries, #name, #default_value,
            )?
        },
        write: quote!((#name, #value::write(&self.#ident))),
        name,
    })
}

fn implement_settings(
    item: &DeriveInput,
    fields: &[ExpandedField],
    shorthand: &TokenStream,
) -> TokenStream {
    let declared = fields.iter().map(|field| &field.setting);
    let read = fields.iter().map(|field| &field.read);
    let written = fields.iter().map(|field| &field.write);
    // Without fields the value is only checked to be a table.
    let entries = if fields.is_empty() { quote!(_) } else { quote!(entries) };
    let (ident, doc) = (&item.ident, documentation(&item.attrs));
    quote! {
        impl ::bp_contract::setting::Settings for #ident {
            const DOC: &'static str = #doc;
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
    }
}

/// As the value of a setting in another table.
fn implement_value(ident: &Ident) -> TokenStream {
    let settings = quote!(<Self as ::bp_contract::setting::Settings>);
    quote! {
        impl ::bp_contract::setting::SettingValue for #ident {
            const KIND: ::bp_contract::setting::SettingKind =
                ::bp_contract::setting::SettingKind::Table {
                    settings: #settings::SETTINGS,
                    shorthand: #settings::SHORTHAND,
                };
            // The settings in it say themselves whether they must be written.
            const MUST_BE_WRITTEN: bool = false;

            fn read(
                value: &::bp_contract::setting::__private::Value,
            ) -> Result<Self, ::bp_contract::setting::SettingFault> {
                #settings::read(value)
            }

            fn write(&self) -> Option<::bp_contract::setting::__private::Value> {
                Some(#settings::write(self))
            }
        }
    }
}

/// For code that reads settings by serde.
fn implement_deserialize(ident: &Ident) -> TokenStream {
    let serde = quote!(::bp_contract::setting::__private::serde);
    let value = quote!(::bp_contract::setting::__private::Value);
    quote! {
        impl<'de> #serde::Deserialize<'de> for #ident {
            fn deserialize<D: #serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                let value = <#value as #serde::Deserialize>::deserialize(deserializer)?;
                <Self as ::bp_contract::setting::Settings>::read(&value)
                    .map_err(<D::Error as #serde::de::Error>::custom)
            }
        }
    }
}
