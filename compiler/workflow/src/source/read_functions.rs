//! From syn's signatures to [`Function`].

use syn::{Attribute, FnArg, GenericParam, Pat, ReceiverKind, ReturnType, Signature};

use super::attributes::{condition_place, ends_in, read_docs};
use super::outline::{Argument, Function, Generics, Pattern, Receiver};
use super::place::Place;
use super::read_types::read_type;
use super::syntax::{argument_place, place, place_of, plain};

/// Reads a function; `None` for one that exists only in tests.
pub(super) fn read_function(attributes: &[Attribute], signature: &Signature) -> Option<Function> {
    let condition = condition_place(attributes).ok()?;
    let receiver = signature.receiver().map(|receiver| Receiver {
        place: place_of(receiver),
        shared: matches!(receiver.kind, ReceiverKind::Reference(_, _, None)),
    });
    let parameters = &signature.generics.params;
    let lifetime = |p: &GenericParam| matches!(p, GenericParam::Lifetime(_));
    let generics = (!parameters.is_empty()).then(|| Generics {
        place: place_of(&signature.generics),
        only_lifetimes: parameters.iter().all(lifetime),
    });
    let arguments = signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => Some(Argument {
            place: argument_place(input),
            pattern: match &*input.pat {
                Pat::Ident(pattern) => Pattern::Name(plain(&pattern.ident)),
                other => Pattern::Other(place_of(other)),
            },
            ty: read_type(&input.ty),
        }),
        FnArg::Receiver(_) => None,
    });
    Some(Function {
        name: plain(&signature.ident),
        place: place(signature.ident.span()),
        condition,
        docs: read_docs(attributes),
        idempotent: ends_in(attributes, "idempotent"),
        is_async: signature.asyncness.is_some(),
        receiver,
        generics,
        arguments: arguments.collect(),
        output: match &signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(read_type(ty)),
        },
        unpublished: None,
    })
}

/// Reads a function of an `impl`, with whether `bp` may call it.
pub(super) fn read_published(function: &syn::ImplItemFn) -> Option<Function> {
    let unpublished = match &function.vis {
        syn::Visibility::Public(_) => None,
        vis => {
            let start = place_of(&function.sig).start;
            let from = match vis {
                syn::Visibility::Restricted(restricted) => place_of(restricted).start,
                _ => start,
            };
            Some(Place { start: from, end: start })
        }
    };
    let read = read_function(&function.attrs, &function.sig)?;
    Some(Function { docs: Vec::new(), unpublished, ..read })
}
