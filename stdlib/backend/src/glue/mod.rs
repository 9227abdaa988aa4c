//! Client and server halves of the backend interfaces, in the shape that the compiler generates for services.
//!
//! They let call wrappers work between a service and its backend.

mod cache;
mod document_store;
#[cfg(test)]
mod tests;

use bp_runtime::InterfaceGlue;

pub use cache::{CACHE, CacheClient, CacheServer};
pub use document_store::{DOCUMENT_STORE, DocumentStoreClient, DocumentStoreServer};

/// What an application needs of each backend interface.
pub fn interfaces() -> Vec<InterfaceGlue> {
    vec![cache::interface(), document_store::interface()]
}
