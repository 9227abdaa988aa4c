//! The wiring front end: TOML text to a [`WiringModel`], and selectors to resolved settings.
//!
//! Data flows one way: guard → parse → layers → merge → model → resolve.
//! Every leaf keeps the span that set it; what merging replaced or dropped is kept as [`Change`]s, so that `bp explain` can tell.
//!
//! The front end knows no plugin: a [`Grammar`] says which keys exist, what their shorthand is, and which leaf chooses a variant.
//!
//! Non-goals: this crate does not read workflow source, never touches the graph, and does not check the settings inside a plugin's key (it offers the typed readers of [`Item`] for that).

mod app;
mod build;
mod builder;
mod claims;
mod conflict;
mod core_tables;
mod dump;
mod entries;
mod expand;
mod explain;
mod grammar;
mod guard;
mod inits;
mod instances;
mod layers;
mod merge;
mod model;
mod named_rules;
mod names;
mod parse;
mod patch;
mod read;
mod renamed;
mod resolve;
mod resolve_all;
mod rules;
mod syntax;
mod target;
mod typed;
mod value;

pub use app::APP_KEYS;
pub use claims::{LostClaim, ResolvedProcess, resolve_processes};
pub use core_tables::{TABLES, is_core_table};
pub use entries::{ResolvedEntries, ResolvedEntry, resolve_entries};
pub use explain::{ExplainedLeaf, Explanation, explain_leaves};
pub use grammar::{EntryTable, Grammar, KeyGrammar, Section, Variant};
pub use inits::INIT_KEYS;
pub use model::{
    AppModel, Change, ChangeKind, EdgeRule, EntryRule, InitModel, InstanceModel, Patch,
    ProcessRule, RemovedInstance, RuntimeSource, ServerRule, TargetModel, WiringFile, WiringModel,
};
pub use names::{is_name, reserved_names};
pub use patch::PATCH_KEYS;
pub use read::read;
pub use resolve::{
    Acceptance, EdgeKind, EdgeShape, Origin, ResolvedEdge, ResolvedSettings, resolve_edge,
};
pub use resolve_all::{resolve_edges, resolve_servers};
pub use typed::{Bounds, Typed};
pub use value::{Item, Reference, Table, Value};
