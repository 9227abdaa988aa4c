//! Why bytes or JSON are not a value of the expected type.

use std::borrow::Cow;
use std::fmt;

/// A decoding failure: where in the value, and what was expected there.
///
/// One pointer wide, so that a decoder's `Result` stays small on the path where nothing fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError(Box<Failure>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Failure {
    /// Innermost step first: steps are added while the error travels outwards.
    path: Vec<PathStep>,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PathStep {
    Name(Cow<'static, str>),
    Index(usize),
}

/// What is wrong at the place a [`DecodeError`] names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Not well-formed protobuf or JSON.
    Malformed(String),
    /// Well-formed, but not a value of this type, or out of the type's range.
    Expected {
        /// What the type takes, in words.
        expected: Cow<'static, str>,
        /// What was there.
        found: String,
    },
    /// A variant that this build does not know, as a newer peer may send.
    UnknownVariant {
        /// The enum's name.
        of: &'static str,
        /// The variant's number in protobuf, its name in JSON.
        variant: String,
    },
    /// An enum without a variant: an enum has no empty value.
    MissingVariant {
        /// The enum's name.
        of: &'static str,
    },
    /// Nested beyond [`crate::MAX_DEPTH`].
    TooDeep,
}

impl DecodeError {
    /// An error at the current place.
    #[cold]
    pub fn new(problem: Problem) -> Self {
        Self(Box::new(Failure { path: Vec::new(), problem }))
    }

    /// Input that is not well-formed.
    #[cold]
    pub fn malformed(what: impl Into<String>) -> Self {
        Self::new(Problem::Malformed(what.into()))
    }

    /// A value that the type does not take.
    #[cold]
    pub fn expected(expected: impl Into<Cow<'static, str>>, found: impl Into<String>) -> Self {
        Self::new(Problem::Expected { expected: expected.into(), found: found.into() })
    }

    /// A variant of enum `of` that this build does not know.
    #[cold]
    pub fn unknown_variant(of: &'static str, variant: impl fmt::Display) -> Self {
        Self::new(Problem::UnknownVariant { of, variant: variant.to_string() })
    }

    /// Enum `of` without a variant.
    #[cold]
    pub fn missing_variant(of: &'static str) -> Self {
        Self::new(Problem::MissingVariant { of })
    }

    /// The same error inside the field, variant or map key `name`.
    #[cold]
    #[must_use]
    pub fn at(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.0.path.push(PathStep::Name(name.into()));
        self
    }

    /// The same error inside item `index` of a list.
    #[cold]
    #[must_use]
    pub fn at_index(mut self, index: usize) -> Self {
        self.0.path.push(PathStep::Index(index));
        self
    }

    /// What is wrong.
    pub fn problem(&self) -> &Problem {
        &self.0.problem
    }

    /// The place in the value, as `items[3].sku`; empty for the value itself.
    pub fn path(&self) -> String {
        let mut path = String::new();
        for step in self.0.path.iter().rev() {
            match step {
                PathStep::Name(name) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(name);
                }
                PathStep::Index(index) => {
                    path.push('[');
                    path.push_str(&index.to_string());
                    path.push(']');
                }
            }
        }
        path
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.path.is_empty() {
            write!(f, "{}: ", self.path())?;
        }
        match &self.0.problem {
            Problem::Malformed(what) => f.write_str(what),
            Problem::Expected { expected, found } => {
                write!(f, "expected {expected}, found {found}")
            }
            Problem::UnknownVariant { of, variant } => {
                write!(f, "{of} has no variant {variant} in this build")
            }
            Problem::MissingVariant { of } => write!(f, "a variant of {of} is missing"),
            Problem::TooDeep => write!(f, "nested more than {} deep", crate::MAX_DEPTH),
        }
    }
}

impl std::error::Error for DecodeError {}
