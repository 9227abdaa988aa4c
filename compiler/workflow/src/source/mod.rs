//! From bytes to items: text checks, the pre-scan that guards the parser, and parsing.

mod guard;
mod lexer;
mod parse;
mod text;

pub(crate) use parse::parse_file;
pub(crate) use text::{display_path, load_text, normal};
