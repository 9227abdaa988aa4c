//! A notice board in three services: what leaf does, and nothing of how it is deployed.
//!
//! `board` is the front door; `notes` keeps what people pin; `authors` keeps who they are.
//! `notes` tells `authors` of every new note, and `authors` asks `notes` for the latest one: the two form a cycle.

mod authors;
mod board;
mod notes;
mod types;

pub use authors::{Authors, AuthorsImpl};
pub use board::{Board, BoardImpl};
pub use notes::{Notes, NotesImpl};
pub use types::{Body, LeafError, Note, NoteView, Profile, Reaction, Task};
