//! The types of a document store's methods: documents, filters, queries, updates, indexes.

use bp_macros::Data;

use crate::Json;

/// A document: an id and a JSON object.
#[derive(Debug, Clone, PartialEq, Data)]
#[data(crate = ::bp_runtime)]
pub struct Document {
    /// Unique in its collection.
    pub id: String,
    /// A [`Json::Object`].
    pub body: Json,
}

impl Document {
    /// A document of these parts.
    pub fn new(id: impl Into<String>, body: impl Into<Json>) -> Self {
        Self { id: id.into(), body: body.into() }
    }

    /// A document whose body is a value's encoding; a `T` that is not a JSON object makes a document that every store refuses.
    pub fn of<T: bp_data::Data>(id: impl Into<String>, body: &T) -> Self {
        Self::new(id, Json::from(bp_data::json::to_json_with_numbers(body)))
    }
}

/// Which documents; each leaf names a path.
///
/// Logic has two values: what does not match is matched by [`Filter::Not`], missing fields included.
#[derive(Debug, Clone, PartialEq, Default, Data)]
#[data(crate = ::bp_runtime)]
pub enum Filter {
    /// Every document.
    #[default]
    All,
    /// The value equals; a missing field equals `null`.
    Eq(String, Json),
    /// Not [`Filter::Eq`], so a missing field matches unless the value is `null`.
    Ne(String, Json),
    /// Less than a number, string or bool; only values of the same type match.
    Lt(String, Json),
    /// Less than or equal to; as [`Filter::Lt`].
    Lte(String, Json),
    /// Greater than; as [`Filter::Lt`].
    Gt(String, Json),
    /// Greater than or equal to; as [`Filter::Lt`].
    Gte(String, Json),
    /// Equals one of these; an empty list matches nothing.
    In(String, Vec<Json>),
    /// Whether the field is there, `null` included.
    Exists(String, bool),
    /// The value is an array with an element equal to this scalar.
    Contains(String, Json),
    /// All of these match; none listed matches everything.
    And(Vec<Filter>),
    /// One of these matches; none listed matches nothing.
    Or(Vec<Filter>),
    /// This does not match.
    Not(Box<Filter>),
}

macro_rules! leaves {
    ($($(#[$doc:meta])* $name:ident => $variant:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(path: impl Into<String>, value: impl Into<Json>) -> Self {
            Self::$variant(path.into(), value.into())
        }
    )*};
}

impl Filter {
    leaves! {
        /// [`Filter::Eq`].
        eq => Eq;
        /// [`Filter::Ne`].
        ne => Ne;
        /// [`Filter::Lt`].
        lt => Lt;
        /// [`Filter::Lte`].
        lte => Lte;
        /// [`Filter::Gt`].
        gt => Gt;
        /// [`Filter::Gte`].
        gte => Gte;
        /// [`Filter::Contains`].
        contains => Contains;
    }

    /// [`Filter::In`].
    pub fn within<V: Into<Json>>(
        path: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        Self::In(path.into(), values.into_iter().map(Into::into).collect())
    }

    /// [`Filter::Exists`].
    pub fn exists(path: impl Into<String>, there: bool) -> Self {
        Self::Exists(path.into(), there)
    }

    /// Both match.
    pub fn and(self, other: Self) -> Self {
        match self {
            Self::All => other,
            Self::And(mut filters) => {
                filters.push(other);
                Self::And(filters)
            }
            first => Self::And(vec![first, other]),
        }
    }

    /// One of both matches.
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Or(mut filters) => {
                filters.push(other);
                Self::Or(filters)
            }
            first => Self::Or(vec![first, other]),
        }
    }

    /// This does not match.
    #[expect(clippy::should_implement_trait, reason = "`!filter` reads worse than `filter.not()`")]
    pub fn not(self) -> Self {
        Self::Not(Box::new(self))
    }
}

/// One criterion of order.
#[derive(Debug, Clone, PartialEq, Eq, Data)]
#[data(crate = ::bp_runtime)]
pub struct Sort {
    /// The field to order by; `_id` is the document's id.
    pub path: String,
    /// Largest first.
    pub descending: bool,
}

/// What to find. Built as `Query::new().filter(…).descending("stars").limit(20)`.
#[derive(Debug, Clone, PartialEq, Default, Data)]
#[data(crate = ::bp_runtime)]
pub struct Query {
    /// Which documents.
    pub filter: Filter,
    /// The paths to answer, each where it is in the document; empty for whole documents.
    pub fields: Vec<String>,
    /// The order, most significant first; the id ascending decides last.
    pub sort: Vec<Sort>,
    /// The largest number of documents in the page: 1 to [`Query::MAX_LIMIT`], 0 for [`Query::DEFAULT_LIMIT`].
    pub limit: u32,
    /// The token of the page before this one ([`Page::next`]), of a query with the same sort.
    pub after: Option<String>,
}

