//! What plugins may use: the plugin trait, and re-exports of the values that plugins see.
//!
//! A plugin is a `static` of type [`Metadata`], or a type that implements [`Plugin`] when it has checks, passes or artifacts of its own.
//! Its settings are declared as data; the compiler checks types, units, bounds and words, fills in defaults, and publishes them.
//!
//! ```
//! use bp_plugin::{ClientSlot, Literal, Metadata, Reach, Setting, SettingKind};
//!
//! /// Gives up after a while.
//! pub static TIMEOUT: Metadata = Metadata::wrapper("timeout", ClientSlot::Deadline, Reach::Call, "Gives up after a while.")
//!     .settings(&[Setting::new("after", SettingKind::Duration, "Longest time for the whole call.")
//!         .bounds(Literal::Text("1ms"), Literal::Text("1h"))
//!         .required()
//!         .tunable()])
//!     .shorthand("after")
//!     .runtime("bp-rt-timeout", "plugins/timeout/runtime");
//! ```

mod backend;
pub mod deploy;
pub mod facets;
mod metadata;
mod name_source;
mod pass;
mod plan_check;
mod plugin;
mod process;
mod read;
mod registry;
mod server;
pub mod store;
mod yaml;

pub use backend::{BACKEND_INTERFACES, BackendInterface, BackendMethod, backend_interface};
pub use bp_contract::setting::{Literal, Setting, SettingKind};
pub use bp_diag::{self as diag, Diagnostic, Diagnostics, SourceMap, Span};
pub use bp_emit::{self as emit, Artifacts};
pub use bp_ir::{self as ir, ClientSlot, Ir, ServerSlot, Side, Slot};
pub use bp_plan::{self as plan, EdgeClass, Plan, Settings, Value};
pub use bp_wiring as wiring;
pub use bp_workflow as workflow;
pub use metadata::{EdgeClasses, Feature, Kind, Level, Metadata, Reach, Runtime};
pub use name_source::NameSource;
pub use pass::{Pass, PassContext, Stage};
pub use plan_check::{OutputName, PlanContext};
pub use plugin::{ArtifactContext, CheckContext, Description, Plugin};
pub use process::{
    IN_PROCESS, PORT, PROCESS_SETTINGS, RESOURCES, TARGET_SETTINGS, read_autoscale, read_resources,
    target_settings,
};
pub use read::{ReadContext, ReadSettings, integer_value, read_settings, to_value};
pub use registry::{Registry, guard};
pub use server::{ServerSpec, ServerValue};
pub use yaml::{GENERATED, to_yaml};
