//! What a name in the output is made from, and where the user's files declare it.

use std::fmt;

use bp_diag::Span;
use bp_wiring::{Item, Reference, Table, Value, WiringModel};
use bp_workflow::{FieldModel, TypeKind, TypeModel, WorkflowModel};

/// The part of the plan that a name in the output is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameSource<'a> {
    /// The application, by name.
    App(&'a str),
    /// A service or backend of the wiring, by name.
    Instance(&'a str),
    /// A process, by name; one that the wiring does not name is its only service's.
    Process(&'a str),
    /// An init, by name.
    Init(&'a str),
    /// A trait, by path.
    Interface(&'a str),
    /// A method of a trait.
    Method {
        /// The trait's path.
        interface: &'a str,
        /// The method.
        method: &'a str,
    },
    /// An argument of a method.
    Argument {
        /// The trait's path.
        interface: &'a str,
        /// The method.
        method: &'a str,
        /// The argument.
        argument: &'a str,
    },
    /// A type of the workflow, by path.
    Type(&'a str),
    /// A variant of an enum.
    Variant {
        /// The enum's path.
        owner: &'a str,
        /// The variant.
        variant: &'a str,
    },
    /// A field of a struct, or of a variant of an enum.
    Field {
        /// The type's path.
        owner: &'a str,
        /// The variant, if the type is an enum.
        variant: Option<&'a str>,
        /// The field; its position in a tuple.
        field: &'a str,
    },
    /// `{ env = … }`
    Variable(&'a str),
    /// `{ secret = … }`
    Secret(&'a str),
    /// `{ file = … }`
    File(&'a str),
    /// Something that `bp` adds by itself, in words: "the zero of every enum".
    Own(&'a str),
}

/// In words; `{:#}` has whole paths.
impl fmt::Display for NameSource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = f.alternate();
        let short = |path: &str| match path.rsplit_once("::") {
            Some((_, last)) if !whole => last.to_owned(),
            _ => path.to_owned(),
        };
        match self {
            Self::App(name) => write!(f, "application `{name}`"),
            Self::Instance(name) => write!(f, "`{name}`"),
            Self::Process(name) => write!(f, "process `{name}`"),
            Self::Init(name) => write!(f, "init `{name}`"),
            Self::Interface(path) => write!(f, "trait `{}`", short(path)),
            Self::Method { interface, method } => {
                write!(f, "method `{}::{method}`", short(interface))
            }
            Self::Argument { interface, method, argument } if whole => {
                write!(f, "argument `{argument}` of `{interface}::{method}`")
            }
            Self::Argument { method, argument, .. } => {
                write!(f, "argument `{argument}` of `{method}`")
            }
            Self::Type(path) => write!(f, "type `{path}`"),
            Self::Variant { owner, variant } => write!(f, "variant `{}::{variant}`", short(owner)),
            Self::Field { owner, variant: None, field } => {
                write!(f, "field `{field}` of `{}`", short(owner))
            }
            Self::Field { owner, variant: Some(variant), field } => {
                write!(f, "field `{field}` of `{}::{variant}`", short(owner))
            }
            Self::Variable(name) => write!(f, "variable `{name}`"),
            Self::Secret(name) => write!(f, "secret `{name}`"),
            Self::File(path) => write!(f, "file `{path}`"),
            Self::Own(what) => f.write_str(what),
        }
    }
}

impl NameSource<'_> {
    /// Where it is declared; nothing for what `bp` adds.
    pub fn span(&self, workflow: &WorkflowModel, wiring: &WiringModel) -> Option<Span> {
        match *self {
            Self::App(_) => wiring.app.name.as_ref().map(|name| name.span),
            Self::Instance(name) => find_instance(wiring, name),
            Self::Process(name) => {
                let named = |rule: &&bp_wiring::ProcessRule| rule.name.as_str() == name;
                let rule = wiring.processes.iter().find(named).map(|rule| rule.span);
                rule.or_else(|| find_instance(wiring, name))
            }
            Self::Init(name) => wiring.inits.get(name).map(|init| init.name.span),
            Self::Interface(path) => workflow.services.get(path).map(|service| service.span),
            Self::Method { interface, method } => {
                Some(workflow.services.get(interface)?.method(method)?.span)
            }
            Self::Argument { interface, method, argument } => {
                let method = workflow.services.get(interface)?.method(method)?;
                method.arguments.iter().find(|a| a.name == argument).map(|a| a.span)
            }
            Self::Type(path) => workflow.types.get(path).map(|ty| ty.span),
            Self::Variant { owner, variant } => {
                let variants = variants_of(workflow.types.get(owner)?);
                variants.iter().find(|v| v.name == variant).map(|v| v.span)
            }
            Self::Field { owner, variant, field } => {
                let fields = fields_of(workflow.types.get(owner)?, variant)?;
                fields.iter().find(|f| f.name == field).map(|f| f.span)
            }
            Self::Variable(name) => find_reference(wiring, &Reference::Env(name.to_owned())),
            Self::Secret(name) => find_reference(wiring, &Reference::Secret(name.to_owned())),
            Self::File(path) => find_reference(wiring, &Reference::File(path.to_owned())),
            Self::Own(_) => None,
        }
    }
}

fn find_instance(wiring: &WiringModel, name: &str) -> Option<Span> {
    let found = wiring.service(name).or_else(|| wiring.backend(name));
    found.map(|instance| instance.span)
}

fn variants_of(ty: &TypeModel) -> &[bp_workflow::VariantModel] {
    if let TypeKind::Enum(variants) = &ty.kind { variants } else { &[] }
}

fn fields_of<'a>(ty: &'a TypeModel, variant: Option<&str>) -> Option<&'a [FieldModel]> {
    match (&ty.kind, variant) {
        (TypeKind::Struct(fields) | TypeKind::TupleStruct(fields), None) => Some(fields),
        (TypeKind::Enum(variants), Some(name)) => {
            Some(variants.iter().find(|v| v.name == name)?.shape.fields())
        }
        _ => None,
    }
}

/// Where a reference is written first; references are not indexed, so every table is searched.
fn find_reference(wiring: &WiringModel, wanted: &Reference) -> Option<Span> {
    let instances = wiring.backends.values().chain(wiring.services.values());
    let tables = (instances.map(|i| &i.settings))
        .chain(wiring.edges.iter().map(|rule| &rule.settings))
        .chain(wiring.servers.iter().map(|rule| &rule.settings))
        .chain(wiring.processes.iter().map(|rule| &rule.settings))
        .chain(std::iter::once(&wiring.target.settings));
    tables
        .filter_map(|table| find_reference_in(table, wanted))
        .min_by_key(|span| (span.file, span.start))
}

fn find_reference_in(table: &Table, wanted: &Reference) -> Option<Span> {
    let found = |item: &Item| match &item.value {
        Value::Reference(reference) => (reference == wanted).then_some(item.span),
        Value::Table(table) => find_reference_in(table, wanted),
        Value::Array(items) => {
            let reference =
                |item: &&Item| matches!(&item.value, Value::Reference(r) if r == wanted);
            items.iter().find(reference).map(|item| item.span)
        }
        _ => None,
    };
    table.entries.values().filter_map(found).min_by_key(|span| span.start)
}
