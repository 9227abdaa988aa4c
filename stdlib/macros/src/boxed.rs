//! Async methods as methods that return a boxed future, so that their trait has trait objects.
//!
//! The signatures are those that the crate `async_trait` writes, lifetimes in the same order, so that an `impl` may be written with either.
//! The crate itself cannot be used: it writes `Box`, which may be another type in a workflow.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned as _;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Block, FnArg, Ident, Lifetime, Pat, PatType, ReceiverKind, ReturnType, Signature,
    Token, Type, TypeReference, parse_quote, parse_quote_spanned,
};

/// Changes an async method, with its body if it has one; other methods are left unchanged.
pub(crate) fn box_future(
    attributes: &mut Vec<Attribute>,
    signature: &mut Signature,
    body: Option<&mut Block>,
    private: &TokenStream,
) {
    let Some(asyncness) = signature.asyncness.take() else { return };
    signature.fn_token.span = asyncness.span;
    let answer: Type = match &signature.output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, ty) => (**ty).clone(),
    };
    if let Some(body) = body {
        let moved: Vec<TokenStream> =
            signature.inputs.iter().enumerate().filter_map(move_argument).collect();
        let future = build_future(private, &answer, &moved, body);
        body.stmts = parse_quote_spanned!(asyncness.span=> #private::std::boxed::Box::pin(#future));
        attributes.push(allow_body_lints());
    } else {
        attributes.push(allow_signature_lints());
    }
    name_lifetimes(signature);
    for (index, argument) in signature.inputs.iter_mut().enumerate() {
        if let FnArg::Typed(argument) = argument {
            replace_pattern(index, argument);
        }
    }
    let arrow = match &signature.output {
        ReturnType::Default => Token![->](Span::call_site()),
        ReturnType::Type(arrow, _) => *arrow,
    };
    signature.output = parse_quote! {
        #arrow #private::core::pin::Pin<#private::std::boxed::Box<
            dyn #private::core::future::Future<Output = #answer>
                + #private::core::marker::Send + 'async_trait
        >>
    };
}

/// `async move { … }`, whose type is known before the body is checked, as for an `async fn`.
fn build_future(
    private: &TokenStream,
    answer: &Type,
    moved: &[TokenStream],
    body: &Block,
) -> TokenStream {
    let made = Ident::new("__bp_answer", Span::mixed_site());
    quote! {
        async move {
            if let #private::core::option::Option::Some(#made) =
                #private::core::option::Option::None::<#answer>
            {
                #[allow(unreachable_code)]
                return #made;
            }
            #(#moved)*
            let #made: #answer = #body;
            #[allow(unreachable_code)]
            #made
        }
    }
}

/// Every argument is moved into the future, used or not, as in an `async fn`.
fn move_argument((index, argument): (usize, &FnArg)) -> Option<TokenStream> {
    let FnArg::Typed(argument) = argument else { return None };
    if matches!(*argument.ty, Type::Reference(_)) {
        return None;
    }
    let conditions = argument.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg"));
    if let Some((mutability, ident)) = as_plain_identifier(&argument.pat) {
        return Some(quote!(#(#conditions)* let #mutability #ident = #ident;));
    }
    let (pattern, ident) = (&argument.pat, positional(index, &argument.pat));
    Some(if matches!(**pattern, Pat::Wild(_)) {
        quote!(#(#conditions)* let #ident = #ident;)
    } else {
        quote!(#(#conditions)* let #pattern = { let #ident = #ident; #ident };)
    })
}

/// `x` or `mut x`.
fn as_plain_identifier(pattern: &Pat) -> Option<(Option<Token![mut]>, &Ident)> {
    match pattern {
        Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
            Some((pattern.mutability, &pattern.ident))
        }
        _ => None,
    }
}

/// The name of an argument before its pattern takes it apart.
fn positional(index: usize, pattern: &Pat) -> Ident {
    format_ident!("__bp_{}", index, span = pattern.span().resolved_at(Span::mixed_site()))
}

/// The argument as a trait may declare it: a name.
fn replace_pattern(index: usize, argument: &mut PatType) {
    if matches!(*argument.ty, Type::Reference(_)) {
        return;
    }
    let ident = match as_plain_identifier(&argument.pat) {
        Some((_, ident)) => ident.clone(),
        None => positional(index, &argument.pat),
    };
    *argument.pat = parse_quote!(#ident);
}

/// Gives every elided lifetime a name, and bounds all of them by the future's lifetime.
fn name_lifetimes(signature: &mut Signature) {
    let mut elided = LifetimeNames(Vec::new());
    for argument in &mut signature.inputs {
        match argument {
            FnArg::Receiver(receiver) => elided.visit_receiver_mut(receiver),
            FnArg::Typed(argument) => elided.visit_type_mut(&mut argument.ty),
        }
    }
    let generics = &mut signature.generics;
    generics.lt_token.get_or_insert(Token![<](signature.ident.span()));
    generics.gt_token.get_or_insert(Token![>](signature.ident.span()));
    for lifetime in elided.0 {
        generics.params.push(parse_quote!(#lifetime));
        let bound = parse_quote_spanned!(lifetime.span()=> #lifetime: 'async_trait);
        generics.make_where_clause().predicates.push(bound);
    }
    generics.params.push(parse_quote!('async_trait));
    if signature.inputs.first().is_some_and(|first| matches!(first, FnArg::Receiver(_))) {
        generics.make_where_clause().predicates.push(parse_quote!(Self: 'async_trait));
    }
}

struct LifetimeNames(Vec<Lifetime>);

impl LifetimeNames {
    fn next(&mut self, span: Span) -> Lifetime {
        let lifetime = Lifetime::new(&format!("'life{}", self.0.len()), span);
        self.0.push(lifetime.clone());
        lifetime
    }
}

impl VisitMut for LifetimeNames {
    fn visit_receiver_kind_mut(&mut self, receiver: &mut ReceiverKind) {
        match receiver {
            ReceiverKind::Reference(reference, lifetime @ None, _) => {
                *lifetime = Some(self.next(reference.span));
            }
            other => visit_mut::visit_receiver_kind_mut(self, other),
        }
    }

    fn visit_type_reference_mut(&mut self, ty: &mut TypeReference) {
        if ty.lifetime.is_none() {
            ty.lifetime = Some(self.next(ty.and_token.span));
        }
        visit_mut::visit_type_reference_mut(self, ty);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident == "_" {
            *lifetime = self.next(lifetime.span());
        }
    }
}

/// Switches off lints about code that the macro wrote: the workflow's author could not understand them.
fn allow_body_lints() -> Attribute {
    parse_quote! {
        #[allow(
            mismatched_lifetime_syntaxes,
            clippy::async_yields_async,
            clippy::diverging_sub_expression,
            clippy::let_unit_value,
            clippy::needless_arbitrary_self_type,
            clippy::no_effect_underscore_binding,
            clippy::shadow_same,
            clippy::type_complexity,
            clippy::type_repetition_in_bounds,
            clippy::used_underscore_binding
        )]
    }
}

fn allow_signature_lints() -> Attribute {
    parse_quote! {
        #[allow(
            mismatched_lifetime_syntaxes,
            clippy::type_complexity,
            clippy::type_repetition_in_bounds
        )]
    }
}
