//! The graph between the front ends and the plan.
//!
//! [`Ir`] holds nodes and edges behind readable keys; kinds are closed, [`Facet`]s are open.
//!
//! Non-goals: this crate knows neither workflow nor wiring, and no plugin.
//!
//! # What a node means
//!
//! A node is something that exists while the system runs, or a place where something runs.
//! A service is one *instance* that the wiring declares: neither a trait nor a process.
//! Two instances of one implementation are two nodes; three replicas of a process are one process node with `replicas: 3`, and each service inside it is one node, because replicas differ in nothing that a pass may decide by.
//! A backend is what a service holds, a client included: a cache on a server is one node, which is in the process of every service that calls it.
//! The outside world is a node too, `client`, so that a call from outside is an edge like any other.
//!
//! Wrappers and transports are nodes because passes add, remove and order them, and because each has an origin that `bp explain` shows.
//! A wrapper belongs to a call or to a listener (its `owner`); a transport has two ends, one that belongs to a call and one that belongs to a service, with an address between them.
//!
//! # What an edge means
//!
//! A `calls` edge is the intention: the caller's code calls the callee, as if nothing were between them.
//! It stays when passes put something between, so a pass that asks who calls whom never follows a chain.
//! What is between is a second path, of `wraps` and `serves`, from the outermost wrapper to the callee:
//!
//! ```text
//! a ─calls▶ b
//! a->b.timeout ─wraps▶ a->b.retry ─wraps▶ a->b.grpc ─wraps▶ address:B_GRPC ─serves▶ b.grpc ─wraps▶ b.grpc.trace ─serves▶ b
//! ```
//!
//! Nothing points from `a` to `a->b.timeout`: the key says whose it is.
//! A call that stays in its process has no transport, so its innermost wrapper wraps the callee itself, and a call without wrappers has no second path at all.
//! `hosts` leads from a place to what runs in it, and nests (process, container, job); `spreads-over` leads from replicas to the fault domains that they are spread over.
//!
//! # Keys
//!
//! A key is the name of a thing for its whole life, in messages, dumps and the plan: `b`, `a->b.retry`, `process:web`.
//! Everything that outlives a statement holds keys, never petgraph's indices, which are reused as soon as they are free.
//! Iteration is in the order of keys, so the same graph gives the same plan, however it was built.
//!
//! # Facets
//!
//! A kind holds what the verifier and every target must understand.
//! What one pass finds out and a later one needs (settings that were read, what a constructor's parameter is bound to) is a [`Facet`]: data of any type on a node or an edge, found by its type.
//! A plugin needs no new kind for it. A new kind is a change of the core, of the verifier and of every target, on purpose.
//!
//! # How the graph grows
//!
//! | stage | what is true after it |
//! |---|---|
//! | bind | instances exist, and `calls` edges are complete and final |
//! | group | every service is in one process, a backend in each of its callers' |
//! | wrap | every call has its chain at the caller, sorted by [`Slot`]; wrappers that only make sense between processes are on calls that leave theirs |
//! | transport | a call has a transport pair if, and only if, it crosses a process, and each listener has its chain |
//! | address | every address has its port |
//! | check | nothing changes; what only the whole graph shows is reported |
//!
//! [`verify`] has the rules that hold from each stage on; a broken one is a fault of the compiler or of a plugin, never of the user.
//! After the last stage the graph is only read: the plan is made of it, and targets see the plan alone.
//!
//! ```
//! use bp_ir::{EdgeKind, Ir, MethodFact, NodeKey, NodeKind, Origin, VerifyStage, verify};
//!
//! let service = |name: &str| NodeKind::Service {
//!     implementation: format!("shop::{name}Impl"),
//!     interface: format!("shop::{name}"),
//!     methods: vec![MethodFact { name: "list".into(), remote: true, idempotent: true }],
//! };
//! let origin = || Origin::new(None, "example");
//! let [front, cart] = ["front", "cart"].map(NodeKey::instance);
//! let mut ir = Ir::new();
//! ir.add_node(&front, service("Front"), origin())?;
//! ir.add_node(&cart, service("Cart"), origin())?;
//! let calls = EdgeKind::Calls { interface: "shop::Cart".into(), methods: vec!["list".into()] };
//! ir.add_edge(&front, &cart, calls, origin())?;
//! assert!(verify(&ir, VerifyStage::Bound).is_empty());
//!
//! // From the next stage on, a service that is in no process breaks a rule.
//! assert_eq!(verify(&ir, VerifyStage::Grouped).len(), 2);
//! for (process, service) in [("web", &front), ("stock", &cart)] {
//!     let place = NodeKey::process(process);
//!     ir.add_node(&place, NodeKind::Process { replicas: 1, once: false }, origin())?;
//!     ir.add_edge(&place, service, EdgeKind::Hosts, origin())?;
//! }
//! assert!(verify(&ir, VerifyStage::Grouped).is_empty());
//!
//! // The call crosses a process now, so it needs a transport.
//! assert!(verify(&ir, VerifyStage::Transported)[0].contains("front->cart"));
//! # Ok::<(), bp_ir::IrError>(())
//! ```

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
