//! The fields of a struct or of a variant.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, Field, FieldsNamed, Ident, LitStr, Type};

use crate::attributes::{SettingAttributes, documentation};
use crate::wiring_name;

/// The declarations that a type makes itself, in order; the others are those of flattened groups.
#[derive(Default)]
pub(crate) struct OwnSettings(pub(crate) Vec<TokenStream>);

impl OwnSettings {
    /// Adds a declaration; returns the expression for it.
    pub(crate) fn add(&mut self, declaration: TokenStream) -> TokenStream {
        let index = self.0.len();
        self.0.push(declaration);
        quote!(OWN[#index])
    }
}

/// A variant: its tag and its word.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) tag: &'a LitStr,
    pub(crate) word: &'a LitStr,
}

/// What a field adds to the implementations.
pub(crate) struct ExpandedField {
    pub(crate) ident: Ident,
    /// Its name in the wiring; `None` if it is flattened.
    pub(crate) name: Option<LitStr>,
    ty: Type,
    /// The settings that it adds to the table, as a slice.
    pub(crate) group: TokenStream,
    /// How it is read, as a field of a struct expression.
    pub(crate) read: TokenStream,
}

pub(crate) fn expand_fields(
    fields: &FieldsNamed,
    place: Option<Place<'_>>,
    own: &mut OwnSettings,
) -> syn::Result<Vec<ExpandedField>> {
    let named = fields.named.iter().filter_map(|field| Some((field, field.ident.as_ref()?)));
    named.map(|(field, ident)| expand_field(field, ident, place, own)).collect()
}

fn expand_field(
    field: &Field,
    ident: &Ident,
    place: Option<Place<'_>>,
    own: &mut OwnSettings,
) -> syn::Result<ExpandedField> {
    let attributes = SettingAttributes::read(&field.attrs)?;
    let (ty, calls) = (&field.ty, &attributes.calls);
    if attributes.flatten {
        let others = attributes.name.is_some()
            || attributes.default.is_some()
            || attributes.required
            || !calls.is_empty();
        if others {
            let message = "a flattened group has no attribute but `flatten`";
            return Err(Error::new_spanned(ident, message));
        }
        return Ok(ExpandedField {
            ident: ident.clone(),
            name: None,
            ty: ty.clone(),
            group: group_of(ty, place),
            read: quote!(#ident: <#ty as ::bp_contract::setting::Settings>::read(value)?),
        });
    }
    let name = attributes.name.unwrap_or_else(|| wiring_name(ident));
    let doc = documentation(&field.attrs);
    if doc.is_empty() {
        let message = "a setting says in its documentation what it does";
        return Err(Error::new_spanned(ident, message));
    }
    let value = quote!(<#ty as ::bp_contract::setting::SettingValue>);
    let default = match (&attributes.default, attributes.required) {
        (Some(_), true) => {
            let message = "a setting with a default need not be written";
            return Err(Error::new_spanned(ident, message));
        }
        (Some(literal), false) => quote!(.default(#literal)),
        (None, true) => quote!(.required()),
        (None, false) => quote!(.required_if(#value::MUST_BE_WRITTEN)),
    };
    let when = place.map(|Place { tag, word }| quote!(.when(#tag, #word)));
    let declaration = own.add(quote! {
        ::bp_contract::setting::Setting::new(#name, #value::KIND, #doc)
            #default #(#calls)* .bounded_by_type(#value::GREATEST)
            .secret_if(#value::SECRET).optional_if(#value::OPTIONAL) #when .checked()
    });
    Ok(ExpandedField {
        ident: ident.clone(),
        name: Some(name),
        ty: ty.clone(),
        group: quote!(&[#declaration]),
        read: quote! {
            #ident: ::bp_contract::setting::__private::read_field::<#ty>(entries, &#declaration)?
        },
    })
}

/// The settings of another type, as those of this table or of a variant of it.
pub(crate) fn group_of(ty: &Type, place: Option<Place<'_>>) -> TokenStream {
    let settings = quote!(<#ty as ::bp_contract::setting::Settings>::SETTINGS);
    match place {
        None => settings,
        Some(Place { tag, word }) => quote! {
            &::bp_contract::setting::__private::of_variant::<{ #settings.len() }>(
                #settings, #tag, #word,
            )
        },
    }
}

/// A table of the fields; each is behind the reference that `access` gives.
pub(crate) fn write_fields(
    fields: &[ExpandedField],
    access: impl Fn(&Ident) -> TokenStream,
) -> TokenStream {
    let mut tables = Vec::new();
    let mut own = Vec::new();
    for ExpandedField { ident, name, ty, .. } in fields {
        let field = access(ident);
        match name {
            Some(name) => own.push(quote! {
                (#name, <#ty as ::bp_contract::setting::SettingValue>::write(#field))
            }),
            None => tables.push(quote!(<#ty as ::bp_contract::setting::Settings>::write(#field))),
        }
    }
    let own = quote!(::bp_contract::setting::__private::write_fields([#(#own),*]));
    if tables.is_empty() {
        return own;
    }
    quote!(::bp_contract::setting::__private::join_tables([#own, #(#tables),*]))
}

/// Runs the rules of what the fields hold; each is behind the reference that `access` gives.
pub(crate) fn check_fields(
    fields: &[ExpandedField],
    access: impl Fn(&Ident) -> TokenStream,
) -> TokenStream {
    let checks = fields.iter().map(|ExpandedField { ident, name, ty, .. }| {
        let field = access(ident);
        let flattened =
            || quote!(<#ty as ::bp_contract::setting::Settings>::check_rules(#field, faults););
        let nested = |name| {
            quote! {
                faults.within(#name, |faults| {
                    <#ty as ::bp_contract::setting::SettingValue>::check_rules(#field, faults);
                });
            }
        };
        name.as_ref().map_or_else(flattened, nested)
    });
    quote!(#(#checks)*)
}

/// Whether what the fields hold has rules, as a constant for each.
pub(crate) fn list_ruled(fields: &[ExpandedField]) -> Vec<TokenStream> {
    let ruled = fields.iter().map(|ExpandedField { name, ty, .. }| {
        let flattened = || quote!(<#ty as ::bp_contract::setting::Settings>::HAS_RULES);
        let nested = |_| quote!(<#ty as ::bp_contract::setting::SettingValue>::HAS_RULES);
        name.as_ref().map_or_else(flattened, nested)
    });
    ruled.collect()
}

/// The name to which a match on a variant binds a field.
pub(crate) fn binding(ident: &Ident) -> Ident {
    format_ident!("field_{}", ident.to_string().trim_start_matches("r#"))
}
