//! `[[patch]]`: edits of finished artifacts, for what a target cannot say.
//!
//! A patch names a JSON artifact and a place in it, which must exist: a patch that matches nothing is an error, so that none becomes outdated unnoticed.

use bp_diag::catalog::target as codes;
use bp_diag::{Diagnostic, Diagnostics};
use bp_emit::Artifacts;
use bp_wiring::Patch;
use serde_json::Value;

/// Applies patches in their order; those that fail are reported and change nothing.
///
/// With `partial`, some targets were left out of the build, so a missing file may be one of theirs.
pub(crate) fn apply(
    patches: &[Patch],
    artifacts: &mut Artifacts,
    partial: bool,
    diagnostics: &mut Diagnostics,
) {
    for patch in patches {
        if partial && artifacts.get(&patch.file.value).is_none() {
            continue;
        }
        if let Err(fault) = apply_one(patch, artifacts) {
            diagnostics.push(fault);
        }
    }
}

fn apply_one(patch: &Patch, artifacts: &mut Artifacts) -> Result<(), Diagnostic> {
    let file = patch.file.value.as_str();
    let Some(artifact) = artifacts.get(file) else {
        let known: Vec<&str> =
            artifacts.iter().map(|(path, _)| path.as_str()).filter(|p| is_json(p)).collect();
        return Err(codes::patch_without_file(patch.file.span, file, &known));
    };
    let document = is_json(file).then(|| serde_json::from_slice::<Value>(&artifact.bytes).ok());
    let Some(mut document) = document.flatten() else {
        return Err(codes::patch_of_text(patch.file.span, file));
    };
    edit_document(&mut document, patch)?;
    artifacts.replace(file, format!("{document:#}\n"));
    Ok(())
}

fn is_json(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| extension == "json")
}

fn edit_document(document: &mut Value, patch: &Patch) -> Result<(), Diagnostic> {
    let new = patch.value.as_ref().map(bp_wiring::Item::to_json);
    let keys = parse_pointer(patch)?;
    let Some((last, above)) = keys.split_last() else {
        *document = new.unwrap_or_default();
        return Ok(());
    };
    let mut place = document;
    let mut reached = String::new();
    for key in above {
        let known = list_keys(place);
        place = child_mut(place, key).ok_or_else(|| no_value(patch, &reached, &known))?;
        reached = format!("{reached}/{}", escape_key(key));
    }
    let missing = no_value(patch, &reached, &list_keys(place));
    match (place, new) {
        (Value::Array(items), Some(new)) if last == "-" => items.push(new),
        (place, Some(new)) => *child_mut(place, last).ok_or(missing)? = new,
        (Value::Object(entries), None) => {
            // Removal that keeps the order of the others.
            entries.shift_remove(last).ok_or(missing)?;
        }
        (Value::Array(items), None) => {
            let at = parse_index(last).filter(|at| *at < items.len()).ok_or(missing)?;
            items.remove(at);
        }
        (_, None) => return Err(missing),
    }
    Ok(())
}

/// The pointer's keys, unescaped.
fn parse_pointer(patch: &Patch) -> Result<Vec<String>, Diagnostic> {
    let pointer = patch.pointer.value.as_str();
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    let bad = |why: &str| codes::bad_pointer(patch.pointer.span, pointer, why);
    let rest = pointer.strip_prefix('/').ok_or_else(|| bad("it must start with `/`"))?;
    rest.split('/')
        .map(|key| {
            let plain = key.replace("~0", "").replace("~1", "");
            if plain.contains('~') {
                return Err(bad("`~` must be followed by `0` or `1`"));
            }
            Ok(key.replace("~1", "/").replace("~0", "~"))
        })
        .collect()
}

fn escape_key(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn child_mut<'a>(value: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    match value {
        Value::Object(entries) => entries.get_mut(key),
        Value::Array(items) => items.get_mut(parse_index(key)?),
        _ => None,
    }
}

