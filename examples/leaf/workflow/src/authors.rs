//! Keeps who the authors are.

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_std::{BackendError, Data, DocumentStore, DocumentStoreExt, Update, service};

use crate::{LeafError, Notes, Profile};

const AUTHORS: &str = "authors";

/// Those who pin notes.
#[service]
pub trait Authors {
    /// Counts a new note and its tags; returns the note's number among the author's, from 1.
    async fn credit(&self, author: String, tags: Vec<String>) -> Result<u32, LeafError>;

    /// Tells about an author.
    #[idempotent]
    async fn profile(&self, author: String) -> Result<Profile, LeafError>;
}

/// What is kept of an author.
#[derive(Debug, Clone, Default, Data)]
struct Account {
    notes: u32,
    /// Every tag of every note.
    tags: Vec<String>,
}

/// Authors in a document store; asks `notes` for the latest note.
pub struct AuthorsImpl {
    db: Arc<dyn DocumentStore>,
    notes: Arc<dyn Notes>,
}

impl AuthorsImpl {
    /// Nothing is read or called before the first request.
    pub fn new(db: Arc<dyn DocumentStore>, notes: Arc<dyn Notes>) -> Self {
        Self { db, notes }
    }
}

#[service]
impl Authors for AuthorsImpl {
    async fn credit(&self, author: String, tags: Vec<String>) -> Result<u32, LeafError> {
        let credited = tags
            .into_iter()
            .fold(Update::new().inc("notes", 1), |update, tag| update.push("tags", tag));
        let account: Account = match self.db.update_as(AUTHORS, &author, credited.clone()).await? {
            Some(account) => account,
            None => {
                match self.db.insert_as(AUTHORS, &author, &Account::default()).await {
                    // Somebody else was faster: the account is there all the same.
                    Ok(()) | Err(BackendError::AlreadyExists(_)) => {}
                    Err(error) => return Err(error.into()),
                }
                self.db.update_as(AUTHORS, &author, credited).await?.unwrap_or_default()
            }
        };
        Ok(account.notes)
    }

    async fn profile(&self, author: String) -> Result<Profile, LeafError> {
        let Some(account) = self.db.get_as::<Account>(AUTHORS, &author).await? else {
            return Err(LeafError::NoSuchAuthor(author));
        };
        let mut tags = BTreeMap::new();
        for tag in account.tags {
            *tags.entry(tag).or_default() += 1;
        }
        let latest = self.notes.latest(author.clone()).await?;
        Ok(Profile { author, notes: account.notes, tags, latest })
    }
}
