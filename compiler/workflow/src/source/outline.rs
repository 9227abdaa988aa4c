//! What one file says, as far as the front end reads it, in plain values.
//!
//! An outline depends on the file's text alone: places are offsets in it, and names are not resolved.
//! So it can be made on any thread, sent to another, and kept from one run to the next.
//! What nothing can ask for is left out, such as the members of a trait without attributes.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::condition::Cfg;
use super::fault::Fault;
use super::place::{Place, UsePath};
use super::type_expr::TypeExpr;

/// Everything that is read of one file; what it holds is this crate's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// What the file's own attributes, `#![cfg(…)]`, say.
    pub(crate) condition: Condition,
    /// In the order of the file.
    pub(crate) items: Box<[Item]>,
    /// Calls of a path that ends in `spawn`, in the order of the file.
    pub(crate) spawns: Box<[Call]>,
    /// Literals that name a collection of a `DocumentStore`, in the order of the file.
    pub(crate) collections: Box<[Literal]>,
    /// What does not parse, in the order in which it is reported.
    pub(crate) faults: Box<[Fault]>,
}

impl Outline {
    /// Whether the whole file counts.
    pub(crate) fn truth(&self, features: &BTreeSet<String>) -> Truth {
        match &self.condition {
            Condition::Always => Truth::Holds,
            Condition::Test => Truth::Fails,
            Condition::Other(when) => Truth::of(Some(when), features),
        }
    }
}

/// A call of a path, found by its last segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Call {
    pub(crate) path: UsePath,
    pub(crate) place: Place,
}

/// A string in the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Literal {
    pub(crate) text: String,
    pub(crate) place: Place,
}

/// What an item's `cfg` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Condition {
    /// Nothing, or something that holds in every build that is not a test.
    #[default]
    Always,
    /// Only in tests: the item is ignored.
    Test,
    /// Something else.
    Other(CfgAttribute),
}

/// A condition at a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CfgAttribute {
    pub(crate) place: Place,
    pub(crate) cfg: Cfg,
}

/// Whether something with a condition exists, in a crate with certain features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    Holds,
    Fails,
    /// Builds differ in the condition at this place.
    Undecided(Place),
}

impl Truth {
    pub(crate) fn of(when: Option<&CfgAttribute>, features: &BTreeSet<String>) -> Self {
        match when.map(|w| (w.cfg.holds(features), w.place)) {
            None | Some((Some(true), _)) => Self::Holds,
            Some((Some(false), _)) => Self::Fails,
            Some((None, place)) => Self::Undecided(place),
        }
    }

    pub(crate) fn undecided(self) -> Option<Place> {
        match self {
            Self::Undecided(place) => Some(place),
            Self::Holds | Self::Fails => None,
        }
    }
}

/// Who may use an item, as its declaration says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Visibility {
    Public,
    /// `pub(crate)`, and `pub(in …)`, which counts as that.
    Crate,
    /// `pub(super)`
    Parent,
    /// None, or `pub(self)`.
    Module,
}

/// An item; a condition that only excludes tests is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Item {
    /// Something that exists only in tests.
    Ignored(Place),
    Module(Box<ModuleItem>),
    Use(Visibility, Box<[Import]>, Option<Box<CfgAttribute>>),
    ExternCrate(Box<ExternCrateItem>),
    Definition(Box<DefinitionItem>),
    Impl(Arc<ImplItem>),
    /// A `static` that may be a knob.
    Static(Arc<StaticItem>),
    Macro(MacroItem),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ModuleItem {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) visibility: Visibility,
    pub(crate) condition: Option<CfgAttribute>,
    /// What `#[path]` and `#[cfg_attr(…, path)]` say; the first that holds counts.
    pub(crate) paths: Box<[PathAttribute]>,
    /// The whole item and what it holds, if that is written in this file.
    pub(crate) inline: Option<(Place, Box<[Item]>)>,
}

impl ModuleItem {
    /// The path that counts, if there is one; `Err` for a condition that builds differ in.
    pub(crate) fn path(&self, features: &BTreeSet<String>) -> Result<Option<&str>, Place> {
        for attribute in &self.paths {
            match Truth::of(attribute.when.as_ref(), features) {
                Truth::Holds => return Ok(Some(&attribute.path)),
                Truth::Fails => {}
                Truth::Undecided(place) => return Err(place),
            }
        }
        Ok(None)
    }
}

/// `#[path = "…"]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PathAttribute {
    pub(crate) path: String,
    /// What `cfg_attr` asks, if it is behind one.
    pub(crate) when: Option<CfgAttribute>,
}

/// `extern crate krate as name;`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ExternCrateItem {
    /// `self` is this crate.
    pub(crate) krate: String,
    pub(crate) name: String,
    pub(crate) visibility: Visibility,
    pub(crate) condition: Option<CfgAttribute>,
}

/// One name, or all names of a path, that a module takes from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Import {
    Name(String, UsePath),
    Glob(UsePath),
}

/// An item that gives a type or trait a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DefinitionItem {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) visibility: Visibility,
    pub(crate) condition: Option<CfgAttribute>,
    pub(crate) body: Body,
}