/// RFC 6901: digits without a leading zero.
fn parse_index(key: &str) -> Option<usize> {
    let plain = key == "0" || !key.starts_with('0');
    (plain && key.bytes().all(|b| b.is_ascii_digit())).then(|| key.parse().ok())?
}

fn list_keys(value: &Value) -> Vec<String> {
    match value {
        Value::Object(entries) => entries.keys().cloned().collect(),
        Value::Array(items) => (0..items.len()).map(|i| i.to_string()).collect(),
        _ => Vec::new(),
    }
}

fn no_value(patch: &Patch, reached: &str, known: &[String]) -> Diagnostic {
    let (file, pointer) = (&patch.file.value, &patch.pointer);
    codes::patch_without_value(pointer.span, file, &pointer.value, reached, known)
}

#[cfg(test)]
mod tests {
    use bp_diag::{FileId, SourceMap, Span, Spanned};
    use bp_emit::Origin;
    use bp_wiring::Item;
    use serde_json::json;

    use super::*;

    fn span() -> Span {
        let file: FileId = SourceMap::new().add("wiring/local.toml", "");
        Span::start_of(file)
    }

    fn patch(file: &str, pointer: &str, value: Option<&str>) -> Patch {
        let text = |t: &str| Spanned::new(t.to_owned(), span());
        let value = value.map(|v| Item {
            value: bp_wiring::Value::String(v.to_owned()),
            span: span(),
            key: span(),
        });
        Patch { span: span(), file: text(file), pointer: text(pointer), value, reason: text("r") }
    }

    fn artifacts() -> Artifacts {
        let mut all = Artifacts::new();
        let document = json!({ "b": { "x/y": 1, "list": [1, 2] }, "a": 2 });
        all.insert("run.json", format!("{document:#}\n"), Origin::new("p", "")).expect("free");
        all.insert("local.env", "A=1\n", Origin::new("p", "")).expect("free");
        all
    }

    fn patched(patches: &[Patch], partial: bool) -> (Value, Vec<String>) {
        let mut all = artifacts();
        let mut found = Diagnostics::new();
        apply(patches, &mut all, partial, &mut found);
        let bytes = &all.get("run.json").expect("kept").bytes;
        let faults = found.iter().map(|d| format!("{} {}", d.code.id, d.message)).collect();
        (serde_json::from_slice(bytes).expect("JSON"), faults)
    }

    #[test]
    fn values_are_replaced_added_and_removed_in_order() {
        let (document, faults) = patched(
            &[
                patch("run.json", "/b/x~1y", Some("one")),
                patch("run.json", "/b/list/-", Some("three")),
                patch("run.json", "/b/list/0", None),
                patch("run.json", "/a", None),
            ],
            false,
        );
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!(document, json!({ "b": { "x/y": "one", "list": [2, "three"] } }));
        assert_eq!(patched(&[patch("run.json", "", Some("all"))], false).0, json!("all"));
    }

    #[test]
    fn what_hits_nothing_is_an_error_and_changes_nothing() {
        let faulty = [
            patch("runn.json", "/a", Some("x")),
            patch("run.json", "/c", Some("x")),
            patch("run.json", "/b/list/2", None),
            patch("run.json", "/b/list/00", Some("x")),
            patch("run.json", "/a/b", None),
            patch("local.env", "/A", Some("x")),
            patch("run.json", "a", Some("x")),
            patch("run.json", "/a~2", Some("x")),
        ];
        let (document, faults) = patched(&faulty, false);
        assert_eq!(document, json!({ "b": { "x/y": 1, "list": [1, 2] }, "a": 2 }));
        let codes: Vec<&str> = faults.iter().filter_map(|f| f.split(' ').next()).collect();
        let (nothing, malformed) = ("BP6030", "BP6032");
        let expected =
            ["BP6029", nothing, nothing, nothing, nothing, "BP6031", malformed, malformed];
        assert_eq!(codes, expected, "{faults:#?}");
        // A build of some targets leaves alone what others would write.
        assert_eq!(patched(&faulty[..1], true).1, Vec::<String>::new());
    }
}
