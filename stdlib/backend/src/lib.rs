//! Backend interfaces that workflow code depends on, their embedded implementations and their conformance suites.
//!
//! A workflow names an interface ([`Cache`], [`DocumentStore`]), the wiring picks what implements it.
//! The semantics written on each trait are those of *every* implementation; a suite in `conformance` checks them.
//!
//! ```text
//! trait            Cache · DocumentStore               what workflow code calls
//! capability       SortedSets (extends Cache)          what a part of the backends offers beside
//! extension        CacheExt · DocumentStoreExt         the same with typed values
//! engine           validation, filters, order, paging, updates, index keys, scores (shared by implementations)
//! memory           MemoryCache · MemoryDocuments       in this process, gone at its end
//! ```

mod cache;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod document;
pub mod engine;
mod error;
mod ext;
mod json;
pub mod memory;
mod query;
mod score;
mod sorted_sets;

pub use cache::{Cache, MAX_KEY_BYTES, MAX_TTL, MAX_VALUE_BYTES};
pub use document::DocumentStore;
pub use error::BackendError;
pub use ext::{CacheExt, DocumentStoreExt, TypedPage};
pub use json::Json;
pub use query::{Change, Document, Filter, Index, Page, Query, Sort, Update};
pub use score::{ScoreBound, ScoreOrder, ScoreRange, ScoredMember};
pub use sorted_sets::{MAX_MEMBER_BYTES, MAX_MEMBERS_PER_CALL, SortedSets};