/// What a definition is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Body {
    Trait(Arc<TraitItem>),
    TraitAlias,
    Struct(Arc<StructItem>),
    Enum(Arc<EnumItem>),
    Union,
    Alias(Arc<AliasItem>),
}

/// An attribute that may be the runtime's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) path: UsePath,
    pub(crate) place: Place,
}

/// A trait; for one without marks, nothing else is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TraitItem {
    pub(crate) marks: Box<[Mark]>,
    pub(crate) docs: Vec<String>,
    /// Where its parameters are, if it has any.
    pub(crate) generics: Option<Place>,
    /// Supertraits, lifetimes aside.
    pub(crate) supertraits: Box<[Supertrait]>,
    pub(crate) members: Box<[Member]>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Supertrait {
    pub(crate) path: UsePath,
    pub(crate) place: Place,
    pub(crate) text: String,
}

/// Something in a trait, tests aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Member {
    Function(Box<Function>),
    Constant(Place),
    Type(Place),
    Macro(Place),
    Other(Place),
}

/// A method of a trait, or a function `new` or `run` of a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) condition: Option<Place>,
    pub(crate) docs: Vec<String>,
    pub(crate) idempotent: bool,
    pub(crate) is_async: bool,
    pub(crate) receiver: Option<Receiver>,
    pub(crate) generics: Option<Generics>,
    /// Without the receiver.
    pub(crate) arguments: Box<[Argument]>,
    pub(crate) output: Option<TypeExpr>,
    /// What `pub` is to replace, if it is not there.
    pub(crate) unpublished: Option<Place>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Receiver {
    pub(crate) place: Place,
    /// Whether it is `&self`, with or without a lifetime.
    pub(crate) shared: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Generics {
    pub(crate) place: Place,
    pub(crate) only_lifetimes: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Argument {
    pub(crate) place: Place,
    pub(crate) pattern: Pattern,
    pub(crate) ty: TypeExpr,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Pattern {
    Name(String),
    Other(Place),
}

/// A struct; its fields only if it derives something and is not generic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StructItem {
    pub(crate) derives: Box<[UsePath]>,
    pub(crate) docs: Vec<String>,
    pub(crate) generic: bool,
    pub(crate) fields: Fields,
}

/// An enum; its variants only if it derives something and is not generic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EnumItem {
    pub(crate) derives: Box<[UsePath]>,
    pub(crate) docs: Vec<String>,
    pub(crate) generic: bool,
    /// Tests aside.
    pub(crate) variants: Box<[Variant]>,
}

/// Fields, tests aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Fields {
    Unit,
    Tuple(Box<[Field]>),
    Named(Box<[Field]>),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Field {
    /// Its number in a tuple.
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) condition: Option<Place>,
    pub(crate) docs: Vec<String>,
    pub(crate) ty: TypeExpr,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Variant {
    /// As written, with `r#`.
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) condition: Option<Place>,
    pub(crate) docs: Vec<String>,
    /// Whether it is marked `#[infra]`.
    pub(crate) infra: bool,
    /// The first `#[status]`.
    pub(crate) status: Option<Status>,
    pub(crate) fields: Fields,
}

/// `#[status(code, "message")]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    Given {
        code: String,
        place: Place,
        message: Option<String>,
    },
    /// Anything else in the brackets.
    Malformed(Place),
}

/// `type Name<…> = …;`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AliasItem {
    /// Its type parameters, with their defaults.
    pub(crate) parameters: Box<[(String, Option<TypeExpr>)]>,
    pub(crate) ty: TypeExpr,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImplItem {
    pub(crate) marks: Box<[Mark]>,
    pub(crate) condition: Option<CfgAttribute>,
    pub(crate) generic: bool,
    /// The trait.
    pub(crate) of: Option<(UsePath, Place)>,
    /// The type's path, if it has that form.
    pub(crate) path: Option<UsePath>,
    pub(crate) place: Place,
    /// The type as written; empty without a trait.
    pub(crate) text: String,
    /// Functions `new` and `run`, tests aside; none where there is a trait.
    pub(crate) functions: Box<[Function]>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StaticItem {
    pub(crate) name: String,
    pub(crate) condition: Option<Place>,
    pub(crate) docs: Vec<String>,
    /// The type's path.
    pub(crate) path: UsePath,
    /// Whether the type is written `Knob` and nothing else.
    pub(crate) bare: bool,
    pub(crate) value: StaticValue,
}

/// What a `static` is set to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StaticValue {
    /// `knob!("name")`
    Knob(String, Place),
    /// `knob!` of anything but one string.
    Malformed(Place),
    Other(Place),
}

/// A macro that is called, or declared, where items are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MacroItem {
    /// Whether it may define anything: all but `macro_rules!`.
    pub(crate) defines: bool,
    pub(crate) condition: Option<CfgAttribute>,
    pub(crate) problem: Option<MacroProblem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MacroProblem {
    /// `include!`
    Included(Place),
    /// `#[service]` inside.
    Service(Place),
    /// `mod name;` inside.
    Module(Place, String),
}
