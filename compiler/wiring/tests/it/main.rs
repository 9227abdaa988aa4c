//! Tests of the wiring front end on files in memory.
//!
//! A case is one text file of several parts, in the format of the golden tests: expected diagnostics stand as comments under the line they belong to, and computed parts follow the sources.
//! `BP_BLESS=1` rewrites expectations instead of comparing.

#[path = "../../../../golden-tests/src/annotate.rs"]
pub mod annotate;
#[path = "../../../../golden-tests/src/archive.rs"]
pub mod archive;
#[cfg(test)]
mod big;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod guarded;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod setup;
#[cfg(test)]
mod typed;
