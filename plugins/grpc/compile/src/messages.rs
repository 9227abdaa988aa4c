//! Messages of a `.proto` file, in step with the table of `bp-data`.

use std::collections::{BTreeMap, BTreeSet};

use bp_plugin::Plan;
use bp_plugin::plan::{FieldPlan, Shape, TypeBody, TypeDefPlan, TypePlan, VariantPlan};

use crate::names;

/// The messages and enums that a file needs, collected as types are named.
#[derive(Debug)]
pub(crate) struct Messages<'a> {
    types: &'a BTreeMap<String, TypeDefPlan>,
    /// Proto names of the types that the workflow defines, by path.
    names: BTreeMap<String, String>,
    taken: BTreeSet<String>,
    /// Definitions by proto name.
    definitions: BTreeMap<String, String>,
    /// Names of messages that have no Rust type of their own, by what they hold.
    anonymous: BTreeMap<String, String>,
    /// Types whose definition is written or under way, which ends recursion.
    seen: BTreeSet<String>,
}

/// A field as it is declared: `repeated Item`, `optional uint32`, `map<string, Item>`.
type Declared = String;

impl<'a> Messages<'a> {
    /// Messages over the plan's types; `services` are names that no message may take.
    pub(crate) fn new(plan: &'a Plan, services: impl IntoIterator<Item = String>) -> Self {
        let names = names::of_types(plan.types.keys().map(String::as_str));
        let mut taken: BTreeSet<String> = services.into_iter().collect();
        // A type keeps its name when a service has the same: the message gets a number instead.
        let names = names
            .into_iter()
            .map(|(path, name)| (path, names::unique(&mut taken, &name)))
            .collect();
        Self {
            types: &plan.types,
            names,
            taken,
            definitions: BTreeMap::new(),
            anonymous: BTreeMap::new(),
            seen: BTreeSet::new(),
        }
    }

    /// The definitions, by name.
    pub(crate) fn into_definitions(self) -> BTreeMap<String, String> {
        self.definitions
    }

