//! A struct: a table of settings.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, FieldsNamed};

use crate::attributes::TableAttributes;
use crate::fields::{OwnSettings, check_fields, expand_fields, list_ruled, write_fields};
use crate::implement::{Parts, handles, implement};

pub(crate) fn expand(item: &DeriveInput, fields: &FieldsNamed) -> syn::Result<TokenStream> {
    let attributes = TableAttributes::read(&item.attrs)?;
    if let Some(text) = attributes.tag.as_ref().or(attributes.default.as_ref()) {
        return Err(Error::new_spanned(text, "only an enum has variants"));
    }
    let mut own = OwnSettings::default();
    let expanded = expand_fields(fields, None, &mut own)?;
    // What flattened groups hold is known only when constants are evaluated.
    let all_known = expanded.iter().all(|field| field.name.is_some());
    if let Some(shorthand) = &attributes.shorthand
        && all_known
        && !expanded.iter().flat_map(|f| &f.name).any(|name| name.value() == shorthand.value())
    {
        return Err(Error::new_spanned(shorthand, "expected the name of a setting"));
    }
    let read = expanded.iter().map(|field| &field.read);
    Ok(implement(&Parts {
        own,
        groups: expanded.iter().map(|field| field.group.clone()).collect(),
        shorthand: attributes.shorthand,
        read: quote!(Self { #(#read),* }),
        write: write_fields(&expanded, |ident| quote!(&self.#ident)),
        check: check_fields(&expanded, |ident| quote!(&self.#ident)),
        validate: attributes.validate,
        ruled: list_ruled(&expanded),
        handles: handles(&expanded).collect(),
        item,
    }))
}
