//! Types as they are written.

use serde::{Deserialize, Serialize};

use super::place::{Place, UsePath};

/// A type as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TypeExpr {
    pub(crate) place: Place,
    pub(crate) form: TypeForm,
}

impl TypeExpr {
    /// The path that the type consists of.
    pub(crate) fn path(&self) -> Option<&UsePath> {
        match &self.form {
            TypeForm::Path(path) => Some(&path.path),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TypeForm {
    Path(Box<PathExpr>),
    Paren(Box<TypeExpr>),
    Tuple(Box<[TypeExpr]>),
    Array(Box<TypeExpr>, Length),
    Reference {
        lifetime: Option<String>,
        mutable: bool,
        target: Box<TypeExpr>,
    },
    /// `dyn A + B`
    Object(Box<[Bound]>),
    /// `impl A + B`
    Anonymous(Box<[Bound]>),
    Slice(Box<TypeExpr>),
    Pointer {
        mutable: bool,
        target: Box<TypeExpr>,
    },
    Never,
    /// A form that is never encoded, as written.
    Other(String),
}

/// The length of an array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Length {
    Number(u64),
    /// Anything else, as written.
    Other(String),
}

/// A path in a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PathExpr {
    pub(crate) path: UsePath,
    /// Where its last segment's name is.
    pub(crate) name: Place,
    /// Those of the last segment.
    pub(crate) arguments: Arguments,
}

impl PathExpr {
    /// The identifier that it consists of.
    pub(crate) fn ident(&self) -> Option<&str> {
        match (self.path.segments.as_slice(), &self.arguments) {
            ([one], Arguments::None) if !self.path.global => Some(one),
            _ => None,
        }
    }
}

/// What follows a path's segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Arguments {
    None,
    /// `<A, B>`
    Angle(Box<[GenericArgument]>),
    /// `(A, B) -> C`
    Parenthesized(Box<[TypeExpr]>, Option<Box<TypeExpr>>),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum GenericArgument {
    Type(TypeExpr),
    /// `Item = T`
    Assigned(String, TypeExpr),
    /// A lifetime, constant or constraint, as written.
    Other(String),
}

/// What follows `dyn`, `impl` or a trait's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Bound {
    Trait {
        place: Place,
        /// Whether it is `?Trait`.
        maybe: bool,
        path: PathExpr,
    },
    /// A lifetime or the like, as written.
    Other(String),
}
