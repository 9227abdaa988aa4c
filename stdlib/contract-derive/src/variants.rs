//! An enum whose variants have settings of their own: a table with a tag.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DataEnum, DeriveInput, Error, Fields, Ident, LitStr, Variant};

use crate::attributes::{TableAttributes, first_paragraph, word_of};
use crate::fields::{
    ExpandedField, OwnSettings, Place, binding, check_fields, expand_fields, group_of, list_ruled,
    write_fields,
};
use crate::implement::{Parts, handles, implement};

pub(crate) fn expand(
    item: &DeriveInput,
    data: &DataEnum,
    attributes: &TableAttributes,
    tag: &LitStr,
) -> syn::Result<TokenStream> {
    if let Some(shorthand) = &attributes.shorthand {
        return Err(Error::new_spanned(shorthand, "the shorthand of variants is their tag"));
    }
    let words = data.variants.iter().map(word_of).collect::<syn::Result<Vec<LitStr>>>()?;
    if words.is_empty() {
        return Err(Error::new_spanned(&item.ident, "expected at least one variant"));
    }
    if let Some(default) = &attributes.default
        && !words.iter().any(|word| word.value() == default.value())
    {
        let known: Vec<String> = words.iter().map(LitStr::value).collect();
        let message = format!("expected one of the variants {}", known.join(", "));
        return Err(Error::new_spanned(default, message));
    }
    let mut own = OwnSettings::default();
    let declaration = own.add(declare_tag(item, attributes, tag, &words)?);
    let mut groups = vec![quote!(&[#declaration])];
    let constant = tag.value().to_uppercase().replace('-', "_");
    let mut names = vec![(Ident::new(&constant, tag.span()), tag.clone())];
    let (mut reads, mut writes, mut checks) = (Vec::new(), Vec::new(), Vec::new());
    let mut ruled = Vec::new();
    for (variant, word) in data.variants.iter().zip(&words) {
        let expanded = expand_variant(variant, Place { tag, word }, &mut own)?;
        groups.extend(expanded.groups);
        names.extend(expanded.handles);
        reads.push(expanded.read);
        ruled.extend(expanded.ruled);
        let (pattern, write, check) = (expanded.pattern, expanded.write, expanded.check);
        writes.push(quote! {
            #pattern => {
                let tag = ::bp_contract::setting::__private::write_fields([
                    (#tag, Some(::bp_contract::setting::__private::Value::from(#word))),
                ]);
                ::bp_contract::setting::__private::join_tables([tag, #write])
            }
        });
        checks.push(quote!(#pattern => { #check }));
    }
    let last = reads.pop();
    let positions = 0..reads.len();
    Ok(implement(&Parts {
        own,
        groups,
        shorthand: Some(tag.clone()),
        read: quote! {
            match ::bp_contract::setting::__private::read_tag(
                entries, &#declaration, &[#(#words),*],
            )? {
                #(#positions => #reads,)*
                _ => #last,
            }
        },
        write: quote!(match self { #(#writes),* }),
        check: quote!(match self { #(#checks),* }),
        validate: attributes.validate,
        ruled,
        handles: names,
        item,
    }))
}

/// The declaration of the setting that chooses the variant. The compiler needs its value, and it changes only with a rebuild.
fn declare_tag(
    item: &DeriveInput,
    attributes: &TableAttributes,
    tag: &LitStr,
    words: &[LitStr],
) -> syn::Result<TokenStream> {
    let doc = first_paragraph(&item.attrs);
    if doc.is_empty() {
        let message = "an enum says in its documentation what its tag chooses";
        return Err(Error::new_spanned(&item.ident, message));
    }
    let default = attributes.default.as_ref().map_or_else(
        || quote!(.required()),
        |word| quote!(.default(::bp_contract::setting::Literal::Text(#word))),
    );
    Ok(quote! {
        ::bp_contract::setting::Setting::new(
            #tag,
            ::bp_contract::setting::SettingKind::OneOf(&[#(#words),*]),
            #doc,
        )
        #default .fixed().checked()
    })
}

/// What a variant adds to the implementations.
struct ExpandedVariant {
    groups: Vec<TokenStream>,
    handles: Vec<(Ident, LitStr)>,
    /// The expression that reads it.
    read: TokenStream,
    /// What a match on the enum binds.
    pattern: TokenStream,
    write: TokenStream,
    check: TokenStream,
    /// Whether what it holds has rules, as a constant for each part.
    ruled: Vec<TokenStream>,
}

fn expand_variant(
    variant: &Variant,
    place: Place<'_>,
    own: &mut OwnSettings,
) -> syn::Result<ExpandedVariant> {
    let ident = &variant.ident;
    match &variant.fields {
        Fields::Unit => Ok(ExpandedVariant {
            groups: Vec::new(),
            handles: Vec::new(),
            read: quote!(Self::#ident),
            pattern: quote!(Self::#ident),
            write: quote!(::bp_contract::setting::__private::write_fields([])),
            check: TokenStream::new(),
            ruled: Vec::new(),
        }),
        Fields::Named(fields) => {
            let expanded = expand_fields(fields, Some(place), own)?;
            let read = expanded.iter().map(|field| &field.read);
            let bound = expanded.iter().map(|ExpandedField { ident, .. }| {
                let binding = binding(ident);
                quote!(#ident: #binding)
            });
            let access = |ident: &Ident| {
                let binding = binding(ident);
                quote!(#binding)
            };
            Ok(ExpandedVariant {
                groups: expanded.iter().map(|field| field.group.clone()).collect(),
                handles: handles(&expanded).collect(),
                read: quote!(Self::#ident { #(#read),* }),
                pattern: quote!(Self::#ident { #(#bound),* }),
                write: write_fields(&expanded, access),
                check: check_fields(&expanded, access),
                ruled: list_ruled(&expanded),
            })
        }
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            let ty = fields.unnamed.iter().map(|field| &field.ty).next();
            let Some(ty) = ty else {
                return Err(Error::new_spanned(fields, "expected the settings of the variant"));
            };
            let settings = quote!(<#ty as ::bp_contract::setting::Settings>);
            Ok(ExpandedVariant {
                groups: vec![group_of(ty, Some(place))],
                handles: Vec::new(),
                read: quote!(Self::#ident(#settings::read(value)?)),
                pattern: quote!(Self::#ident(content)),
                write: quote!(#settings::write(content)),
                check: quote!(#settings::check_rules(content, faults);),
                ruled: vec![quote!(#settings::HAS_RULES)],
            })
        }
        Fields::Unnamed(fields) => {
            Err(Error::new_spanned(fields, "a variant has one type, named fields or nothing"))
        }
    }
}
