//! Tables with an old name: each is an error, and is read under its new name, so that nothing in it seems to be missing.

use std::ops::Range;

use bp_diag::catalog::wiring as codes;
use bp_diag::{Diagnostics, Edit, FileId, Span};

use crate::{Item, Table, Value};

/// The old name and the new one; a plugin's table must not have an old one, since it would be read under the new name.
const TABLES: &[(&str, &str)] = &[("job", "init")];

/// Whether a table has an old name.
pub(crate) fn is_old_name(name: &str) -> bool {
    TABLES.iter().any(|(old, _)| *old == name)
}

/// How many bytes the key at the start of `rest` has, quotes included, if it is the old name of a table.
pub(crate) fn old_key_len(rest: &[u8]) -> Option<usize> {
    let bare = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    TABLES.iter().find_map(|(old, _)| {
        if let quote @ (b'"' | b'\'') = rest.first()? {
            let behind = rest.get(1..)?.strip_prefix(old.as_bytes())?;
            return (behind.first() == Some(quote)).then_some(old.len() + 2);
        }
        let behind = rest.strip_prefix(old.as_bytes())?;
        (!behind.first().is_some_and(bare)).then_some(old.len())
    })
}

/// Reports tables of a file that have an old name, once each, and gives them the new one; `found` is where they stand.
pub(crate) fn report(
    file: FileId,
    text: &str,
    found: &[Range<usize>],
    root: &mut Table,
    out: &mut Diagnostics,
) {
    for (old, new) in TABLES {
        let Some(item) = root.entries.remove(*old) else { continue };
        let here = |range: &&Range<usize>| {
            text.get((*range).clone()).is_some_and(|key| key.trim_matches(['"', '\'']) == *old)
        };
        let edit = |range: &Range<usize>| Edit {
            span: Span::new(file, range.start, range.end),
            text: (*new).to_owned(),
        };
        // Renamed, some entry could be there twice.
        let edits = if holds_same_key(root, new, &item) {
            Vec::new()
        } else {
            found.iter().filter(here).map(edit).collect()
        };
        let (was, is) = (format!("[{old}.NAME]"), format!("[{new}.NAME]"));
        out.push(codes::renamed(item.key, &was, &is, edits));
        adopt(root, new, item);
    }
}

/// Adds the content of a table with an old name to the table with the new one; what is not a table has no meaning under either name.
fn adopt(root: &mut Table, name: &str, item: Item) {
    let Value::Table(old) = &item.value else { return };
    match root.entries.get_mut(name).map(|known| &mut known.value) {
        None => {
            root.entries.insert(name.to_owned(), item);
        }
        Some(Value::Table(known)) => {
            for (key, item) in &old.entries {
                known.entries.entry(key.clone()).or_insert_with(|| item.clone());
            }
        }
        Some(_) => {}
    }
}

/// Whether the table `name` has an entry that the table under its old name has too.
fn holds_same_key(root: &Table, name: &str, old: &Item) -> bool {
    let known = root.get(name).and_then(Item::as_table);
    let (Some(known), Some(old)) = (known, old.as_table()) else { return false };
    old.entries.keys().any(|key| known.get(key).is_some())
}
