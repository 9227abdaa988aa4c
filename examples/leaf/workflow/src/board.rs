//! The front door.

use std::sync::Arc;

use bp_std::service;

use crate::{Authors, Body, LeafError, Note, NoteView, Notes, Profile, Reaction};

/// The notice board as its visitors see it.
#[service]
pub trait Board {
    /// Pins a note.
    async fn publish(
        &self,
        author: String,
        body: Body,
        tags: Vec<String>,
    ) -> Result<Note, LeafError>;

    /// Reads a note.
    #[idempotent]
    async fn read(&self, id: String) -> Result<NoteView, LeafError>;

    /// Reacts to a note; returns how often this reaction was given.
    async fn react(&self, id: String, reaction: Reaction) -> Result<u32, LeafError>;

    /// Tells about an author.
    #[idempotent]
    async fn profile(&self, author: String) -> Result<Profile, LeafError>;
}

/// Checks what visitors write and passes it on.
pub struct BoardImpl {
    notes: Arc<dyn Notes>,
    authors: Arc<dyn Authors>,
    max_tags: u32,
}

impl BoardImpl {
    /// `max_tags` bounds the tags of one note.
    pub fn new(notes: Arc<dyn Notes>, authors: Arc<dyn Authors>, max_tags: u32) -> Self {
        Self { notes, authors, max_tags }
    }
}

#[service]
impl Board for BoardImpl {
    async fn publish(
        &self,
        author: String,
        body: Body,
        tags: Vec<String>,
    ) -> Result<Note, LeafError> {
        if author.is_empty() {
            return Err(LeafError::BadNote { reason: "a note needs an author".to_owned() });
        }
        if tags.len() > self.max_tags as usize {
            return Err(LeafError::BadNote {
                reason: format!("a note has at most {} tags", self.max_tags),
            });
        }
        self.notes.pin(author, body, tags).await
    }

    async fn read(&self, id: String) -> Result<NoteView, LeafError> {
        self.notes.view(id).await
    }

    async fn react(&self, id: String, reaction: Reaction) -> Result<u32, LeafError> {
        self.notes.react(id, reaction).await
    }

    async fn profile(&self, author: String) -> Result<Profile, LeafError> {
        self.authors.profile(author).await
    }
}
