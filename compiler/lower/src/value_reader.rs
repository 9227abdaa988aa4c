//! Reads written values of Rust types, part by part; constructor parameters and calls share this.
//!
//! They differ in how single values are written ([`crate::literal`], [`crate::encoded`]) and in what may be left out; [`ValueForm`] says which.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bp_plan::Value;
use bp_plugin::to_value;
use bp_wiring::{Item, Table, Value as Written};
use bp_workflow::{FieldModel, Type, TypeKind, TypeModel, VariantModel, WorkflowModel};

use crate::value_fault::{FaultKind, ValueFault};
use crate::{encoded, literal};

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueForm {
    /// As settings: `"500ms"`; a reference stands for any value, and every field is there.
    Configuration,
    /// As the JSON that a call carries: `"0.5s"`; a missing field is its type's empty value.
    Call,
}

/// Reads a value of a type.
///
/// # Errors
/// Every part that does not fit, at least one.
pub(crate) fn read(
    workflow: &WorkflowModel,
    form: ValueForm,
    ty: &Type,
    item: &Item,
) -> Result<Value, Vec<ValueFault>> {
    let mut reader = Reader { workflow, form, path: String::new(), faults: Vec::new() };
    match reader.read_value(ty, item) {
        Some(value) if reader.faults.is_empty() => Ok(value),
        _ => Err(reader.faults),
    }
}

struct Reader<'a> {
    workflow: &'a WorkflowModel,
    form: ValueForm,
    path: String,
    faults: Vec<ValueFault>,
}

