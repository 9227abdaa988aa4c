//! `#[bp_test]`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Error, FnArg, GenericArgument, ItemFn, Pat, PathArguments, Result, Type};

use crate::options::Errors;

const PARAMETER: &str = "a test's parameters are instances: `name: Arc<dyn Trait>`";

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let mut test: ItemFn = syn::parse2(item)?;
    let mut errors = Errors::default();
    if !arguments.is_empty() {
        errors.push(Error::new_spanned(arguments, "`#[bp_test]` takes no options"));
    }
    if test.sig.asyncness.is_none() {
        errors
            .push(Error::new_spanned(test.sig.fn_token, "a test calls services: write `async fn`"));
    }
    if !test.sig.generics.params.is_empty() {
        errors.push(Error::new_spanned(
            &test.sig.generics,
            "a test cannot have type or lifetime parameters",
        ));
    }
    let instances = test.sig.inputs.iter().filter_map(|input| errors.keep(expand_instance(input)));
    let instances: Vec<TokenStream> = instances.collect();
    errors.finish()?;

    // Attributes such as `#[ignore]` and `#[should_panic]` are the test's, not the inner function's.
    let attributes = std::mem::take(&mut test.attrs);
    let (visibility, ident, output) = (test.vis.clone(), &test.sig.ident, &test.sig.output);
    test.vis = syn::Visibility::Inherited;
    let name = ident.unraw().to_string();
    let targets =
        if instances.is_empty() { quote!(_) } else { instances_ident().into_token_stream() };
    Ok(quote! {
        #[::core::prelude::v1::test]
        #(#attributes)*
        #visibility fn #ident() #output {
            #test
            ::bp_std::__private::test::run(crate::bp_app(), #name, async |#targets| {
                #ident(#(#instances),*).await
            })
        }
    })
}

/// What the test's instances are taken from.
fn instances_ident() -> Ident {
    Ident::new("__bp_targets", Span::mixed_site())
}

/// `targets.service::<dyn Trait>("name")` for one parameter.
fn expand_instance(input: &FnArg) -> Result<TokenStream> {
    let FnArg::Typed(input) = input else {
        return Err(Error::new_spanned(input, PARAMETER));
    };
    let Pat::Ident(name) = &*input.pat else {
        return Err(Error::new_spanned(&input.pat, PARAMETER));
    };
    let target = find_shared(&input.ty).ok_or_else(|| Error::new_spanned(&input.ty, PARAMETER))?;
    let name = name.ident.unraw().to_string();
    let targets = instances_ident();
    Ok(quote_spanned!(input.ty.span()=> #targets.service::<#target>(#name)))
}

/// `dyn Trait` of `Arc<dyn Trait>`.
fn find_shared(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Arc")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match (arguments.args.first(), arguments.args.len()) {
        (Some(GenericArgument::Type(target @ Type::TraitObject(_))), 1) => Some(target),
        _ => None,
    }
}
