//! Golden tests: cases as data, compared with what the compiler says of them.
//!
//! A case is one text file of several parts ([`archive`]); expected diagnostics stand as comments under the line they belong to ([`annotate`]).
//! `cargo xtask bless` rewrites expectations; review is `git diff`.

pub mod annotate;
pub mod archive;
pub mod collector;
pub mod standard;
pub mod workload;
