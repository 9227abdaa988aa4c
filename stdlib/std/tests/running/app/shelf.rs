//! Interfaces of a crate of its own, one that extends two others, which extend a fourth; and a backend that offers it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bp_std::rt::{BackendContext, BackendPlugin, Offers, StartError};
use bp_std::{Context, Infra, ServiceError, interface, service};

#[derive(Debug, PartialEq, ServiceError)]
pub enum ShelfError {
    #[status(invalid_argument, "a shelf bears no {0}")]
    Heavy(String),
    #[infra]
    Infra(Infra),
}

#[interface]
pub trait Shelf {
    /// What is on the shelf, and what the caller's wrappers left in the baggage.
    #[idempotent]
    async fn list(&self) -> Result<(Vec<String>, BTreeMap<String, String>), ShelfError>;
    async fn place(&self, thing: String) -> Result<(), ShelfError>;
}

#[interface]
pub trait Sorted: Shelf {
    #[idempotent]
    async fn first(&self) -> Result<Option<String>, ShelfError>;
}

#[interface]
pub trait Emptied: Shelf {
    #[idempotent]
    async fn take_all(&self) -> Result<u64, ShelfError>;
}

#[interface]
pub trait Cupboard: Sorted + Emptied {
    async fn move_from(&self, others: Vec<String>, limit: u64) -> Result<u64, ShelfError>;
}

#[derive(Default)]
pub struct Oak {
    things: Mutex<Vec<String>>,
}

impl Oak {
    fn with<T>(&self, work: impl FnOnce(&mut Vec<String>) -> T) -> T {
        work(&mut self.things.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[service]
impl Shelf for Oak {
    async fn list(&self) -> Result<(Vec<String>, BTreeMap<String, String>), ShelfError> {
        let context = Context::current();
        let baggage = context.baggage_entries().map(|(k, v)| (k.to_owned(), v.to_owned()));
        let baggage = baggage.collect();
        Ok((self.with(|things| things.clone()), baggage))
    }

    async fn place(&self, thing: String) -> Result<(), ShelfError> {
        if thing == "anvil" {
            return Err(ShelfError::Heavy(thing));
        }
        self.with(|things| things.push(thing));
        Ok(())
    }
}

#[service]
impl Sorted for Oak {
    async fn first(&self) -> Result<Option<String>, ShelfError> {
        Ok(self.with(|things| things.iter().min().cloned()))
    }
}

#[service]
impl Emptied for Oak {
    async fn take_all(&self) -> Result<u64, ShelfError> {
        Ok(self.with(|things| things.drain(..).count() as u64))
    }
}

#[service]
impl Cupboard for Oak {
    async fn move_from(&self, others: Vec<String>, limit: u64) -> Result<u64, ShelfError> {
        let moved = others.into_iter().take(usize::try_from(limit).unwrap());
        Ok(self.with(|things| {
            let before = things.len();
            things.extend(moved);
            (things.len() - before) as u64
        }))
    }
}

/// Offers a `Cupboard`.
pub fn plugin() -> impl BackendPlugin {
    Offers::new().interface(open)
}

async fn open(_: BackendContext) -> Result<Arc<dyn Cupboard>, StartError> {
    Ok(Arc::new(Oak::default()))
}
