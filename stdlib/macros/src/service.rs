//! `#[service]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::Parser as _;
use syn::{
    Attribute, Error, FnArg, ImplItem, Item, ItemImpl, ItemTrait, ReceiverKind, Result, Signature,
    TraitItem, parse_quote,
};

use crate::boxed;
use crate::options::{CratePath, Errors};

const WHERE: &str = "`#[service]` goes on a trait, or on the `impl` of one";

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let mut crate_path = CratePath::DEFAULT;
    syn::meta::parser(|meta| crate_path.parse(&meta)).parse2(arguments)?;
    let private = crate_path.private();
    match syn::parse2::<Item>(item)? {
        Item::Trait(item) => {
            let item = define(item, "a service", &private, Errors::default())?;
            Ok(quote!(#item))
        }
        Item::Impl(item) => implement(item, &private),
        other => Err(Error::new_spanned(other, WHERE)),
    }
}

/// The trait as callers and implementations see it; `what` says what it is, `errors` has what was found before.
pub(crate) fn define(
    mut item: ItemTrait,
    what: &str,
    private: &TokenStream,
    mut errors: Errors,
) -> Result<ItemTrait> {
    let name = &item.ident;
    if !item.generics.params.is_empty() {
        errors.push(Error::new_spanned(
            &item.generics,
            format!("`{name}` has parameters, but {what} is one trait: write another for each use"),
        ));
    }
    for member in &mut item.items {
        match member {
            TraitItem::Fn(method) => {
                strip(&mut method.attrs);
                check(&method.sig, &mut errors);
                let body = method.default.as_mut();
                boxed::box_future(&mut method.attrs, &mut method.sig, body, private);
            }
            other => {
                errors.push(Error::new_spanned(other, format!("{what} can have only methods")));
            }
        }
    }
    errors.finish()?;
    // `Arc<dyn Trait>` is shared between tasks.
    let marker: [syn::TypeParamBound; 3] = [
        parse_quote!(#private::core::marker::Send),
        parse_quote!(#private::core::marker::Sync),
        parse_quote!('static),
    ];
    item.colon_token.get_or_insert_default();
    item.supertraits.extend(marker);
    Ok(item)
}

fn implement(mut item: ItemImpl, private: &TokenStream) -> Result<TokenStream> {
    if item.trait_.is_none() {
        return Err(Error::new_spanned(&item.self_ty, WHERE));
    }
    for member in &mut item.items {
        if let ImplItem::Fn(method) = member {
            strip(&mut method.attrs);
            let body = Some(&mut method.block);
            boxed::box_future(&mut method.attrs, &mut method.sig, body, private);
        }
    }
    Ok(quote!(#item))
}

fn strip(attributes: &mut Vec<Attribute>) {
    attributes.retain(|attribute| !is_idempotent(attribute));
}

pub(crate) fn is_idempotent(attribute: &Attribute) -> bool {
    attribute.path().is_ident("idempotent")
}

/// Reports what a call cannot do here, in words, before rustc reports it for the code that the macro wrote.
fn check(signature: &Signature, errors: &mut Errors) {
    let name = &signature.ident;
    if signature.asyncness.is_none() {
        errors.push(Error::new_spanned(
            signature.fn_token,
            format!("`{name}` may run in another process: write `async fn`"),
        ));
    }
    if !signature.generics.params.is_empty() {
        errors.push(Error::new_spanned(
            &signature.generics,
            format!("`{name}` has type or lifetime parameters, which a call cannot carry"),
        ));
    }
    let by_reference = |argument: &FnArg| matches!(argument, FnArg::Receiver(receiver) if matches!(receiver.kind, ReceiverKind::Reference(_, _, None)));
    if !signature.inputs.first().is_some_and(by_reference) {
        let place = signature.inputs.first().map_or_else(|| quote!(#name), |first| quote!(#first));
        errors.push(Error::new_spanned(
            place,
            format!(
                "`{name}` is called by several callers at once: its first parameter must be `&self`"
            ),
        ));
    }
}
