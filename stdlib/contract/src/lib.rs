//! What the compiler and the running system must agree on, declared once.
//!
//! The compiler writes a [`RunPlan`] and a [`RunManifest`]; the runtime and `bp run` read them.
//! A wiring and `BP_SET` share their [`units`] and their [`selector`]s.
//! A plugin outside the repository carries each of its crates as a [`Package`].
//! The runtime registers a [`metric`] by the declaration that a plugin's page shows.
//! Everything here is data and pure functions: no async, no I/O.

// Derived code names this crate.
extern crate self as bp_contract;

mod call;
pub mod metric;
mod package;
pub mod run_manifest;
pub mod run_plan;
mod runtime;
mod secret;
pub mod selector;
pub mod setting;
pub mod store;
pub mod transport;
pub mod units;
pub mod variable;
pub mod wire;

pub use bp_contract_derive::package;
pub use call::{EXPECTED_CALL, parse_call};
pub use package::Package;
pub use run_manifest::RunManifest;
pub use run_plan::RunPlan;
pub use runtime::{RUNTIME, RUNTIME_FACADE, is_runtime_library, is_runtime_package};
pub use secret::Secret;

/// The version of the compiler and of the runtime: they are released together, and a run plan names the one that it is for.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A name's form for comparison: `-` and `_` are the same.
pub fn fold_name(name: &str) -> String {
    name.replace('-', "_")
}