    /// Takes one definition out.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.definitions.remove(name)
    }

    /// The message that an application error is encoded in: the error as field 1.
    pub(crate) fn error(&mut self, path: &str) -> String {
        let error = self.named(path);
        self.anonymous(
            &format!("{error}Detail"),
            &format!("error {error}"),
            &[("error", error.clone())],
        )
    }

    /// Defines a message of named fields and returns its name.
    pub(crate) fn message<'f>(
        &mut self,
        name: &str,
        doc: &str,
        fields: impl IntoIterator<Item = (&'f str, &'f TypePlan, u32)>,
    ) -> String {
        let name = names::unique(&mut self.taken, name);
        let mut lines = Lines::new(doc, "message", &name);
        let mut numbers = BTreeSet::new();
        for (field, ty, number) in fields {
            let declared = self.declared(ty);
            lines.field(1, "", &declared, &names::field(field), number);
            numbers.insert(number);
        }
        lines.reserve(&numbers);
        self.definitions.insert(name.clone(), lines.close());
        name
    }

    /// How a field of this type is declared.
    pub(crate) fn declared(&mut self, ty: &TypePlan) -> Declared {
        match ty {
            TypePlan::Option(inner) => format!("optional {}", self.singular(inner)),
            TypePlan::List(inner) | TypePlan::Array(inner, _) | TypePlan::Set(inner) => {
                format!("repeated {}", self.singular(inner))
            }
            TypePlan::Map(key, value) => {
                let (key_name, value_name) = (self.singular(key), self.singular(value));
                if is_map_key(key) {
                    return format!("map<{key_name}, {value_name}>");
                }
                let hint = format!("EntryOf{}To{}", self.hint(key), self.hint(value));
                let entry = self.anonymous(
                    &hint,
                    &format!("{key_name}->{value_name}"),
                    &[("key", key_name.clone()), ("value", value_name.clone())],
                );
                format!("repeated {entry}")
            }
            _ => self.singular(ty),
        }
    }

    /// A type that stands alone: optional and repeated ones get a message around them.
    pub(crate) fn singular(&mut self, ty: &TypePlan) -> String {
        match ty {
            TypePlan::Bool => "bool".into(),
            TypePlan::Char | TypePlan::Integer { signed: false, bits: ..=32 } => "uint32".into(),
            TypePlan::Integer { signed: false, bits: 33..=64 } => "uint64".into(),
            TypePlan::Integer { signed: true, bits: ..=32 } => "sint32".into(),
            TypePlan::Integer { signed: true, bits: 33..=64 } => "sint64".into(),
            TypePlan::Integer { .. } | TypePlan::Bytes => "bytes".into(),
            TypePlan::Float { bits: ..=32 } => "float".into(),
            TypePlan::Float { .. } => "double".into(),
            TypePlan::String | TypePlan::Known(_) => "string".into(),
            // A method with an opaque type is not offered, so that is never written.
            TypePlan::Unit | TypePlan::Opaque(_) => self.anonymous("Unit", "()", &[]),
            TypePlan::Duration => self.anonymous("Duration", "Duration", &seconds_and_nanos()),
            TypePlan::SystemTime => {
                self.anonymous("SystemTime", "SystemTime", &seconds_and_nanos())
            }
            TypePlan::Tuple(items) => {
                let fields: Vec<(String, Declared)> = items
                    .iter()
                    .enumerate()
                    .map(|(i, t)| (format!("field_{i}"), self.declared(t)))
                    .collect();
                let fields: Vec<(&str, Declared)> =
                    fields.iter().map(|(n, d)| (n.as_str(), d.clone())).collect();
                let key = fields.iter().map(|(_, d)| d.as_str()).collect::<Vec<_>>().join(",");
                let hint = self.hint(ty);
                self.anonymous(&hint, &format!("({key})"), &fields)
            }
            TypePlan::Option(_)
            | TypePlan::List(_)
            | TypePlan::Array(..)
            | TypePlan::Set(_)
            | TypePlan::Map(..) => {
                let declared = self.declared(ty);
                let hint = self.hint(ty);
                self.anonymous(&hint, &declared.clone(), &[("value", declared)])
            }
            TypePlan::Named(path) => self.named(path),
        }
    }

    /// A message without a Rust type of its own; one for each content.
    fn anonymous(&mut self, hint: &str, content: &str, fields: &[(&str, Declared)]) -> String {
        let key = format!("{hint}|{content}");
        if let Some(name) = self.anonymous.get(&key) {
            return name.clone();
        }
        let name = names::unique(&mut self.taken, hint);
        self.anonymous.insert(key, name.clone());
        let mut lines = Lines::new("", "message", &name);
        for ((field, declared), number) in fields.iter().zip(1..) {
            lines.field(1, "", declared, field, number);
        }
        self.definitions.insert(name.clone(), lines.close());
        name
    }

    /// A readable name for a type, used for messages around it.
    fn hint(&self, ty: &TypePlan) -> String {
        match ty {
            TypePlan::Bool => "Bool".into(),
            TypePlan::Char => "Char".into(),
            TypePlan::Integer { signed, bits } => {
                format!("{}{bits}", if *signed { "Int" } else { "Uint" })
            }
            TypePlan::Float { bits } => format!("Float{bits}"),
            TypePlan::String => "String".into(),
            TypePlan::Known(known) => format!("{known:?}"),
            TypePlan::Bytes => "Bytes".into(),
            TypePlan::Unit | TypePlan::Opaque(_) => "Unit".into(),
            TypePlan::Duration => "Duration".into(),
            TypePlan::SystemTime => "SystemTime".into(),
            TypePlan::Option(inner) => format!("OptionOf{}", self.hint(inner)),
            TypePlan::List(inner) | TypePlan::Array(inner, _) | TypePlan::Set(inner) => {
                format!("ListOf{}", self.hint(inner))
            }
            TypePlan::Map(key, value) => format!("MapOf{}To{}", self.hint(key), self.hint(value)),
            TypePlan::Tuple(items) => format!(
                "TupleOf{}",
                items.iter().map(|t| self.hint(t)).collect::<Vec<_>>().join("And")
            ),
            TypePlan::Named(path) => self.names.get(path).cloned().unwrap_or_else(|| "Unit".into()),
        }
    }

    /// Names a type that the workflow defines, defining it on the first use.
    pub(crate) fn named(&mut self, path: &str) -> String {
        let (Some(name), Some(definition)) = (self.names.get(path).cloned(), self.types.get(path))
        else {
            return self.anonymous("Unit", "()", &[]);
        };
        if self.seen.insert(path.to_owned()) {
            let text = match &definition.body {
                TypeBody::Struct { fields, .. } => self.structure(&name, &definition.doc, fields),
                TypeBody::Enum { variants } if !definition.error && is_plain_enum(variants) => {
                    plain_enum(&name, &definition.doc, variants)
                }
                TypeBody::Enum { variants } => self.one_of(&name, &definition.doc, variants),
            };
            self.definitions.insert(name.clone(), text);
        }
        name
    }

    fn structure(&mut self, name: &str, doc: &str, fields: &[FieldPlan]) -> String {
        let mut lines = Lines::new(doc, "message", name);
        self.fields(&mut lines, fields);
        lines.close()
    }

    fn fields(&mut self, lines: &mut Lines, fields: &[FieldPlan]) {
        let mut sorted: Vec<&FieldPlan> = fields.iter().collect();
        sorted.sort_by_key(|f| f.number);
        for field in &sorted {
            let declared = self.declared(&field.ty);
            lines.field(1, &field.doc, &declared, &names::field(&field.name), field.number);
        }
        lines.reserve(&sorted.iter().map(|f| f.number).collect());
    }

    /// An enum with data: one field a variant, of which one is set.
    fn one_of(&mut self, name: &str, doc: &str, variants: &[VariantPlan]) -> String {
        let mut lines = Lines::new(doc, "message", name);
        let mut sorted: Vec<&VariantPlan> = variants.iter().collect();
        sorted.sort_by_key(|v| v.number);
        if !sorted.is_empty() {
            lines.line(1, "oneof variant {");
            for variant in &sorted {
                let declared = self.variant(name, variant);
                lines.field(
                    2,
                    &variant.doc,
                    &declared,
                    &names::snake(&variant.name),
                    variant.number,
                );
            }
            lines.line(1, "}");
        }
        lines.reserve(&sorted.iter().map(|v| v.number).collect());
        lines.close()
    }

    fn variant(&mut self, owner: &str, variant: &VariantPlan) -> String {
        match (variant.shape, variant.fields.as_slice()) {
            (Shape::Unit, _) => self.singular(&TypePlan::Unit),
            (Shape::Tuple, [only]) => self.singular(&only.ty),
            (Shape::Tuple | Shape::Named, fields) => {
                let name = names::unique(&mut self.taken, &format!("{owner}{}", variant.name));
                let text = self.structure(&name, "", fields);
                self.definitions.insert(name.clone(), text);
                name
            }
        }
    }
}

