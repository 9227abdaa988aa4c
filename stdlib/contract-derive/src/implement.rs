//! The implementations, from their parts.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Ident, LitStr};

use crate::attributes::first_paragraph;
use crate::fields::{ExpandedField, OwnSettings};

/// The parts of the implementations that differ between structs and enums.
pub(crate) struct Parts<'a> {
    pub(crate) own: OwnSettings,
    /// The settings of the table, as slices in order.
    pub(crate) groups: Vec<TokenStream>,
    pub(crate) shorthand: Option<LitStr>,
    /// How `entries`, the table `value`, are read.
    pub(crate) read: TokenStream,
    pub(crate) write: TokenStream,
    /// Runs the rules of the fields.
    pub(crate) check: TokenStream,
    pub(crate) validate: bool,
    /// Whether the fields have rules, as a constant for each.
    pub(crate) ruled: Vec<TokenStream>,
    /// Fields that rules can name: Rust's name, and the wiring's.
    pub(crate) handles: Vec<(Ident, LitStr)>,
    pub(crate) item: &'a DeriveInput,
}

/// The handles of fields; a flattened group is the table itself.
pub(crate) fn handles(fields: &[ExpandedField]) -> impl Iterator<Item = (Ident, LitStr)> + '_ {
    fields.iter().map(|field| {
        let ident = &field.ident;
        let name = field.name.clone().unwrap_or_else(|| LitStr::new("", ident.span()));
        let constant = ident.to_string().trim_start_matches("r#").to_uppercase();
        (Ident::new(&constant, ident.span()), name)
    })
}

pub(crate) fn implement(parts: &Parts<'_>) -> TokenStream {
    let ident = &parts.item.ident;
    let (settings, value) = (implement_settings(parts), implement_value(ident));
    let (deserialize, handles) = (implement_deserialize(ident), implement_handles(parts));
    let (own, count) = (&parts.own.0, parts.own.0.len());
    quote! {
        const _: () = {
            const OWN: [::bp_contract::setting::Setting; #count] = [#(#own),*];
            #settings
            #value
            #deserialize
            #handles
        };
    }
}

fn implement_settings(parts: &Parts<'_>) -> TokenStream {
    let Parts { groups, read, write, check, validate: own_rules, ruled, item, .. } = parts;
    let (ident, doc) = (&item.ident, first_paragraph(&item.attrs));
    let private = quote!(::bp_contract::setting::__private);
    let shorthand = parts.shorthand.as_ref().map_or_else(
        || quote!(None),
        // A field named `settings` has a constant of the same name.
        |name| {
            quote! {
                #private::shorthand_of(<Self as ::bp_contract::setting::Settings>::SETTINGS, #name)
            }
        },
    );
    let validate = parts
        .validate
        .then(|| quote!(<Self as ::bp_contract::setting::Validate>::validate(self, faults);));
    quote! {
        impl ::bp_contract::setting::Settings for #ident {
            const DOC: &'static str = #doc;
            const SETTINGS: &'static [::bp_contract::setting::Setting] = {
                const GROUPS: &[&[::bp_contract::setting::Setting]] = &[#(#groups),*];
                const ALL: [::bp_contract::setting::Setting; #private::count_settings(GROUPS)] =
                    #private::join_settings(GROUPS);
                &ALL
            };
            const SHORTHAND: Option<&'static str> = #shorthand;
            const HAS_RULES: bool = #own_rules #(|| #ruled)*;

            fn read(
                value: &#private::Value,
            ) -> Result<Self, ::bp_contract::setting::SettingFault> {
                let entries = #private::read_entries(value)?;
                // A table of flattened groups has no entry of its own.
                let _ = entries;
                Ok(#read)
            }

            fn write(&self) -> #private::Value {
                #write
            }

            fn check_rules(&self, faults: &mut ::bp_contract::setting::Faults) {
                // A table without fields has no rules.
                let _ = &faults;
                #check
                #validate
            }
        }
    }
}

/// As the value of a setting in another table.
fn implement_value(ident: &Ident) -> TokenStream {
    let settings = quote!(<Self as ::bp_contract::setting::Settings>);
    let value = quote!(::bp_contract::setting::__private::Value);
    quote! {
        impl ::bp_contract::setting::SettingValue for #ident {
            const KIND: ::bp_contract::setting::SettingKind =
                ::bp_contract::setting::SettingKind::Table {
                    settings: #settings::SETTINGS,
                    shorthand: #settings::SHORTHAND,
                };
            // The settings in it say themselves whether they must be written.
            const MUST_BE_WRITTEN: bool = false;
            const HAS_RULES: bool = #settings::HAS_RULES;

            fn read(value: &#value) -> Result<Self, ::bp_contract::setting::SettingFault> {
                #settings::read(value)
            }

            fn write(&self) -> Option<#value> {
                Some(#settings::write(self))
            }

            fn check_rules(&self, faults: &mut ::bp_contract::setting::Faults) {
                #settings::check_rules(self, faults);
            }
        }
    }
}

/// For code that reads settings by serde: rules included.
fn implement_deserialize(ident: &Ident) -> TokenStream {
    let serde = quote!(::bp_contract::setting::__private::serde);
    let value = quote!(::bp_contract::setting::__private::Value);
    quote! {
        impl<'de> #serde::Deserialize<'de> for #ident {
            fn deserialize<D: #serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                let value = <#value as #serde::Deserialize>::deserialize(deserializer)?;
                <Self as ::bp_contract::setting::Settings>::read_checked(&value)
                    .map_err(<D::Error as #serde::de::Error>::custom)
            }
        }
    }
}

/// The constants by which rules name fields.
fn implement_handles(parts: &Parts<'_>) -> TokenStream {
    let (ident, vis) = (&parts.item.ident, &parts.item.vis);
    let mut seen = BTreeSet::new();
    let handles = parts.handles.iter().filter(|(constant, _)| seen.insert(constant.to_string()));
    let constants = handles.map(|(constant, name)| {
        let doc = format!("The setting `{}`, as rules name it.", name.value());
        quote! {
            #[doc = #doc]
            #[allow(dead_code, reason = "many settings have no rule")]
            #vis const #constant: ::bp_contract::setting::Field<Self> =
                ::bp_contract::setting::Field::new(#name);
        }
    });
    quote! {
        impl #ident {
            #(#constants)*
        }
    }
}
