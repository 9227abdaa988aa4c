//! Backends in this process's memory: for tests, for one process, gone at its end.

mod cache;
mod documents;
mod ranked;
mod shelf;
mod sorted_set;
mod sorted_sets;
#[cfg(test)]
pub(crate) mod tests;

pub use cache::{CacheLimits, MemoryCache};
pub use documents::MemoryDocuments;
