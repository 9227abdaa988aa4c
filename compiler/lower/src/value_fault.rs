//! What is wrong with a value of a wiring.

use bp_diag::Span;

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ValueFault {
    /// From the value as a whole: `.items[2].price`.
    pub(crate) path: String,
    /// The part that does not fit.
    pub(crate) span: Span,
    /// What that part is: "an integer".
    pub(crate) found: String,
    pub(crate) why: FaultKind,
}

/// What is wrong with a part of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// It is of another type.
    Mismatch {
        /// What is wanted: "a whole number from 0 to 255".
        wanted: String,
        /// A value that fits, as TOML.
        example: String,
    },
    /// No wiring can write the type.
    Unwritable(String),
    /// A field or a variant that the type does not have.
    Unknown {
        /// "field".
        what: &'static str,
        name: String,
        span: Span,
        /// The type's name.
        of: String,
        known: Vec<String>,
        declared: Span,
    },
    /// A field that the type needs.
    Missing { field: String, of: String, declared: Span },
}
