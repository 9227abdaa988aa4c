//! The interface `Sample`: counts by name, for several services.
//!
//! A workflow takes an `Arc<dyn Sample>`, and the wiring says which backend keeps the counts.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod interface;
#[cfg(test)]
mod tests;

pub use interface::{Sample, SampleError};
