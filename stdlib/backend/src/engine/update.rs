//! Changes of a document.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::order;
use crate::{BackendError, Change, Document, Json, Update};

/// The document after an update, or `None` when it fails the update's expectation.
///
/// The update must be valid; the result may exceed the limits and is to be validated as any document.
pub fn apply(update: &Update, document: &Document) -> Result<Option<Document>, BackendError> {
    if !super::matches(&update.only_if, document) {
        return Ok(None);
    }
    let mut changed = document.clone();
    for change in &update.changes {
        apply_change(change, &mut changed.body)?;
    }
    Ok(Some(changed))
}

fn apply_change(change: &Change, body: &mut Json) -> Result<(), BackendError> {
    match change {
        Change::Set(path, value) => {
            set_with(body, path, |_old| Ok(value.clone()))?;
        }
        Change::Unset(path) => {
            let (parent, name) = match path.rsplit_once('.') {
                Some((parent, name)) => (find_mut(body, parent), name),
                None => (Some(body), path.as_str()),
            };
            if let Some(Json::Object(fields)) = parent {
                fields.remove(name);
            }
        }
        Change::Inc(path, by) => {
            set_with(body, path, |old| add(path, &old.unwrap_or(Json::Int(0)), by))?;
        }
        Change::Push(path, value) => set_with(body, path, |old| match old {
            None => Ok(Json::Array(vec![value.clone()])),
            Some(Json::Array(mut items)) => {
                items.push(value.clone());
                Ok(Json::Array(items))
            }
            Some(other) => Err(wrong_type(path, "an array", &other)),
        })?,
        Change::Pull(path, value) => match find_mut(body, path) {
            None => {}
            Some(Json::Array(items)) => items.retain(|item| item != value),
            Some(other) => return Err(wrong_type(path, "an array", other)),
        },
    }
    Ok(())
}

/// Replaces what a path leads to by what `to` makes of it, with objects made on the way.
fn set_with(
    body: &mut Json,
    path: &str,
    to: impl FnOnce(Option<Json>) -> Result<Json, BackendError>,
) -> Result<(), BackendError> {
    let mut at = body;
    let mut names = path.split('.').peekable();
    while let Some(name) = names.next() {
        let Json::Object(fields) = at else {
            return Err(wrong_type(path, "an object on the way", at));
        };
        match (names.peek().is_some(), fields.entry(name.to_owned())) {
            (true, Entry::Occupied(entry)) => at = entry.into_mut(),
            (true, Entry::Vacant(entry)) => at = entry.insert(Json::Object(BTreeMap::new())),
            (false, Entry::Occupied(mut entry)) => {
                let old = std::mem::take(entry.get_mut());
                entry.insert(to(Some(old))?);
                return Ok(());
            }
            (false, Entry::Vacant(entry)) => {
                entry.insert(to(None)?);
                return Ok(());
            }
        }
    }
    Ok(())
}

/// What a path leads to.
fn find_mut<'b>(body: &'b mut Json, path: &str) -> Option<&'b mut Json> {
    let mut at = body;
    for name in path.split('.') {
        let Json::Object(fields) = at else { return None };
        at = fields.get_mut(name)?;
    }
    Some(at)
}

fn add(path: &str, old: &Json, by: &Json) -> Result<Json, BackendError> {
    if order::rank(old) != order::rank(&Json::Int(0)) {
        return Err(wrong_type(path, "a number", old));
    }
    let sum = match (old, by) {
        (Json::Int(a), Json::Int(b)) => a.checked_add(*b).map(Json::Int),
        _ => Some(to_float(old) + to_float(by)).filter(|sum| sum.is_finite()).map(Json::Float),
    };
    sum.ok_or_else(|| BackendError::Invalid(format!("`{path}`: {old} + {by} is out of range")))
}

#[expect(clippy::cast_precision_loss, reason = "a sum with a floating-point number is one")]
fn to_float(number: &Json) -> f64 {
    match number {
        Json::Int(number) => *number as f64,
        Json::Float(number) => *number,
        _ => 0.0,
    }
}

fn wrong_type(path: &str, needed: &str, found: &Json) -> BackendError {
    let found = match found {
        Json::Null => "null",
        Json::Bool(_) => "a bool",
        Json::Int(_) | Json::Float(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    };
    BackendError::WrongType(format!("`{path}` needs {needed}, found {found}"))
}
