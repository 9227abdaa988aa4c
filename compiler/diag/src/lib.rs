//! Diagnostics: what `bp` says when an input is wrong, and where.
//!
//! A [`Diagnostic`] is a plain value.
//! It is built only by the constructor functions in [`catalog`], one function a code (and one for all codes of plugins), so a search for a function's name finds every place that reports it.
//! [`SourceMap`] owns the text that spans point into; [`render`] writes them in every form.
//!
//! Non-goals: this crate does no I/O and never exits.

mod diagnostic;
mod source;
mod suggest;

pub mod catalog;
pub mod render;

pub use catalog::plugin::PluginCode;
pub use catalog::{Code, CodeId, all_codes, find_code};
pub use diagnostic::{Applicability, Diagnostic, Diagnostics, Edit, Fix, Label, Severity};
pub use source::{FileId, Source, SourceMap, Span, Spanned};
pub use suggest::{nearest, nearest_certain};