/// Whether every variant is a bare name, which a proto enum can hold.
fn is_plain_enum(variants: &[VariantPlan]) -> bool {
    !variants.is_empty() && variants.iter().all(|v| v.shape == Shape::Unit)
}

/// Keys that the language of `.proto` allows in a map; on the wire a map is the same as repeated entries.
fn is_map_key(key: &TypePlan) -> bool {
    matches!(
        key,
        TypePlan::Bool
            | TypePlan::Char
            | TypePlan::Integer { bits: ..=64, .. }
            | TypePlan::String
            | TypePlan::Known(_)
    )
}

fn plain_enum(name: &str, doc: &str, variants: &[VariantPlan]) -> String {
    let prefix = names::screaming(name);
    let mut lines = Lines::new(doc, "enum", name);
    lines.line(1, "// Number 0 is what a missing field reads as; no variant has it.");
    lines.line(1, &format!("{prefix}_UNSPECIFIED = 0;"));
    let mut sorted: Vec<&VariantPlan> = variants.iter().collect();
    sorted.sort_by_key(|v| v.number);
    for variant in &sorted {
        lines.doc(1, &variant.doc);
        lines.line(
            1,
            &format!("{prefix}_{} = {};", names::screaming(&variant.name), variant.number),
        );
    }
    lines.reserve(&sorted.iter().map(|v| v.number).collect());
    lines.close()
}

fn seconds_and_nanos() -> [(&'static str, Declared); 2] {
    [("seconds", "sint64".into()), ("nanos", "uint32".into())]
}

/// The lines of one definition.
#[derive(Debug)]
pub(crate) struct Lines {
    lines: Vec<String>,
}

impl Lines {
    /// Opens `keyword name {` under its documentation.
    pub(crate) fn new(doc: &str, keyword: &str, name: &str) -> Self {
        let mut lines = Self { lines: Vec::new() };
        lines.doc(0, doc);
        lines.line(0, &format!("{keyword} {name} {{"));
        lines
    }

    pub(crate) fn line(&mut self, depth: usize, text: &str) {
        self.lines.push(format!("{}{text}", "  ".repeat(depth)));
    }

    pub(crate) fn doc(&mut self, depth: usize, doc: &str) {
        for line in doc.lines() {
            self.line(depth, format!("// {}", line.trim()).trim_end());
        }
    }

    fn field(&mut self, depth: usize, doc: &str, declared: &str, name: &str, number: u32) {
        self.doc(depth, doc);
        self.line(depth, &format!("{declared} {name} = {number};"));
    }

    /// Numbers below the highest that nothing has belonged to something removed; they are not given out again.
    fn reserve(&mut self, used: &BTreeSet<u32>) {
        let highest = used.last().copied().unwrap_or(0);
        let gaps: Vec<String> =
            (1..highest).filter(|n| !used.contains(n)).map(|n| n.to_string()).collect();
        if !gaps.is_empty() {
            self.line(1, &format!("reserved {};", gaps.join(", ")));
        }
    }

    /// Closes the brace.
    pub(crate) fn close(mut self) -> String {
        // `message Unit {}` on one line reads better than two braces on two.
        if self.lines.last().is_some_and(|l| l.ends_with('{')) {
            if let Some(last) = self.lines.last_mut() {
                last.push('}');
            }
        } else {
            self.lines.push("}".into());
        }
        let mut text = self.lines.join("\n");
        text.push('\n');
        text
    }
}
