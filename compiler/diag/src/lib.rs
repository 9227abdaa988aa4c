//! Diagnostics: what `bp` says when an input is wrong, and where.
//!
//! A [`Diagnostic`] is a plain value.
//! It is built only by the constructor functions in [`catalog`], one function a code (and one for all codes of plugins), so a search for a function's name finds every place that reports it.
//! [`SourceMap`] owns the text that spans point into; [`render`] writes them in every form.
//!
//! Non-goals: this crate does no I/O and never exits.

mod code;
mod diagnostic;
mod diagnostics;
mod source;
mod suggest;

pub mod catalog;
pub mod render;

pub use catalog::plugin::PluginCode;
pub use catalog::{all_codes, find_code};
pub use code::{Code, CodeId};
pub use diagnostic::{Applicability, Diagnostic, Edit, Fix, Label, Severity};
pub use diagnostics::Diagnostics;
pub use source::{FileId, Source, SourceMap, Span, Spanned};
pub use suggest::{nearest, nearest_certain};
