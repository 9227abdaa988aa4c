//! Written values against Rust types: the way down, which constructor parameters and calls share.
//!
//! The two differ in how single values are written ([`crate::literal`], [`crate::encoded`]) and in what may be left out; that is [`Form`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use bp_diag::Span;
use bp_plan::Value;
use bp_plugin::any;
use bp_wiring::{Item, Table, Value as Written};
use bp_workflow::{FieldModel, Type, TypeKind, TypeModel, VariantModel, WorkflowModel};

use crate::{encoded, literal};

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As settings: `"500ms"`; a reference stands for any value, and every field is there.
    Configuration,
    /// As the JSON that a call carries: `"0.5s"`; a missing field is its type's empty value.
    Call,
}

/// Why a value is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// From the value as a whole: `.items[2].price`.
    pub(crate) path: String,
    /// The part that does not fit.
    pub(crate) span: Span,
    /// What that part is: "an integer".
    pub(crate) found: String,
    pub(crate) why: Why,
}

/// What is wrong with a part of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    /// Another type.
    Mismatch {
        /// What is wanted: "a whole number from 0 to 255".
        wanted: String,
        /// A value that fits, as TOML.
        example: String,
    },
    /// No wiring can write the type.
    Unwritable(String),
    /// A field or a variant that the type has not.
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

/// Reads a value of a type.
///
/// # Errors
/// Every part that does not fit, at least one.
pub(crate) fn read(
    workflow: &WorkflowModel,
    form: Form,
    ty: &Type,
    item: &Item,
) -> Result<Value, Vec<Fault>> {
    let mut walk = Walk { workflow, form, path: String::new(), faults: Vec::new() };
    match walk.value(ty, item) {
        Some(value) if walk.faults.is_empty() => Ok(value),
        _ => Err(walk.faults),
    }
}

struct Walk<'a> {
    workflow: &'a WorkflowModel,
    form: Form,
    path: String,
    faults: Vec<Fault>,
}

