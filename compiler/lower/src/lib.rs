//! From the two models to a plan: lowering into the graph, the compiler's own passes, and the plan that they end in.
//!
//! [`lower`] runs every pass of the compiler and of the plugins in the order of their stages, and returns the graph, the plan and the diagnostics.
//! A stage that finds faults does not stop the next one, so that one run reports what it can; a plan exists only without errors.
//!
//! The passes: `bind`, `group`, `wrap`, `transport`, `address`, `check`.

mod address;
mod analyse;
mod backend_use;
mod bind;
mod call_check;
mod check;
mod crates;
mod direct;
mod encoded;
mod features;
mod group;
mod implementation;
mod init;
mod input;
mod interface_match;
mod literal;
mod locate;
mod names;
mod parameter;
mod parameter_value;
mod pipeline;
mod places;
mod plan;
mod replicas;
mod resolved_key;
mod resolved_table;
mod scope;
mod tables;
mod transport;
mod types;
mod value_fault;
mod value_reader;
mod wrap;
mod written;

pub use input::Input;
pub use pipeline::{Lowered, NoObserver, PassObserver, Step, lower, ordered_passes, pass_names};
