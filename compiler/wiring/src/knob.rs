//! Reads `[knob]`.

use std::collections::BTreeMap;

use crate::build::{Builder, NO_KEYS};
use crate::{Item, Table, Value};

/// Reads `[knob]`: anything but a table is the default.
pub(crate) fn read(builder: &mut Builder<'_>) -> BTreeMap<String, Item> {
    let Some((table, _)) = builder.merge_section("knob", &NO_KEYS) else { return BTreeMap::new() };
    let mut knobs = BTreeMap::new();
    for (name, item) in table.entries {
        if !builder.check_name("a knob", &name, item.key) {
            continue;
        }
        let item = if item.as_table().is_some() {
            item
        } else {
            let entries = BTreeMap::from([("default".to_owned(), item.clone())]);
            Item { value: Value::Table(Table { entries, reset: false }), ..item }
        };
        knobs.insert(name, item);
    }
    knobs
}
