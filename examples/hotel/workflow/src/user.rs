//! Knows who may book.

use std::sync::Arc;

use bp_std::{Data, DocumentStore, DocumentStoreExt, Infra, service};

use crate::{HotelError, passwords};

pub(crate) const USERS: &str = "users";

/// Users.
#[service]
pub trait User {
    /// Whether there is such a user with this password.
    #[idempotent]
    async fn check_user(&self, username: String, password: String) -> Result<bool, HotelError>;
}

/// What is kept of a user.
#[derive(Debug, Clone, PartialEq, Data)]
pub(crate) struct Account {
    pub(crate) password_hash: String,
}

/// Users in a document store.
pub struct UserImpl {
    db: Arc<dyn DocumentStore>,
    /// The hash of a password that nobody has, so that an unknown name takes as long as a wrong password.
    nobody: String,
}

impl UserImpl {
    /// `hash_memory_kib` is the memory that hashing one password takes, as in the seed.
    pub fn new(db: Arc<dyn DocumentStore>, hash_memory_kib: u32) -> Self {
        Self { db, nobody: passwords::hash("", hash_memory_kib).unwrap_or_default() }
    }
}

#[service]
impl User for UserImpl {
    async fn check_user(&self, username: String, password: String) -> Result<bool, HotelError> {
        let account: Option<Account> = self.db.get_as(USERS, &username).await?;
        let known = account.is_some();
        let hash = account.map_or_else(|| self.nobody.clone(), |account| account.password_hash);
        // Hashing is made to be slow, and must not hold up other calls.
        let right = tokio::task::spawn_blocking(move || passwords::is_right(&password, &hash));
        let right = right.await.map_err(|error| {
            HotelError::Infra(Infra::internal(format!("checking a password: {error}")))
        })?;
        Ok(known && right)
    }
}