impl Query {
    /// The page size when none is given.
    pub const DEFAULT_LIMIT: u32 = 100;
    /// The largest page.
    pub const MAX_LIMIT: u32 = 1000;

    /// All documents by id.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only those that match this too.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = std::mem::take(&mut self.filter).and(filter);
        self
    }

    /// Answer only these paths.
    pub fn fields<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.fields.extend(paths.into_iter().map(Into::into));
        self
    }

    /// Then by this path, smallest first.
    pub fn ascending(mut self, path: impl Into<String>) -> Self {
        self.sort.push(Sort { path: path.into(), descending: false });
        self
    }

    /// Then by this path, largest first.
    pub fn descending(mut self, path: impl Into<String>) -> Self {
        self.sort.push(Sort { path: path.into(), descending: true });
        self
    }

    /// At most so many documents.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = limit;
        self
    }

    /// Behind the page that gave this token.
    pub fn after(mut self, token: Option<String>) -> Self {
        self.after = token;
        self
    }
}

/// A page of documents.
#[derive(Debug, Clone, PartialEq, Default, Data)]
#[data(crate = ::bp_runtime)]
pub struct Page {
    /// In the query's order.
    pub documents: Vec<Document>,
    /// The token for the page after this one; `None` when there was no more.
    pub next: Option<String>,
}

/// One change of a document. Missing objects on the way to a path are made, for all but [`Change::Unset`] and [`Change::Pull`].
#[derive(Debug, Clone, PartialEq, Data)]
#[data(crate = ::bp_runtime)]
pub enum Change {
    /// The field becomes this value.
    Set(String, Json),
    /// The field is removed; it may be missing.
    Unset(String),
    /// The number grows by this number; missing counts as 0.
    ///
    /// Integers stay integers; a sum beyond `i64` or not finite is [`Invalid`](crate::BackendError::Invalid).
    Inc(String, Json),
    /// The array gets this element at its end; a missing array counts as empty.
    Push(String, Json),
    /// The array loses every element equal to this; a missing array stays missing.
    Pull(String, Json),
}

/// An atomic change. Built as `Update::new().inc("stock", -1).only_if(Filter::gte("stock", 1))`.
///
/// A field of another type than a change needs is [`WrongType`](crate::BackendError::WrongType).
#[derive(Debug, Clone, PartialEq, Default, Data)]
#[data(crate = ::bp_runtime)]
pub struct Update {
    /// Applied in this order.
    pub changes: Vec<Change>,
    /// What the document must match before the changes.
    pub only_if: Filter,
}

impl Update {
    /// No change yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// [`Change::Set`].
    pub fn set(self, path: impl Into<String>, value: impl Into<Json>) -> Self {
        self.change(Change::Set(path.into(), value.into()))
    }

    /// [`Change::Unset`].
    pub fn unset(self, path: impl Into<String>) -> Self {
        self.change(Change::Unset(path.into()))
    }

    /// [`Change::Inc`].
    pub fn inc(self, path: impl Into<String>, by: impl Into<Json>) -> Self {
        self.change(Change::Inc(path.into(), by.into()))
    }

    /// [`Change::Push`].
    pub fn push(self, path: impl Into<String>, value: impl Into<Json>) -> Self {
        self.change(Change::Push(path.into(), value.into()))
    }

    /// [`Change::Pull`].
    pub fn pull(self, path: impl Into<String>, value: impl Into<Json>) -> Self {
        self.change(Change::Pull(path.into(), value.into()))
    }

    /// Only a document that matches this too is changed.
    pub fn only_if(mut self, filter: Filter) -> Self {
        self.only_if = std::mem::take(&mut self.only_if).and(filter);
        self
    }

    fn change(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }
}

/// An index over a collection.
#[derive(Debug, Clone, PartialEq, Eq, Data)]
#[data(crate = ::bp_runtime)]
pub struct Index {
    /// Unique in its collection; spelled as a collection.
    pub name: String,
    /// The paths it covers, 1 to 8; a filter that fixes the first of them by equality uses it.
    pub paths: Vec<String>,
}

impl Index {
    /// An index of these parts.
    pub fn new<P: Into<String>>(
        name: impl Into<String>,
        paths: impl IntoIterator<Item = P>,
    ) -> Self {
        Self { name: name.into(), paths: paths.into_iter().map(Into::into).collect() }
    }
}
