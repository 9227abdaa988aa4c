//! Reference documentation, made from what the plugins declare: the JSON Schema of wirings, a page for each plugin, and an index by need.
//!
//! Everything here is a pure function of [`Declarations`](bp_plugin::Declarations), so a `bp` with further plugins describes those too.
//! The committed copies are `docs/bp.schema.json` and `docs/plugins`; a golden test compares them with what the code gives.

mod definition;
mod owned_table;
mod page;
mod quantity;
mod schema;
mod setting;

pub use page::{render_index, render_page};
pub use schema::{SHAPE_CODES, build_schema, render_schema};
