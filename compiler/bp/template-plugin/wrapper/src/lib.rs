//! The runtime half of `@NAME@`: what the wiring says of it, and, with the feature `runtime`, what a running system does.

#[cfg(feature = "runtime")]
mod pause;
mod settings;

use bp_contract::{Package, package};

#[cfg(feature = "runtime")]
pub use pause::plugin;
pub use settings::PauseSettings;

/// This package as text: every build writes it beside the generated code.
pub const PACKAGE: Package = package!();
