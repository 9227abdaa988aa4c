//! What a derive needs to know of a type.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Data, DeriveInput, Error, Fields, Ident, Member, Result, Type};

use crate::options::Errors;

/// A struct's or a variant's fields.
pub(crate) struct Shape {
    pub(crate) style: Style,
    pub(crate) fields: Vec<Field>,
}

/// How the fields are encoded as a whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Named,
    /// Several unnamed fields.
    Tuple,
    /// One unnamed field.
    Newtype,
    Unit,
}

pub(crate) struct Field {
    pub(crate) member: Member,
    pub(crate) ty: Type,
    /// As in the wire table: the plain name, or the position.
    pub(crate) name: String,
    /// What a pattern binds it to.
    pub(crate) binding: Ident,
    /// What its number is bound to.
    pub(crate) number: Ident,
}

pub(crate) struct Variant {
    pub(crate) ident: Ident,
    pub(crate) name: String,
    pub(crate) shape: Shape,
    /// What its number is bound to.
    pub(crate) number: Ident,
}

pub(crate) enum Kind {
    Struct(Shape),
    /// Variants that are encoded, and the pattern of the one that is not.
    Enum {
        variants: Vec<Variant>,
        skipped: Option<Ident>,
    },
}

impl Shape {
    pub(crate) fn new(fields: &Fields) -> Self {
        let style = match fields {
            Fields::Named(fields) if fields.named.is_empty() => Style::Unit,
            Fields::Unnamed(fields) if fields.unnamed.is_empty() => Style::Unit,
            Fields::Unit => Style::Unit,
            Fields::Named(_) => Style::Named,
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Style::Newtype,
            Fields::Unnamed(_) => Style::Tuple,
        };
        let fields =
            fields.members().zip(fields).enumerate().map(|(index, (member, field))| Field {
                name: match &member {
                    Member::Named(ident) => ident.unraw().to_string(),
                    Member::Unnamed(index) => index.index.to_string(),
                },
                member,
                ty: field.ty.clone(),
                binding: hygienic("field", index),
                number: hygienic("number", index),
            });
        Self { style, fields: fields.collect() }
    }

    /// The numbers of all fields, as a pattern and as an array.
    pub(crate) fn numbers(&self) -> TokenStream {
        let numbers = self.fields.iter().map(|field| &field.number);
        quote!([#(#numbers),*])
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.name.as_str())
    }

    /// `{ a: __bp_field0, 0: __bp_field1 }`: works for named, unnamed and no fields alike.
    pub(crate) fn pattern(&self) -> TokenStream {
        let fields =
            self.fields.iter().map(|Field { member, binding, .. }| quote!(#member: #binding));
        quote!({ #(#fields),* })
    }
}

/// An identifier that cannot be one of the user's: hygiene does not stop a pattern from matching a constant of the same name.
fn hygienic(word: &str, index: usize) -> Ident {
    format_ident!("__bp_{word}{index}", span = Span::mixed_site())
}

impl Kind {
    /// The type's shape; `skip` finds the variant that is not encoded.
    pub(crate) fn new(item: &DeriveInput, skip: impl Fn(&syn::Variant) -> bool) -> Result<Self> {
        let mut errors = Errors::default();
        if !item.generics.params.is_empty() {
            errors.push(Error::new_spanned(
                &item.generics,
                format!(
                    "`{}` has parameters, but a type that crosses a process has one encoding: write a type for each use",
                    item.ident
                ),
            ));
        }
        let kind = match &item.data {
            Data::Struct(item) => Some(Self::Struct(Shape::new(&item.fields))),
            Data::Enum(data) => {
                if data.variants.is_empty() {
                    errors.push(Error::new_spanned(
                        &item.ident,
                        "an enum without variants has no value that could cross a process",
                    ));
                }
                let skipped = data.variants.iter().find(|variant| skip(variant));
                let variants = data.variants.iter().filter(|variant| !skip(variant)).enumerate();
                let variants = variants.map(|(index, variant)| Variant {
                    ident: variant.ident.clone(),
                    name: variant.ident.unraw().to_string(),
                    shape: Shape::new(&variant.fields),
                    number: hygienic("variant", index),
                });
                Some(Self::Enum {
                    variants: variants.collect(),
                    skipped: skipped.map(|variant| variant.ident.clone()),
                })
            }
            Data::Union(item) => {
                errors.push(Error::new_spanned(
                    item.union_token,
                    "a union does not know what it holds; use an enum",
                ));
                None
            }
        };
        errors.finish()?;
        kind.ok_or_else(|| Error::new_spanned(&item.ident, "not a struct or an enum"))
    }
}
