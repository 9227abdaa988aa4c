//! JSON values as BSON and back; every kind of number keeps its kind.

use bp_backend::Json;
use mongodb::bson::{Bson, Document as Fields};

/// A value as MongoDB stores it.
pub(crate) fn to_bson(value: &Json) -> Bson {
    match value {
        Json::Null => Bson::Null,
        Json::Bool(value) => Bson::Boolean(*value),
        Json::Int(number) => Bson::Int64(*number),
        Json::Float(number) => Bson::Double(*number),
        Json::String(text) => Bson::String(text.clone()),
        Json::Array(items) => Bson::Array(items.iter().map(to_bson).collect()),
        // Sorted by name on both sides, because MongoDB compares objects field by field.
        Json::Object(fields) => {
            let fields = fields.iter().map(|(name, field)| (name.clone(), to_bson(field)));
            Bson::Document(fields.collect::<Fields>())
        }
    }
}

/// A value that [`to_bson`] wrote; `None` for a value of a type that JSON does not have.
pub(crate) fn to_json(value: Bson) -> Option<Json> {
    Some(match value {
        Bson::Null => Json::Null,
        Bson::Boolean(value) => Json::Bool(value),
        Bson::Int32(number) => Json::Int(number.into()),
        Bson::Int64(number) => Json::Int(number),
        Bson::Double(number) => Json::Float(number),
        Bson::String(text) => Json::String(text),
        Bson::Array(items) => Json::Array(items.into_iter().map(to_json).collect::<Option<_>>()?),
        Bson::Document(fields) => {
            let fields = fields.into_iter().map(|(name, field)| Some((name, to_json(field)?)));
            Json::Object(fields.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_with_their_kind() {
        let value = Json::object([
            ("a.b", Json::from(vec![Json::Int(1), Json::Float(1.0), Json::Null])),
            ("$set", Json::object([("", Json::Bool(true)), ("x", Json::from("y"))])),
        ]);
        let back = to_json(to_bson(&value)).unwrap();
        assert_eq!(back.to_string(), value.to_string());
        assert_eq!(to_json(Bson::MaxKey), None);
    }
}
