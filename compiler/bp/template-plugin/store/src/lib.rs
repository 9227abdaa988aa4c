//! The runtime half of `@NAME@-memory`: what the wiring says of it, and, with the feature `runtime`, what a running system does.

mod settings;
#[cfg(feature = "runtime")]
mod store;

use bp_contract::{Package, package};

pub use settings::MemorySettings;
#[cfg(feature = "runtime")]
pub use store::plugin;

/// This package as text: every build writes it beside the generated code.
pub const PACKAGE: Package = package!();
