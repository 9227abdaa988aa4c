//! What crosses between the services.

use std::collections::BTreeMap;

use bp_std::{BackendError, Data, Infra, ServiceError};

/// A note as it is kept.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct Note {
    /// `author-number`.
    pub id: String,
    /// Its number among the author's notes, from 1.
    pub number: u32,
    /// Who pinned it.
    pub author: String,
    /// What it says.
    pub body: Body,
    /// Words to find it by.
    pub tags: Vec<String>,
}

/// What a note says.
#[derive(Debug, Clone, PartialEq, Data)]
pub enum Body {
    /// A few words.
    Text(String),
    /// A link, with a title perhaps.
    Link {
        /// Where to.
        url: String,
        /// What to call it.
        title: Option<String>,
    },
    /// Things to do.
    Tasks(Vec<Task>),
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct Task {
    /// What.
    pub text: String,
    /// Whether it is done.
    pub done: bool,
}

/// How a reader feels about a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Data)]
pub enum Reaction {
    /// Liked it.
    Like,
    /// Laughed.
    Laugh,
    /// Wants to know more.
    Wonder,
}

/// A note as it is shown.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct NoteView {
    /// The note.
    pub note: Note,
    /// How often each reaction was given.
    pub reactions: BTreeMap<Reaction, u32>,
}

/// An author, with the latest note.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct Profile {
    /// The author's name.
    pub author: String,
    /// How many notes there are.
    pub notes: u32,
    /// How often each tag was used.
    pub tags: BTreeMap<String, u32>,
    /// The latest note, if it can be had.
    pub latest: Option<Note>,
}

/// Why a call fails.
#[derive(Debug, Clone, PartialEq, ServiceError)]
pub enum LeafError {
    /// There is no such note.
    #[status(not_found, "there is no note `{0}`")]
    NoSuchNote(String),
    /// There is no such author.
    #[status(not_found, "there is no author `{0}`")]
    NoSuchAuthor(String),
    /// The note cannot be pinned as it is.
    #[status(invalid_argument, "{reason}")]
    BadNote {
        /// What is wrong with it.
        reason: String,
    },
    /// The call did not get through.
    #[infra]
    Infra(Infra),
}

impl From<BackendError> for LeafError {
    fn from(error: BackendError) -> Self {
        Self::Infra(error.into())
    }
}
