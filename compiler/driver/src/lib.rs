//! Ties the stages together: finds an application, compiles it, writes its output.
//!
//! Data flow: [`Application::find`] → [`compile()`] → [`make_artifacts`] → [`write::OutputFolder`].
//! [`builtin`] is the list of plugins; a compiler with further ones passes another [`Registry`].
//!
//! Non-goals: this crate neither prints nor exits nor starts processes; that is the `bp` crate's.

pub mod application;
pub mod build;
mod cache;
pub mod compile;
pub mod diff;
mod digest;
pub mod explain;
pub mod fix;
pub mod graph;
pub mod memo;
mod names;
mod patch;
pub mod registry;
pub mod runtime;
mod stamps;
pub mod write;

pub use application::Application;
pub use bp_lower::pass_names;
pub use bp_plan::Plan;
pub use bp_plugin::deploy;
pub use bp_plugin::{Kind, Mode, Plugin, Registry, TAKEN_MODES};
pub use build::{BuildInput, make_artifacts, read_image_lock};
pub use compile::{Clock, CompileOptions, Compiled, Timing, compile, render_plan};
pub use digest::Digest;
pub use graph::{GraphFormat, render_graph};
pub use registry::builtin;
pub use stamps::Stamps;
