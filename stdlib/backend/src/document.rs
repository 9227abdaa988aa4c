//! The `DocumentStore` interface.

use bp_macros::interface;

use crate::{BackendError, Document, Filter, Index, Page, Query, Update};

/// A store of JSON documents in named collections, each document under a string id.
///
/// **Durability.** A write that was answered is kept; what "kept" survives is the implementation's (see its settings).
/// A write whose call was dropped or failed with an infrastructure error has happened wholly or not at all.
///
/// **Names.** A collection is `[A-Za-z][A-Za-z0-9_-]*`, at most 48 bytes, and exists by being written to; reading another finds nothing.
/// `Orders` and `orders` are two; so it is with indexes.
/// An id is 1 to 512 bytes of UTF-8 without NUL.
///
/// **Documents** are JSON objects of at most 4 MiB of compact text and 24 levels, without NUL in any string or field name.
/// Numbers are integers in `i64` or finite floating-point; `-0.0` is stored as `0.0`.
/// A top-level field `_id` is refused: the path `_id` means the document's id in filters and sorts.
///
/// **Paths** are field names joined by dots (`address.city`) and lead through objects only: beyond an array or a scalar all is missing.
/// A field whose name has a dot or is empty can be stored, not addressed.
///
/// **Equality** is deep; numbers are equal by value (`1` = `1.0`), field order does not count, and a missing field equals `null` (only [`Filter::Exists`] tells them apart).
///
/// **Order.** missing = null < numbers < strings (by code point) < objects < arrays < false < true.
/// Objects are equal to each other in order, arrays too; ids, which are unique, decide last.
///
/// **Limits.** What breaks a rule above is [`BackendError::Invalid`] and changes nothing.
#[interface(crate = ::bp_runtime)]
pub trait DocumentStore {
    /// Adds a new document; [`BackendError::AlreadyExists`] when the id is taken.
    async fn insert(&self, collection: String, document: Document) -> Result<(), BackendError>;

    /// Stores a document, in place of any with its id.
    #[idempotent]
    async fn put(&self, collection: String, document: Document) -> Result<(), BackendError>;

    /// The document with this id.
    #[idempotent]
    async fn get(&self, collection: String, id: String) -> Result<Option<Document>, BackendError>;

    /// One answer for each id, in the order of `ids`; not a snapshot across them.
    #[idempotent]
    async fn get_many(
        &self,
        collection: String,
        ids: Vec<String>,
    ) -> Result<Vec<Option<Document>>, BackendError>;

    /// Removes a document and says whether it was there.
    ///
    /// Not idempotent: a repetition has another answer.
    async fn delete(&self, collection: String, id: String) -> Result<bool, BackendError>;

    /// A page of the documents that match, in order.
    ///
    /// A page starts behind its token's *position* in the order, not after a count.
    /// So a document that is there throughout and whose sort fields stay is met exactly once, whatever is written between pages.
    #[idempotent]
    async fn find(&self, collection: String, query: Query) -> Result<Page, BackendError>;

    /// How many documents match.
    #[idempotent]
    async fn count(&self, collection: String, filter: Filter) -> Result<u64, BackendError>;

    /// Changes one document atomically and answers it as it then is; `None` when it is missing or fails the update's expectation.
    ///
    /// The changes apply in their order, all or none.
    async fn update(
        &self,
        collection: String,
        id: String,
        update: Update,
    ) -> Result<Option<Document>, BackendError>;

    /// Asks for an index; it changes how fast answers come, never what they are.
    ///
    /// The same index again is not an error; another one under the same name is [`BackendError::AlreadyExists`].
    #[idempotent]
    async fn create_index(&self, collection: String, index: Index) -> Result<(), BackendError>;
}
