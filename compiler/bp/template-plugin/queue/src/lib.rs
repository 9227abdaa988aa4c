//! Queues, as an interface of backends.
//!
//! A workflow names this package and takes an `Arc<dyn Queue>`; the wiring chooses the store.

#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "runtime")]
mod queue;

use bp_contract::{Package, package};

#[cfg(feature = "runtime")]
pub use queue::{Queue, QueueError};

/// This package as text: the compiler reads the interface from it, and `bp-@NAME@ new` writes it into applications.
pub const PACKAGE: Package = package!();
