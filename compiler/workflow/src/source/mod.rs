//! From bytes to outlines: text checks, the pre-scan that guards the parser, parsing, and reading the syntax tree.
//!
//! Nothing of the parser leaves this module: a syntax tree cannot be sent to another thread, and takes many times the memory of what is read of it.

mod attributes;
mod condition;
mod fault;
mod guard;
mod lexer;
mod outline;
mod parse;
mod place;
mod read_functions;
mod read_items;
mod read_types;
mod syntax;
mod text;
mod type_expr;

pub(crate) use condition::Cfg;
pub use outline::Outline;
pub(crate) use outline::*;
pub(crate) use parse::outline;
pub(crate) use place::{Place, UsePath};
pub(crate) use text::{LoadedText, display_path, load_text, normalize, read_text};
pub(crate) use type_expr::{
    Arguments, Bound, GenericArgument, Length, PathExpr, TypeExpr, TypeForm,
};