impl Reader<'_> {
    /// Reads a value; `None` after a fault was noted.
    fn read_value(&mut self, ty: &Type, item: &Item) -> Option<Value> {
        let is_call = self.form == ValueForm::Call;
        if let Written::Reference(reference) = &item.value {
            if !is_call {
                // Its text is known at start-up only.
                return Some(to_value(item));
            }
            // The values of a call are sent as they are, so a table like `{ env = … }` is only a table.
            let table = encoded::json_to_item(&reference.to_json(), item)?;
            return self.read_value(ty, &table);
        }
        match ty {
            Type::Option(inner) if is_call && encoded::is_nullable(self.workflow, inner) => {
                self.read_some(inner, item)
            }
            Type::Option(inner) | Type::Box(inner) => self.read_value(inner, item),
            Type::Array(inner, _) if is_call && **inner == Type::U8 => self.read_single(ty, item),
            Type::Vec(inner) | Type::Set(inner) => {
                let items = self.read_items(ty, item)?;
                Some(self.read_each(inner, &items))
            }
            Type::Array(inner, length) => {
                let items = self.read_items(ty, item)?;
                let empty = is_call && items.is_empty() && encoded::has_empty(self.workflow, inner);
                if u64::try_from(items.len()).ok() != Some(*length) && !empty {
                    return self.note_mismatch(ty, item);
                }
                Some(self.read_each(inner, &items))
            }
            Type::Tuple(types) => {
                let items = self.read_items(ty, item)?;
                if !self.fits_length(types.iter(), items.len()) {
                    return self.note_mismatch(ty, item);
                }
                Some(self.read_in_order(types.iter(), &items))
            }
            Type::Map(key, inner) if **key == Type::String => {
                let table = self.as_table(item);
                let Some(table) = table else { return self.note_mismatch(ty, item) };
                let mut values = BTreeMap::new();
                for (name, item) in &table.entries {
                    let value = self
                        .step_into(&format!(".{name}"), |reader| reader.read_value(inner, item));
                    values.extend(value.map(|value| (name.clone(), value)));
                }
                Some(Value::Table(values))
            }
            Type::Map(key, inner) if is_call => {
                let items = self.read_items(ty, item)?;
                // In JSON, a map whose keys are not text is a list of pairs.
                let pair = Type::Tuple(vec![(**key).clone(), (**inner).clone()]);
                for item in items.iter() {
                    if item.as_array().is_none_or(|parts| parts.len() != 2) {
                        self.note_mismatch(&pair, item);
                    }
                }
                Some(self.read_each(&pair, &items))
            }
            Type::Named(path) => self.read_named(ty, path, item),
            _ => self.read_single(ty, item),
        }
    }

    /// A value without parts.
    fn read_single(&mut self, ty: &Type, item: &Item) -> Option<Value> {
        let read = match self.form {
            ValueForm::Configuration => literal::read(ty, item),
            ValueForm::Call => encoded::read(ty, item),
        };
        read.map_err(|why| self.note(item, why)).ok()
    }

    /// `{ some = value }`: an option whose inner value may itself be `null`.
    fn read_some(&mut self, inner: &Type, item: &Item) -> Option<Value> {
        let table = self.as_table(item);
        let Some(item) = table.as_ref().and_then(|table| table.get("some")) else {
            let wanted =
                String::from("a table `{ some = … }`, because the value itself may be nothing");
            let example = String::from("{ some = … }");
            self.note(item, FaultKind::Mismatch { wanted, example });
            return None;
        };
        self.step_into(".some", |reader| reader.read_value(inner, item))
    }

    fn read_each(&mut self, inner: &Type, items: &[Item]) -> Value {
        self.read_in_order(std::iter::repeat_n(inner, items.len()), items)
    }

    fn read_in_order<'t>(
        &mut self,
        types: impl Iterator<Item = &'t Type>,
        items: &[Item],
    ) -> Value {
        let mut values = Vec::new();
        for (index, (ty, item)) in types.zip(items).enumerate() {
            values.extend(
                self.step_into(&format!("[{index}]"), |reader| reader.read_value(ty, item)),
            );
        }
        Value::List(values)
    }

    /// Whether this number of items fits: in a call, the last ones may be missing.
    fn fits_length<'t>(
        &self,
        types: impl ExactSizeIterator<Item = &'t Type>,
        length: usize,
    ) -> bool {
        let wanted = types.len();
        let mut rest = types.skip(length);
        let can_be_empty = |ty| encoded::has_empty(self.workflow, ty);
        length == wanted
            || self.form == ValueForm::Call && length < wanted && rest.all(can_be_empty)
    }

    /// A struct as a table, a newtype as its value, an enum as a variant's name or a table of one.
    fn read_named(&mut self, ty: &Type, path: &str, item: &Item) -> Option<Value> {
        let short = crate::names::short_name(path);
        let Some(model) = self.workflow.types.get(path) else {
            self.note(item, FaultKind::Unwritable(short.to_owned()));
            return None;
        };
        match &model.kind {
            TypeKind::Enum(variants) => self.read_variant(model, variants, item),
            TypeKind::Struct(fields) if !fields.is_empty() => self.read_fields(model, fields, item),
            TypeKind::TupleStruct(fields) if !fields.is_empty() => {
                self.read_tuple(short, fields, item)
            }
            // Without fields there is nothing to say.
            _ if self.form == ValueForm::Call && self.as_table(item).is_some() => {
                Some(to_value(item))
            }
            TypeKind::Struct(_) | TypeKind::TupleStruct(_) => self.note_mismatch(ty, item),
            TypeKind::Unit => {
                self.note(item, FaultKind::Unwritable(short.to_owned()));
                None
            }
        }
    }

    fn read_tuple(&mut self, of: &str, fields: &[FieldModel], item: &Item) -> Option<Value> {
        if let [only] = fields {
            return self.read_value(&only.ty.ty, item);
        }
        let items = self
            .as_list(item)
            .filter(|items| self.fits_length(fields.iter().map(|f| &f.ty.ty), items.len()));
        let Some(items) = items else {
            let wanted = format!("a list with the {} fields of `{of}`", fields.len());
            self.note(item, FaultKind::Mismatch { wanted, example: "[…]".to_owned() });
            return None;
        };
        Some(self.read_in_order(fields.iter().map(|f| &f.ty.ty), &items))
    }

    fn read_fields(
        &mut self,
        model: &TypeModel,
        fields: &[FieldModel],
        item: &Item,
    ) -> Option<Value> {
        let of = model.name.as_str();
        let known: Vec<String> = fields.iter().map(|f| f.name.clone()).collect();
        let Some(table) = self.as_table(item) else {
            let wanted = match self.form {
                ValueForm::Configuration if known.is_empty() => {
                    format!("a table with the fields of `{of}`")
                }
                _ => format!("a table with the fields of `{of}`: {}", quote_names(&known)),
            };
            self.note(item, FaultKind::Mismatch { wanted, example: "{ … }".to_owned() });
            return None;
        };
        for (name, inner) in &table.entries {
            if !known.contains(name) {
                let why = FaultKind::Unknown {
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
                    let value =
                        self.step_into(&step, |reader| reader.read_value(&field.ty.ty, item));
                    values.extend(value.map(|value| (field.name.clone(), value)));
                }
                None if self.may_be_missing(&field.ty.ty) => {}
                None => {
                    let (field, of, declared) = (field.name.clone(), of.to_owned(), field.span);
                    self.note(item, FaultKind::Missing { field, of, declared });
                }
            }
        }
        Some(Value::Table(values))
    }

    fn may_be_missing(&self, ty: &Type) -> bool {
        match self.form {
            ValueForm::Configuration => matches!(ty, Type::Option(_)),
            ValueForm::Call => encoded::has_empty(self.workflow, ty),
        }
    }

    fn read_variant(
        &mut self,
        model: &TypeModel,
        variants: &[VariantModel],
        item: &Item,
    ) -> Option<Value> {
        // The variant of infrastructure errors is never encoded.
        let known: Vec<&VariantModel> = variants.iter().filter(|v| !v.infra).collect();
        let table = self.as_table(item);
        let written = match (&item.value, &table) {
            (_, Some(table)) if table.entries.len() == 1 => table.entries.iter().next(),
            (Written::String(name), None) => Some((name, item)),
            _ => None,
        };
        let Some((name, content)) = written else {
            self.note_no_variant(model, &known, item);
            return None;
        };
        let Some(variant) = known.iter().find(|v| v.name == *name) else {
            let why = FaultKind::Unknown {
                what: "variant",
                name: name.clone(),
                // A name alone is the whole value.
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
            if has_content && self.form == ValueForm::Configuration {
                self.note_no_variant(model, &known, item);
                return None;
            }
            return Some(Value::Text(name.clone()));
        }
        if !has_content {
            let wanted = format!("`{name}` of `{}` with its content", model.name);
            let example = format!("{{ {name} = … }}");
            self.note(item, FaultKind::Mismatch { wanted, example });
            return None;
        }
        let of = format!("{}::{name}", model.name);
        let value = self.step_into(&format!(".{name}"), |reader| match variant.shape {
            bp_workflow::VariantShape::Struct(_) => {
                let inner = TypeModel { name: of, span: variant.span, ..model.clone() };
                reader.read_fields(&inner, fields, content)
            }
            _ => reader.read_tuple(&of, fields, content),
        })?;
        Some(Value::Table(std::iter::once((name.clone(), value)).collect()))
    }

    fn note_no_variant(&mut self, model: &TypeModel, known: &[&VariantModel], item: &Item) {
        let names: Vec<String> = known.iter().map(|v| v.name.clone()).collect();
        let wanted = format!("a variant of `{}`: {}", model.name, quote_names(&names));
        let example = format!("\"{}\"", names.first().map_or("…", String::as_str));
        self.note(item, FaultKind::Mismatch { wanted, example });
    }

    /// The items of a list; anything else is noted as a fault.
    fn read_items<'i>(&mut self, ty: &Type, item: &'i Item) -> Option<Cow<'i, [Item]>> {
        let items = self.as_list(item);
        if items.is_none() {
            self.note_mismatch(ty, item);
        }
        items
    }

    fn as_list<'i>(&self, item: &'i Item) -> Option<Cow<'i, [Item]>> {
        match (&item.value, self.form) {
            (Written::Array(items), _) => Some(Cow::Borrowed(items)),
            (_, ValueForm::Call) => encoded::parse_list(item).map(Cow::Owned),
            _ => None,
        }
    }

    fn as_table<'i>(&self, item: &'i Item) -> Option<Cow<'i, Table>> {
        match (&item.value, self.form) {
            (Written::Table(table), _) => Some(Cow::Borrowed(table)),
            (_, ValueForm::Call) => encoded::parse_table(item).map(Cow::Owned),
            _ => None,
        }
    }

    /// Goes one step down.
    fn step_into<T>(&mut self, step: &str, go: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        self.path.push_str(step);
        let done = go(self);
        self.path.truncate(length);
        done
    }

    fn note_mismatch(&mut self, ty: &Type, item: &Item) -> Option<Value> {
        let why = match self.form {
            ValueForm::Configuration => literal::describe_mismatch(ty),
            ValueForm::Call => encoded::describe_mismatch(ty),
        };
        self.note(item, why);
        None
    }

    fn note(&mut self, item: &Item, why: FaultKind) {
        let found = match self.form {
            ValueForm::Configuration => item.type_name().to_owned(),
            ValueForm::Call => encoded::show(item),
        };
        self.faults.push(ValueFault { path: self.path.clone(), span: item.span, found, why });
    }
}

/// `a`, `b`.
pub(crate) fn quote_names(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
