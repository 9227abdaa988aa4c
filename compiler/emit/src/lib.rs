//! From the plan to files in memory.
//!
//! [`Artifacts`] is what every target returns: paths that stay inside the output folder, bytes, and an origin.
//! [`emit_rust`] writes an application's Cargo workspace, which holds names and wiring only; [`run_plan`] the JSON that the running system reads.
//!
//! Non-goals: this crate does no I/O; `bp-build` writes.

mod artifact;
pub mod carried;
mod generated;
mod lock;
mod pretty;
mod run_plan;
mod rust;
#[cfg(test)]
mod testing;

pub use artifact::{Artifact, ArtifactPath, Artifacts, Origin};
pub use bp_contract::{RUNTIME, RUNTIME_FACADE, is_runtime_library};
pub use generated::GENERATED;
pub use lock::{Lock, LockedPackage};
pub use run_plan::run_plan;
pub use rust::{RustInput, app_package, emit_rust};
