//! Reads `[[patch]]`.

use bp_diag::catalog::wiring as codes;
use bp_diag::{Span, Spanned};

use crate::builder::Builder;
use crate::{Patch, Table};

/// The keys of a `[[patch]]`.
pub const PATCH_KEYS: &[&str] = &["file", "pointer", "reason", "remove", "value"];

/// Reads `[[patch]]`, the only list that later files append to.
pub(crate) fn read(builder: &mut Builder<'_>) -> Vec<Patch> {
    let mut patches = Vec::new();
    for layer in builder.layers {
        let Some(item) = layer.root.get("patch") else { continue };
        let tables = item
            .as_array()
            .map(|items| items.iter().map(|i| (i, i.as_table())).collect::<Vec<_>>());
        let Some(tables) = tables else {
            builder.out.push(codes::wrong_shape(
                item.span,
                "`patch`",
                "a list of tables",
                item.type_name(),
                "[[patch]]",
            ));
            continue;
        };
        for (item, table) in tables {
            let Some(table) = table else {
                builder.out.push(codes::wrong_shape(
                    item.span,
                    "an entry of `patch`",
                    "a table",
                    item.type_name(),
                    "[[patch]]",
                ));
                continue;
            };
            builder.out.extend(table.unknown_keys("a patch", PATCH_KEYS));
            patches.extend(read_patch(builder, item.span, table));
        }
    }
    patches
}

fn read_patch(builder: &mut Builder<'_>, span: Span, table: &Table) -> Option<Patch> {
    let file = read_text(builder, span, table, "file", "file = \"process/run.json\"");
    let pointer =
        read_text(builder, span, table, "pointer", "pointer = \"/processes/front/stop_ms\"");
    let reason = read_text(builder, span, table, "reason", "reason = \"why this is needed\"");
    let value = match (table.get("value"), table.get("remove")) {
        (Some(item), None) => Some(item.clone()),
        (None, Some(item)) if item.as_bool() == Some(true) => None,
        (None, None) => {
            builder.out.push(codes::missing_key(span, "value", "a patch", "value = …"));
            return None;
        }
        (value, Some(item)) => {
            let found =
                if value.is_some() { "set together with a `value`" } else { item.type_name() };
            let expected = "`true`, instead of a `value`";
            builder.out.push(codes::wrong_shape(
                item.span,
                "`remove`",
                expected,
                found,
                "remove = true",
            ));
            return None;
        }
    };
    Some(Patch { span, file: file?, pointer: pointer?, value, reason: reason? })
}

/// Reads a string that a patch must have.
fn read_text(
    builder: &mut Builder<'_>,
    span: Span,
    table: &Table,
    key: &str,
    example: &str,
) -> Option<Spanned<String>> {
    let Some(item) = table.get(key) else {
        builder.out.push(codes::missing_key(span, key, "a patch", example));
        return None;
    };
    let what = format!("`{key}`");
    let text = builder.read_string(item, &what, example)?;
    // The empty pointer is the whole document.
    if text.trim().is_empty() && key != "pointer" {
        builder.out.push(codes::wrong_shape(
            item.span,
            &what,
            "a text that is not empty",
            "an empty string",
            example,
        ));
        return None;
    }
    Some(Spanned::new(text, item.span))
}
