//! The definitions of the schema that others refer to.

use serde_json::{Value as Json, json};

/// A reference to a definition of the schema.
pub(crate) fn definition_ref(name: &str) -> Json {
    json!({ "$ref": format!("#/definitions/{name}") })
}
