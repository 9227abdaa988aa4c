//! From an application's folder to its written output: the stages of the compiler, tied to a `System`.
//!
//! Data flow: [`Application::find`] → [`compile()`] → [`make_artifacts`] → [`write::OutputFolder`].
//! [`memo`] and [`Stamps`] remember a build, so that the next one does only what changed; [`fix`] compiles in memory to try what diagnostics suggest.
//! [`builtin`] is the list of plugins; a compiler with further ones passes another [`bp_plugin::Registry`].
//!
//! Non-goals: nothing here shows a plan, which is `bp-views`'s, and nothing prints, exits or starts processes, which is `bp`'s.

pub mod application;
pub mod artifacts;
mod cache;
pub mod compile;
mod digest;
pub mod fix;
pub mod memo;
mod names;
mod patch;
mod paths;
pub mod registry;
pub mod runtime;
mod stamps;
pub mod write;

pub use application::Application;
pub use artifacts::{BuildInput, make_artifacts, read_image_lock};
pub use compile::{Clock, CompileOptions, Compiled, Timing, compile};
pub use digest::Digest;
pub use registry::builtin;
pub use stamps::Stamps;
