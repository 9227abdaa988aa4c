//! What workflow code and generated code import: the macros, the encoding, the runtime and the backends in one crate.
//!
//! Workflow code uses the items at the root; generated code uses [`rt`].

pub use bp_backend::{
    BackendError, Cache, CacheExt, Change, Document, DocumentStore, DocumentStoreExt, Filter,
    Index, Json, Page, Query, ScoreBound, ScoreOrder, ScoreRange, ScoredMember, Sort, SortedSets,
    Update,
};
/// The trait of what crosses a process, and its derive.
pub use bp_data::Data;
/// The crates whose types may cross a process, in the version that generated code links.
pub use bp_data::{bytes, chrono, rust_decimal, uuid};
pub use bp_macros::{Data, ServiceError, bp_test, interface, service};
/// The trait of a service's errors, and its derive.
pub use bp_runtime::ServiceError;
pub use bp_runtime::{
    Context, Criticality, Infra, InfraKind, InitError, Knob, Processed, Secret, Status, shielded,
    spawn,
};

/// A [`Knob`] by the name that configuration uses: `static RELATED: Knob = knob!("related_posts");`.
#[macro_export]
macro_rules! knob {
    ($name:literal) => {
        $crate::Knob::new($name)
    };
}

/// What generated code imports: the whole runtime.
pub mod rt {
    pub use bp_macros::{interface, service};
    pub use std::sync::Arc;

    pub use bp_runtime::*;
}

/// What macros name; no part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use bp_runtime::__private::*;
}