impl Walk<'_> {
    /// The value, unless a fault was noted.
    fn value(&mut self, ty: &Type, item: &Item) -> Option<Value> {
        let is_call = self.form == Form::Call;
        if let Written::Reference(reference) = &item.value {
            if !is_call {
                // Its text is known at start-up only.
                return Some(any(item));
            }
            // A call is data, in which nothing is looked up.
            let table = encoded::item_of(&reference.to_json(), item)?;
            return self.value(ty, &table);
        }
        match ty {
            Type::Option(inner) if is_call && encoded::is_nullable(self.workflow, inner) => {
                self.some(inner, item)
            }
            Type::Option(inner) | Type::Box(inner) => self.value(inner, item),
            Type::Array(inner, _) if is_call && **inner == Type::U8 => self.single(ty, item),
            Type::Vec(inner) | Type::Set(inner) => {
                let items = self.items(ty, item)?;
                Some(self.each(inner, &items))
            }
            Type::Array(inner, length) => {
                let items = self.items(ty, item)?;
                let empty = is_call && items.is_empty() && encoded::has_empty(self.workflow, inner);
                if u64::try_from(items.len()).ok() != Some(*length) && !empty {
                    return self.mismatch(ty, item);
                }
                Some(self.each(inner, &items))
            }
            Type::Tuple(types) => {
                let items = self.items(ty, item)?;
                if !self.fits(types.iter(), items.len()) {
                    return self.mismatch(ty, item);
                }
                Some(self.in_order(types.iter(), &items))
            }
            Type::Map(key, inner) if **key == Type::String => {
                let table = self.table(item);
                let Some(table) = table else { return self.mismatch(ty, item) };
                let mut values = BTreeMap::new();
                for (name, item) in &table.entries {
                    let value = self.below(&format!(".{name}"), |walk| walk.value(inner, item));
                    values.extend(value.map(|value| (name.clone(), value)));
                }
                Some(Value::Table(values))
            }
            Type::Map(key, inner) if is_call => {
                let items = self.items(ty, item)?;
                // A map whose keys are no text is a list of pairs.
                let pair = Type::Tuple(vec![(**key).clone(), (**inner).clone()]);
                for item in items.iter() {
                    if item.as_array().is_none_or(|parts| parts.len() != 2) {
                        self.mismatch(&pair, item);
                    }
                }
                Some(self.each(&pair, &items))
            }
            Type::Named(path) => self.named(ty, path, item),
            _ => self.single(ty, item),
        }
    }

    /// A value without parts.
    fn single(&mut self, ty: &Type, item: &Item) -> Option<Value> {
        let read = match self.form {
            Form::Configuration => literal::read(ty, item),
            Form::Call => encoded::read(ty, item),
        };
        read.map_err(|why| self.note(item, why)).ok()
    }

    /// `{ some = value }`: an option around what may itself be nothing.
    fn some(&mut self, inner: &Type, item: &Item) -> Option<Value> {
        let table = self.table(item);
        let Some(item) = table.as_ref().and_then(|table| table.get("some")) else {
            let wanted =
                String::from("a table `{ some = … }`, for the value itself may be nothing");
            let example = String::from("{ some = … }");
            self.note(item, Why::Mismatch { wanted, example });
            return None;
        };
        self.below(".some", |walk| walk.value(inner, item))
    }

    fn each(&mut self, inner: &Type, items: &[Item]) -> Value {
        self.in_order(std::iter::repeat_n(inner, items.len()), items)
    }

    fn in_order<'t>(&mut self, types: impl Iterator<Item = &'t Type>, items: &[Item]) -> Value {
        let mut values = Vec::new();
        for (index, (ty, item)) in types.zip(items).enumerate() {
            values.extend(self.below(&format!("[{index}]"), |walk| walk.value(ty, item)));
        }
        Value::List(values)
    }

    /// Whether so many items are enough: in a call, later ones may be missing.
    fn fits<'t>(&self, types: impl ExactSizeIterator<Item = &'t Type>, length: usize) -> bool {
        let wanted = types.len();
        let mut rest = types.skip(length);
        let can_be_empty = |ty| encoded::has_empty(self.workflow, ty);
        length == wanted || self.form == Form::Call && length < wanted && rest.all(can_be_empty)
    }

    /// A struct as a table, a newtype as its value, an enum as a variant's name or a table of one.
    fn named(&mut self, ty: &Type, path: &str, item: &Item) -> Option<Value> {
        let short = crate::parameter::short(path);
        let Some(model) = self.workflow.types.get(path) else {
            self.note(item, Why::Unwritable(short.to_owned()));
            return None;
        };
        match &model.kind {
            TypeKind::Enum(variants) => self.variant(model, variants, item),
            TypeKind::Struct(fields) if !fields.is_empty() => self.fields(model, fields, item),
            TypeKind::TupleStruct(fields) if !fields.is_empty() => {
                self.unnamed(short, fields, item)
            }
            // Without fields there is nothing to say.
            _ if self.form == Form::Call && self.table(item).is_some() => Some(any(item)),
            TypeKind::Struct(_) | TypeKind::TupleStruct(_) => self.mismatch(ty, item),
            TypeKind::Unit => {
                self.note(item, Why::Unwritable(short.to_owned()));
                None
            }
        }
    }

    fn unnamed(&mut self, of: &str, fields: &[FieldModel], item: &Item) -> Option<Value> {
        if let [only] = fields {
            return self.value(&only.ty.ty, item);
        }
        let items = self
            .listed(item)
            .filter(|items| self.fits(fields.iter().map(|f| &f.ty.ty), items.len()));
        let Some(items) = items else {
            let wanted = format!("a list with the {} fields of `{of}`", fields.len());
            self.note(item, Why::Mismatch { wanted, example: "[…]".to_owned() });
            return None;
        };
        Some(self.in_order(fields.iter().map(|f| &f.ty.ty), &items))
    }

    fn fields(&mut self, model: &TypeModel, fields: &[FieldModel], item: &Item) -> Option<Value> {
        let of = model.name.as_str();
        let known: Vec<String> = fields.iter().map(|f| f.name.clone()).collect();
        let Some(table) = self.table(item) else {
            let wanted = match self.form {
                Form::Configuration if known.is_empty() => {
                    format!("a table with the fields of `{of}`")
                }
                _ => format!("a table with the fields of `{of}`: {}", quoted(&known)),
            };
            self.note(item, Why::Mismatch { wanted, example: "{ … }".to_owned() });
            return None;
        };
        for (name, inner) in &table.entries {
            if !known.contains(name) {
                let why = Why::Unknown {
                    what: "field",
                    name: name.clone(),
                    span: inner.key,
                    of: of.to_owned(),
                    known: known.clone(),
                    declared: model.span,
                };
                self.note(item, why);
            }
        }
        let mut values = BTreeMap::new();
        for field in fields {
            match table.entries.get(&field.name) {
                Some(item) => {
                    let step = format!(".{}", field.name);
                    let value = self.below(&step, |walk| walk.value(&field.ty.ty, item));
                    values.extend(value.map(|value| (field.name.clone(), value)));
                }
                None if self.may_be_missing(&field.ty.ty) => {}
                None => {
                    let (field, of, declared) = (field.name.clone(), of.to_owned(), field.span);
                    self.note(item, Why::Missing { field, of, declared });
                }
            }
        }
        Some(Value::Table(values))
    }

    fn may_be_missing(&self, ty: &Type) -> bool {
        match self.form {
            Form::Configuration => matches!(ty, Type::Option(_)),
            Form::Call => encoded::has_empty(self.workflow, ty),
        }
    }

    fn variant(
        &mut self,
        model: &TypeModel,
        variants: &[VariantModel],
        item: &Item,
    ) -> Option<Value> {
        // What stands for the infrastructure's failure is never encoded.
        let known: Vec<&VariantModel> = variants.iter().filter(|v| !v.infra).collect();
        let table = self.table(item);
        let written = match (&item.value, &table) {
            (_, Some(table)) if table.entries.len() == 1 => table.entries.iter().next(),
            (Written::String(name), None) => Some((name, item)),
            _ => None,
        };
        let Some((name, content)) = written else {
            self.no_variant(model, &known, item);
            return None;
        };
        let Some(variant) = known.iter().find(|v| v.name == *name) else {
            let why = Why::Unknown {
                what: "variant",
                name: name.clone(),
                // A name alone is the value itself.
                span: if table.is_some() { content.key } else { item.span },
                of: model.name.clone(),
                known: known.iter().map(|v| v.name.clone()).collect(),
                declared: model.span,
            };
            self.note(item, why);
            return None;
        };
        let fields = variant.shape.fields();
        let has_content = table.is_some();
        if fields.is_empty() {
            // A call's decoder skips what a later build may have put into it.
            if has_content && self.form == Form::Configuration {
                self.no_variant(model, &known, item);
                return None;
            }
            return Some(Value::Text(name.clone()));
        }
        if !has_content {
            let wanted = format!("`{name}` of `{}` with its content", model.name);
            let example = format!("{{ {name} = … }}");
            self.note(item, Why::Mismatch { wanted, example });
            return None;
        }
        let of = format!("{}::{name}", model.name);
        let value = self.below(&format!(".{name}"), |walk| match variant.shape {
            bp_workflow::VariantShape::Struct(_) => {
                let inner = TypeModel { name: of, span: variant.span, ..model.clone() };
                walk.fields(&inner, fields, content)
            }
            _ => walk.unnamed(&of, fields, content),
        })?;
        Some(Value::Table(std::iter::once((name.clone(), value)).collect()))
    }

    fn no_variant(&mut self, model: &TypeModel, known: &[&VariantModel], item: &Item) {
        let names: Vec<String> = known.iter().map(|v| v.name.clone()).collect();
        let wanted = format!("a variant of `{}`: {}", model.name, quoted(&names));
        let example = format!("\"{}\"", names.first().map_or("…", String::as_str));
        self.note(item, Why::Mismatch { wanted, example });
    }

    /// The items of a list, noting what is none.
    fn items<'i>(&mut self, ty: &Type, item: &'i Item) -> Option<Cow<'i, [Item]>> {
        let items = self.listed(item);
        if items.is_none() {
            self.mismatch(ty, item);
        }
        items
    }

    fn listed<'i>(&self, item: &'i Item) -> Option<Cow<'i, [Item]>> {
        match (&item.value, self.form) {
            (Written::Array(items), _) => Some(Cow::Borrowed(items)),
            (_, Form::Call) => encoded::list_of_text(item).map(Cow::Owned),
            _ => None,
        }
    }

    fn table<'i>(&self, item: &'i Item) -> Option<Cow<'i, Table>> {
        match (&item.value, self.form) {
            (Written::Table(table), _) => Some(Cow::Borrowed(table)),
            (_, Form::Call) => encoded::table_of_text(item).map(Cow::Owned),
            _ => None,
        }
    }

    /// Goes one step down.
    fn below<T>(&mut self, step: &str, go: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(step);
        let done = go(self);
        self.path.truncate(length);
        done
    }

    fn mismatch(&mut self, ty: &Type, item: &Item) -> Option<Value> {
        let why = match self.form {
            Form::Configuration => literal::mismatch(ty),
            Form::Call => encoded::mismatch(ty),
        };
        self.note(item, why);
        None
    }

    fn note(&mut self, item: &Item, why: Why) {
        let found = match self.form {
            Form::Configuration => item.type_name().to_owned(),
            Form::Call => encoded::shown(item),
        };
        self.faults.push(Fault { path: self.path.clone(), span: item.span, found, why });
    }
}

/// `a`, `b`.
pub(crate) fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
