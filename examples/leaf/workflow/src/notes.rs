//! Keeps what people pin.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bp_std::{
    Cache, CacheExt, Data, DocumentStore, DocumentStoreExt, Filter, Index, InitError, Query,
    Update, service,
};

use crate::{Authors, Body, LeafError, Note, NoteView, Reaction};

const NOTES: &str = "notes";
const REACTIONS: &str = "reactions";

/// The notes on the board.
#[service]
pub trait Notes {
    /// Pins a note.
    async fn pin(&self, author: String, body: Body, tags: Vec<String>) -> Result<Note, LeafError>;

    /// A note with its reactions.
    #[idempotent]
    async fn view(&self, id: String) -> Result<NoteView, LeafError>;

    /// Counts a reaction.
    async fn react(&self, id: String, reaction: Reaction) -> Result<u32, LeafError>;

    /// The latest note of an author.
    #[idempotent]
    async fn latest(&self, author: String) -> Result<Option<Note>, LeafError>;
}

/// What is kept of the reactions to a note.
#[derive(Debug, Clone, Default, Data)]
struct Reactions {
    like: u32,
    laugh: u32,
    wonder: u32,
}

/// Notes in a document store, with a cache in front: a note never changes, so a cached one is never stale.
pub struct NotesImpl {
    cache: Arc<dyn Cache>,
    db: Arc<dyn DocumentStore>,
    authors: Arc<dyn Authors>,
    fresh: Mutex<Vec<Note>>,
}

impl NotesImpl {
    /// Makes sure that the latest note of an author is found fast.
    pub async fn new(
        cache: Arc<dyn Cache>,
        db: Arc<dyn DocumentStore>,
        authors: Arc<dyn Authors>,
    ) -> Result<Self, InitError> {
        db.create_index(NOTES.to_owned(), Index::new("by_author", ["author", "number"])).await?;
        Ok(Self { cache, db, authors, fresh: Mutex::new(Vec::new()) })
    }

    /// Puts new notes into the cache, so that their first readers need not wait for the store.
    pub async fn run(&self) {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let fresh =
                std::mem::take(&mut *self.fresh.lock().unwrap_or_else(PoisonError::into_inner));
            for note in fresh {
                // A cache may forget; a reader will fill it.
                let _ = self.cache.put_as(&note.id, &note, None).await;
            }
        }
    }

    async fn find(&self, id: &str) -> Result<Note, LeafError> {
        if let Some(note) = self.cache.get_as(id).await? {
            return Ok(note);
        }
        let stored = self.db.get_as(NOTES, id).await?;
        let note = stored.ok_or_else(|| LeafError::NoSuchNote(id.to_owned()))?;
        self.cache.put_as(id, &note, None).await?;
        Ok(note)
    }
}

#[service]
impl Notes for NotesImpl {
    async fn pin(&self, author: String, body: Body, tags: Vec<String>) -> Result<Note, LeafError> {
        let number = self.authors.credit(author.clone(), tags.clone()).await?;
        let note = Note { id: format!("{author}-{number}"), number, author, body, tags };
        self.db.put_as(NOTES, &note.id, &note).await?;
        self.db.put_as(REACTIONS, &note.id, &Reactions::default()).await?;
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner).push(note.clone());
        Ok(note)
    }

    async fn view(&self, id: String) -> Result<NoteView, LeafError> {
        let note = self.find(&id).await?;
        let counts: Reactions = self.db.get_as(REACTIONS, &id).await?.unwrap_or_default();
        let given = [
            (Reaction::Like, counts.like),
            (Reaction::Laugh, counts.laugh),
            (Reaction::Wonder, counts.wonder),
        ];
        Ok(NoteView {
            note,
            reactions: given.into_iter().filter(|(_, count)| *count > 0).collect(),
        })
    }

    async fn react(&self, id: String, reaction: Reaction) -> Result<u32, LeafError> {
        let counter = match reaction {
            Reaction::Like => "like",
            Reaction::Laugh => "laugh",
            Reaction::Wonder => "wonder",
        };
        let counted = self.db.update_as(REACTIONS, &id, Update::new().inc(counter, 1)).await?;
        let counts: Reactions = counted.ok_or(LeafError::NoSuchNote(id))?;
        Ok(match reaction {
            Reaction::Like => counts.like,
            Reaction::Laugh => counts.laugh,
            Reaction::Wonder => counts.wonder,
        })
    }

    async fn latest(&self, author: String) -> Result<Option<Note>, LeafError> {
        let query = Query::new().filter(Filter::eq("author", author)).descending("number").limit(1);
        Ok(self.db.find_as(NOTES, query).await?.into_iter().next())
    }
}
