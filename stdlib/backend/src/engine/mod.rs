//! What implementations share: validation, matching, order, pages, updates, index keys, scores.
//!
//! A store that can do part of this by itself (a server's own filters) must do it with the same result;
//! a store that cannot calls it.

pub mod counter;
mod filter;
pub mod index;
mod name;
pub mod order;
mod page;
mod path;
pub mod score;
mod update;
pub mod validate;

pub use filter::matches;
pub use page::{Pager, Position};
pub use path::{ID, get, project};
pub use update::apply;
