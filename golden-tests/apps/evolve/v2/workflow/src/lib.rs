//! The newer version of an application: a front that passes items to a shelf.

use std::sync::Arc;

use bp_std::{Data, Infra, ServiceError, service};

/// A thing on the shelf.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct Item {
    /// What it is.
    pub name: String,
    /// Added: remarks.
    pub remarks: Vec<String>,
    /// How many.
    pub count: u32,
}

/// What kind of thing it is.
#[derive(Debug, Clone, PartialEq, Data)]
pub enum Kind {
    /// Added: precious.
    Precious {
        /// In stars.
        stars: u32,
    },
    /// Nothing special.
    Plain,
    /// Has a mark.
    Marked(String),
}

/// Why a call fails.
#[derive(Debug, Clone, PartialEq, ServiceError)]
pub enum ShelfError {
    /// No room.
    #[status(resource_exhausted)]
    Full,
    /// The call did not get through.
    #[infra]
    Infra(Infra),
}

/// Keeps items.
#[service]
pub trait Shelf {
    /// Puts an item on the shelf and returns it as it is kept; `by` is added.
    async fn put(&self, by: String, item: Item) -> Result<Item, ShelfError>;
    /// Says what kind of thing an item is.
    #[idempotent]
    async fn kind(&self, item: Item) -> Result<Kind, ShelfError>;
}

/// Passes calls on.
#[service]
pub trait Front {
    /// Puts an item on the shelf.
    async fn put(&self, item: Item) -> Result<Item, ShelfError>;
    /// Says what kind of thing an item is.
    #[idempotent]
    async fn kind(&self, item: Item) -> Result<Kind, ShelfError>;
}

/// Doubles what it keeps.
pub struct ShelfImpl;

impl ShelfImpl {
    /// An empty shelf.
    pub fn new() -> Self {
        Self
    }
}

#[service]
impl Shelf for ShelfImpl {
    async fn put(&self, by: String, mut item: Item) -> Result<Item, ShelfError> {
        item.remarks.push(format!("put by `{by}`"));
        Ok(Item { count: item.count * 2, ..item })
    }
    async fn kind(&self, item: Item) -> Result<Kind, ShelfError> {
        Ok(if item.count > 9 {
            Kind::Precious { stars: item.count }
        } else if item.count > 1 {
            Kind::Marked(item.name)
        } else {
            Kind::Plain
        })
    }
}

/// Knows the shelf.
pub struct FrontImpl {
    shelf: Arc<dyn Shelf>,
}

impl FrontImpl {
    /// Calls nobody yet.
    pub fn new(shelf: Arc<dyn Shelf>) -> Self {
        Self { shelf }
    }
}

#[service]
impl Front for FrontImpl {
    async fn put(&self, item: Item) -> Result<Item, ShelfError> {
        self.shelf.put("front".to_owned(), item).await
    }
    async fn kind(&self, item: Item) -> Result<Kind, ShelfError> {
        self.shelf.kind(item).await
    }
}
