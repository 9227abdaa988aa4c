//! The plan: the only thing that targets and analyses see.
//!
//! It is closed (nothing is looked up elsewhere), resolved (no default is left open), sorted, and it serialises to a stable, versioned form.
//! Origins are `file:line` texts, so a plan needs no source map.
//!
//! Main types: [`Plan`], [`InterfacePlan`], [`EdgePlan`], [`Settings`], [`Value`].

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
