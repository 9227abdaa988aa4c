//! What is wrong with one file's text.

use bp_diag::{Diagnostic, FileId, catalog::workflow as codes};
use serde::{Deserialize, Serialize};

use super::place::Place;

/// Why a file, or an item of it, is not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Fault {
    Unclosed {
        place: Place,
        what: String,
    },
    Mismatched {
        place: Place,
        close: char,
        open: Option<(char, Place)>,
    },
    TooDeep(Place),
    /// What the parser says.
    Syntax {
        place: Place,
        message: String,
    },
}

impl Fault {
    /// What is said of it once its file has a number.
    pub(crate) fn diagnostic(&self, file: FileId) -> Diagnostic {
        match self {
            Self::Unclosed { place, what } => codes::unclosed(place.of(file), what),
            Self::Mismatched { place, close, open } => {
                let open = open.map(|(open, at)| (open, at.of(file)));
                codes::mismatched(place.of(file), *close, open)
            }
            Self::TooDeep(place) => codes::nested_too_deep(place.of(file), MAX_DEPTH),
            Self::Syntax { place, message } => codes::rust_syntax(place.of(file), message),
        }
    }
}

/// How deep brackets, type arguments and operators may nest, taken together.
pub(crate) const MAX_DEPTH: usize = 256;
