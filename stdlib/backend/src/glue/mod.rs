//! Client and server halves of the backend interfaces, in the shape that the compiler generates for services.
//!
//! They let call wrappers work between a service and its backend.
//! A backend plugin gets them from the trait: `<dyn Cache as BackendInterface>::glue()`.

mod cache;
mod document_store;
mod sorted_sets;
#[cfg(test)]
mod tests;

pub use cache::{CACHE, CacheClient, CacheServer};
pub use document_store::{DOCUMENT_STORE, DocumentStoreClient, DocumentStoreServer};
pub use sorted_sets::{SORTED_SETS, SortedSetsClient, SortedSetsServer};
