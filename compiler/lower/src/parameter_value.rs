//! Values of constructor parameters: which the runtime reads as literals, and which it decodes like values that cross a process.

use bp_plan::Value;
use bp_wiring::Item;
use bp_workflow::{Type, TypeUse, WorkflowModel};

use crate::literal;
use crate::value_fault::{FaultKind, ValueFault};
use crate::value_reader::{self, ValueForm};

/// Types that cannot be encoded, but that a wiring can write.
const LOCAL: &[&str] =
    &["bp_runtime::Secret", "bp_std::Secret", "isize", "std::path::PathBuf", "usize"];

/// Whether a parameter is decoded like a value that crossed a process, because the runtime has no literal of its type.
pub(crate) fn is_encoded(ty: &TypeUse) -> bool {
    // The model does not tell these from the lists and maps that have literals.
    let other = ["VecDeque", "HashMap"].iter().any(|name| ty.text.contains(name));
    !mentions(&ty.ty, &|t| matches!(t, Type::Local { .. }))
        && (other || mentions(&ty.ty, &|t| !has_literal(t)))
}

/// Whether the runtime reads a value of this type, and its parts, as a literal.
fn has_literal(ty: &Type) -> bool {
    match ty {
        Type::Map(key, _) => **key == Type::String,
        Type::Bool
        | Type::Char
        | Type::String
        | Type::F32
        | Type::F64
        | Type::Duration
        | Type::Option(_)
        | Type::Vec(_)
        | Type::Local { .. } => true,
        ty => literal::is_whole(ty),
    }
}

/// Whether a type, or one inside it, is `wanted`.
fn mentions(ty: &Type, wanted: &impl Fn(&Type) -> bool) -> bool {
    wanted(ty)
        || match ty {
            Type::Option(inner)
            | Type::Box(inner)
            | Type::Vec(inner)
            | Type::Array(inner, _)
            | Type::Set(inner) => mentions(inner, wanted),
            Type::Map(key, value) => mentions(key, wanted) || mentions(value, wanted),
            Type::Tuple(types) => types.iter().any(|t| mentions(t, wanted)),
            _ => false,
        }
}

/// Reads the value of a parameter, as its constructor will take it.
///
/// # Errors
/// Every part that does not fit, at least one.
pub(crate) fn read(
    workflow: &WorkflowModel,
    ty: &TypeUse,
    item: &Item,
) -> Result<Value, Vec<ValueFault>> {
    // No text that a reference could hold would be such a value.
    if let Type::Local { text, .. } = &ty.ty
        && !LOCAL.contains(&text.as_str())
    {
        return Err(vec![ValueFault {
            path: String::new(),
            span: item.span,
            found: item.type_name().to_owned(),
            why: FaultKind::Unwritable(text.clone()),
        }]);
    }
    let value = value_reader::read(workflow, ValueForm::Configuration, &ty.ty, item)?;
    Ok(if is_encoded(ty) { encode_durations(value) } else { value })
}

/// Times are encoded in seconds.
fn encode_durations(value: Value) -> Value {
    match value {
        Value::Duration(time) => {
            Value::Text(format!("{}.{:09}s", time.as_secs(), time.subsec_nanos()))
        }
        Value::List(values) => Value::List(values.into_iter().map(encode_durations).collect()),
        Value::Table(values) => Value::Table(
            values.into_iter().map(|(name, value)| (name, encode_durations(value))).collect(),
        ),
        value => value,
    }
}
