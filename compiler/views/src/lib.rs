//! What is shown of a compiled system, and of a change to one.
//!
//! Data flow: a [`bp_plan::Plan`] → [`explain`] (pages), [`graph`] (DOT, Mermaid, JSON, HTML) or [`facts`]; two plans, their artifacts and their sources → [`diff`].
//! Every view is a function of values that others made, to a text.
//!
//! Non-goals: this crate reads no file, compiles nothing and decides nothing; `bp-build` makes what it shows, and `bp` prints it.

pub mod diff;
pub mod explain;
pub mod facts;
pub mod graph;
