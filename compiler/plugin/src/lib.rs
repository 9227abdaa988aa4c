//! What plugins may use: the builders that declare them, what their hooks see, and re-exports of the values in it.
//!
//! A plugin is a `static` [`Plugin`]: its [`Declaration`], which is data, and its [`Hooks`], functions for what data cannot say, put together by the builder of its kind ([`wrapper`], [`transport`], [`backend()`], [`interface`], [`target`], [`table`]).
//! Hooks see declarations, of their own plugin and of others, and never hooks.
//! Its settings are declared by one type that both of its halves read; the compiler checks types, units, bounds, words and rules, fills in defaults, and publishes them.

mod calls;
mod carried;
mod context;
mod declaration;
mod declarations;
mod declare;
pub mod deploy;
pub mod facets;
mod feature;
mod fill;
mod grammar;
mod guard;
mod hooks;
mod interfaces;
mod kind;
mod meaning;
mod name_source;
mod own_settings;
mod owned_table;
mod pass;
mod place;
mod plan_check;
mod plugin;
mod read;
mod registry;
mod registry_faults;
mod rules;
mod server;
mod setting_faults;
mod setting_plan;
mod shorthand;
mod table_faults;
mod variant;
mod yaml;

pub use bp_contract::Package;
pub use bp_contract::metric::Metric;
pub use bp_contract::run_plan::{TablePlace, TableReader};
pub use bp_contract::setting::{Literal, RuleFault, Setting, SettingKind, When};
pub use bp_diag::{self as diag, Diagnostic, Diagnostics, PluginCode, SourceMap, Span};
pub use bp_emit::{self as emit, Artifacts};
pub use bp_ir::{self as ir, ClientSlot, Ir, ServerSlot, Side, Slot};
pub use bp_plan::{self as plan, EdgeClass, Egress, Meaning, Plan, Protocol, Settings, Value};
pub use bp_wiring as wiring;
pub use bp_workflow as workflow;
pub use calls::{Calls, CheckedCall, WrittenCall};
pub use context::{ArtifactContext, CheckContext, Description, WrittenEntry};
pub use declaration::Declaration;
pub use declarations::Declarations;
pub use declare::{
    BackendBuilder, InterfaceBuilder, TableBuilder, TargetBuilder, TransportBuilder,
    WrapperBuilder, backend, interface, table, target, transport, wrapper,
};
pub use feature::Feature;
pub use fill::{EntrySpan, EntrySpans, FillContext};
pub use guard::guard;
pub use hooks::{CheckSettings, Hooks, MakePasses};
pub use interfaces::Interface;
pub use kind::{EdgeClasses, Kind, Level, Reach, Runtime};
pub use name_source::NameSource;
pub use own_settings::{
    IN_PROCESS, PORT, PROCESS_SETTINGS, RESOURCES, SERVER_RESOURCES, TARGET_SETTINGS,
    keeps_in_process, read_resources,
};
pub use owned_table::{ListedNames, Mode, OwnedTable};
pub use pass::{Pass, PassContext, Stage};
pub use place::{Neighbours, PlaceInterface, PlaceMethod, PlaceWrapper};
pub use plan_check::{OutputName, PlanContext};
pub use plugin::Plugin;
pub use read::{ReadContext, ReadSettings, integer_value, read_settings, to_value};
pub use registry::Registry;
pub use rules::RuleCheck;
pub use server::{ServerSpec, ServerValue};
pub use shorthand::is_switch;
pub use table_faults::TAKEN_MODES;
pub use variant::{variant_forms, variant_tag};
pub use yaml::{GENERATED, to_yaml};
