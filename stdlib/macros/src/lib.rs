//! The macros of workflow code. `bp-std` re-exports them; use them from there.
//!
//! Generated code names everything through `::bp_std::__private`.
//! Crates below `bp-std` name another one: `#[service(crate = ::bp_runtime)]`, `#[data(crate = ::bp_data)]`.
//!
//! A workflow may have a `Box`, a `Result`, a module `core` or a trait with a method `into` of its own: what macros write names everything by its whole path, calls methods of traits by the trait, and its variables begin with `__bp_`.
//!
//! Every macro reports all errors that it finds at once, each at its place.

mod boxed;
mod data;
mod error_code;
mod interface;
mod model;
mod options;
#[cfg(test)]
mod rejections;
mod service;
mod service_error;
mod test;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a trait of async methods usable as `Arc<dyn Trait>`, and an `impl` usable with it.
///
/// The futures are boxed and `Send`, with signatures as `async_trait` writes them, and the trait is `Send + Sync + 'static`.
/// `#[idempotent]` on a method says that it is safe to repeat; the compiler reads it, Rust does not see it.
/// `#[service(crate = path)]` takes the support code from another crate than `::bp_std`.
#[proc_macro_attribute]
pub fn service(arguments: TokenStream, item: TokenStream) -> TokenStream {
    service::expand(arguments.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes a trait an interface, which backends offer and workflows take as `Arc<dyn Trait>`.
///
/// It does what [`macro@service`] does, and writes the halves that let wrappers stand between a workflow and a store:
/// the trait for the runtime's `Client`, the dispatch of calls to a store, and `BackendInterface` for `dyn Trait`.
/// A trait may extend other interfaces, `pub trait SortedSets: Cache { … }`: a store of it serves callers that take what it extends.
///
/// An interface is `pub`, and its crate exports it at the root: its path is `<crate>::<Trait>` wherever its declaration is.
/// Every method is `async`, takes `&self` and values that are `Data`, and returns `Result<T, E>` where `T` is `Data` and `E` a `ServiceError`.
/// `#[idempotent]` on a method says that it is safe to repeat.
/// `#[interface(crate = path)]` takes the support code from another crate than `::bp_std`.
#[proc_macro_attribute]
pub fn interface(arguments: TokenStream, item: TokenStream) -> TokenStream {
    interface::expand(arguments.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Derives `Data`: how a struct or enum crosses a process.
///
/// `#[data(crate = path)]` takes the support code from another crate than `::bp_std`.
#[proc_macro_derive(Data, attributes(data))]
pub fn data(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    data::expand(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Derives `ServiceError`, with `Data`, `Display`, `Error` and `From<Infra>`.
///
/// Every variant says how transports class it: `#[status(not_found)]`, or with a message for people
/// `#[status(not_found, "no item {0} for {user}")]`; without one it is the variant's name in words.
/// Exactly one variant is marked `#[infra]` and holds an `Infra`.
/// `#[service_error(crate = path)]` takes the support code from another crate than `::bp_std`.
#[proc_macro_derive(ServiceError, attributes(status, infra, service_error))]
pub fn service_error(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as DeriveInput);
    service_error::expand(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A black-box test: an async function whose parameters are instances of the wiring, by name.
///
/// `#[bp_test] async fn t(frontend: Arc<dyn Frontend>)` runs in-process under `cargo test`,
/// and against the running system under `bp test`.
#[proc_macro_attribute]
pub fn bp_test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    test::expand(arguments.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
