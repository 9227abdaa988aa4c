//! The numbers that stand in messages: of fields, variants and arguments.
//!
//! The compiler takes them from the application's `wire.lock` and writes them into the run plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Every number that may stand in a message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WireTable {
    /// By type path, as `leaf_workflow::types::Stay`.
    pub types: BTreeMap<String, TypeNumbers>,
    /// By interface path, method and argument.
    pub methods: BTreeMap<String, BTreeMap<String, BTreeMap<String, u32>>>,
}

/// The numbers of one type: `fields` of a struct, or `variants` of an enum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TypeNumbers {
    /// By field name; an unnamed field is named by its position, from "0".
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, u32>,
    /// By variant name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variants: BTreeMap<String, VariantNumbers>,
}

/// The numbers of one variant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariantNumbers {
    /// The variant's own number, in its enum.
    pub number: u32,
    /// Its fields', as in [`TypeNumbers::fields`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, u32>,
}
