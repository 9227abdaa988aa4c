//! The plan: the only thing that targets and analyses see.
//!
//! It is closed (nothing is looked up elsewhere), resolved (no default is left open), sorted, and it serialises to a stable, versioned form.
//! Origins are `file:line` texts, so a plan needs no source map.
//!
//! Main types: [`Plan`], [`InterfacePlan`], [`EdgePlan`], [`Settings`], [`Value`].
//!
//! # What its values mean
//!
//! The graph says what *is* (nodes, and what stands between a caller and a callee); the plan says what follows from it for somebody who builds, deploys or runs the system.
//! So it is organised by what readers ask: a chain of wrappers is a list on its edge or behind its listener, a process lists what it holds and where it listens, and an instance says who holds it.
//! The same fact may be found from two sides (a process lists its listeners, a listener names its process), because a reader must never search.
//!
//! **Closed.** Every name in it is a key of one of its maps: the callee of an edge is in `instances`, its listener in `listeners`, the plugin of a wrapper in `plugins`, a type in `types`.
//! A target needs neither workflow nor wiring, neither registry nor disk.
//!
//! **Resolved.** Selectors, `extends`, `= false` and defaults are gone: [`WrapperPlan::settings`] is what a call gets, and `methods` holds complete settings, not differences.
//! What the wiring asks for and the system does not do is not silently absent: it is in [`Plan::dropped`], with the reason.
//! One kind of value stays open on purpose: a [`Reference`], which is read where the system runs. A secret is never in a plan, only its name is.
//!
//! **Sorted.** Maps are ordered by name, and a list is a list because its order means something: wrappers outermost first, instances in the order in which they are built.
//! Equal inputs give equal bytes, so digests of a plan can stand for it.
//!
//! **Values.** A [`Value`] has its unit in its kind: a duration is a [`Value::Duration`], never a number of something, and it serialises to the text that a wiring would have (`500ms`, `4MiB`).
//! An origin beside a value is where a human changes it: `wiring/local.toml:12`, `default` for what nobody wrote, `automatic` for what follows from types.
//!
//! **Names on the wire** are in [`Plan::wire`] and in the numbers of fields and methods; they come from `wire.lock` and do not depend on the wiring, so two deployments of one workflow understand each other.
//!
//! # Who fills it in
//!
//! `bp-lower` builds it once from the finished graph.
//! Then every plugin's `fill` hook may add to the few parts that several targets read and one plugin decides: [`Replicas`], [`ImagePlan`].
//! After that it is read by analyses, by the emitters of Rust and of the run plan, and by targets, and nobody changes it.
//!
//! # Plan and run plan
//!
//! The run plan (`bp_contract::run_plan`) is what a process needs of this plan to start: it is made from it, has its own version, and leaves out origins, types, targets and everything else that a running system must not depend on.
//! It is the `plan.json` that generated code includes; the whole plan is written nowhere, and `bp ir --plan` prints it.

mod plan;
mod shared;
mod types;
mod value;

pub use bp_contract::run_plan::{TablePlace, TableReader};
pub use plan::{
    AddressPlan, AppPlan, BackendPlan, BoundInstance, CratePlan, CrateSource, DeadlinePlan,
    Dropped, EdgeClass, EdgePlan, Egress, EntryPlan, ImagePlan, InitPlan, InstanceKind,
    InstancePlan, InterfaceCratePlan, ListenerPlan, Meaning, ParameterPlan, PatchPlan, Plan,
    PluginPlan, ProcessPlan, Protocol, Replicas, ResourcesPlan, RuntimeCrate, RuntimeSource,
    ServedPlan, ServerPlan, ServicePlan, Settings, TablePlan, TransportPlan, VERSION, WrapperPlan,
};
pub use shared::Shared;
pub use types::{
    ArgumentPlan, ConstructorParameter, FieldPlan, ImplementationPlan, InterfacePlan, KnownType,
    MethodPlan, ParameterKind, Shape, TaskPlan, TypeBody, TypeDefPlan, TypePlan, VariantPlan,
};
pub use value::{Reference, Value};
