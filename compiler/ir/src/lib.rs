//! The graph between the front ends and the plan.
//!
//! [`Ir`] holds nodes and edges behind readable keys; kinds are closed, [`Facet`]s are open.
//!
//! Non-goals: this crate knows neither workflow nor wiring, and no plugin.

mod components;
mod dump;
mod facet;
mod graph;
mod index;
mod key;
mod kind;
mod slot;
#[cfg(test)]
mod testing;
mod verify;

pub use components::Component;
pub use facet::{Facet, Facets};
pub use graph::{Edge, Ir, IrError, Node, Origin};
pub use key::{EdgeKey, NodeKey};
pub use kind::{EdgeKind, MethodFact, NodeKind};
pub use slot::{ClientSlot, ServerSlot, Side, Slot};
pub use verify::{VerifyStage, verify};
