//! The limits that every implementation keeps, so that all implementations accept the same values.

use std::time::Duration;

use bytes::Bytes;

use super::name::{self, is_name, proper_name};
use super::path::ID;
use super::score::Score;
use crate::{
    BackendError, Change, Document, Filter, Index, Json, MAX_KEY_BYTES, MAX_MEMBER_BYTES,
    MAX_MEMBERS_PER_CALL, MAX_TTL, MAX_VALUE_BYTES, Query, ScoredMember, Update,
};

/// Longest document id in bytes.
pub const MAX_ID_BYTES: usize = 512;
/// Longest collection or index name in bytes.
pub const MAX_NAME_BYTES: usize = name::MAX_NAME_BYTES;
/// Largest document, as compact JSON text.
pub const MAX_DOCUMENT_BYTES: usize = 4 * 1024 * 1024;
/// Levels of objects and arrays in a document, and of logic in a filter; each takes up to three messages of the hundred that an encoding nests.
pub const MAX_DEPTH: usize = 24;
/// Longest path in bytes.
pub const MAX_PATH_BYTES: usize = 512;
/// Paths in an index.
pub const MAX_INDEX_PATHS: usize = 8;

type Validity = Result<(), BackendError>;

fn invalid(message: String) -> BackendError {
    BackendError::Invalid(message)
}

/// A cache key.
pub fn key(key: &str) -> Validity {
    match key.len() {
        0 => Err(invalid("the key is empty".to_owned())),
        length if length > MAX_KEY_BYTES => {
            Err(invalid(format!("a key of {length} bytes is longer than {MAX_KEY_BYTES}")))
        }
        _ => Ok(()),
    }
}

/// A cache entry that is to be written.
pub fn entry(name: &str, value: &[u8], ttl: Option<Duration>) -> Validity {
    key(name)?;
    time_to_live(ttl)?;
    if value.len() > MAX_VALUE_BYTES {
        return Err(invalid(format!(
            "a value of {} bytes is larger than {MAX_VALUE_BYTES}",
            value.len()
        )));
    }
    Ok(())
}

/// A time to live.
pub fn time_to_live(ttl: Option<Duration>) -> Validity {
    match ttl {
        Some(ttl) if ttl.is_zero() => Err(invalid("a time to live of zero".to_owned())),
        Some(ttl) if ttl > MAX_TTL => {
            Err(invalid(format!("a time to live of {ttl:?} is longer than {MAX_TTL:?}")))
        }
        _ => Ok(()),
    }
}

/// The name of a sorted set.
pub fn set(name: &str) -> Validity {
    match name.len() {
        0 => Err(invalid("the name of the set is empty".to_owned())),
        length if length > MAX_KEY_BYTES => {
            Err(invalid(format!("a set's name of {length} bytes is longer than {MAX_KEY_BYTES}")))
        }
        _ => Ok(()),
    }
}

/// A member of a sorted set.
pub fn member(member: &[u8]) -> Validity {
    if member.len() > MAX_MEMBER_BYTES {
        return Err(invalid(format!(
            "a member of {} bytes is longer than {MAX_MEMBER_BYTES}",
            member.len()
        )));
    }
    Ok(())
}

/// Members that are to be written, with their scores as a set holds them.
pub fn scored_members(members: Vec<ScoredMember>) -> Result<Vec<(Score, Bytes)>, BackendError> {
    member_count(u32::try_from(members.len()).unwrap_or(u32::MAX))?;
    let valid = |scored: ScoredMember| {
        member(&scored.member)?;
        Ok((Score::new(scored.score)?, scored.member))
    };
    members.into_iter().map(valid).collect()
}

/// How many members one call stores or answers.
pub fn member_count(count: u32) -> Validity {
    if count > MAX_MEMBERS_PER_CALL {
        return Err(invalid(format!(
            "{count} members in one call are more than {MAX_MEMBERS_PER_CALL}"
        )));
    }
    Ok(())
}

/// The name of a collection or an index.
pub fn name(name: &str) -> Validity {
    if is_name(name) {
        return Ok(());
    }
    let shown: String = name.chars().take(MAX_NAME_BYTES).collect();
    Err(invalid(format!(
        "`{}` cannot name a collection or an index, which has at most {MAX_NAME_BYTES} ASCII letters, digits, `_` and `-`, a letter first: write `{}`",
        shown.escape_debug(),
        proper_name(name)
    )))
}

/// A document's id.
pub fn id(id: &str) -> Validity {
    if id.is_empty() || id.len() > MAX_ID_BYTES {
        return Err(invalid(format!(
            "an id of {} bytes; 1 to {MAX_ID_BYTES} are allowed",
            id.len()
        )));
    }
    no_nul(id)
}

fn no_nul(text: &str) -> Validity {
    // PostgreSQL's JSONB cannot hold it.
    if text.contains('\0') { Err(invalid("a NUL character in text".to_owned())) } else { Ok(()) }
}

/// A document that is to be written; returns it with numbers in canonical form, and its compact JSON text.
pub fn document(mut document: Document) -> Result<(Document, Vec<u8>), BackendError> {
    id(&document.id)?;
    let Json::Object(fields) = &document.body else {
        return Err(invalid(format!("document `{}` is not a JSON object", document.id)));
    };
    if fields.contains_key(ID) {
        return Err(invalid(format!(
            "document `{}` has a field `{ID}`, which means its id",
            document.id
        )));
    }
    value(&mut document.body, MAX_DEPTH)?;
    let text = document.body.to_text().map_err(|error| invalid(error.to_string()))?;
    if text.len() > MAX_DOCUMENT_BYTES {
        return Err(invalid(format!(
            "document `{}` has {} bytes, more than {MAX_DOCUMENT_BYTES}",
            document.id,
            text.len()
        )));
    }
    Ok((document, text))
}

fn value(at: &mut Json, depth: usize) -> Validity {
    let too_deep = || invalid(format!("a value of more than {MAX_DEPTH} levels"));
    match at {
        Json::Null | Json::Bool(_) | Json::Int(_) => Ok(()),
        Json::Float(number) if !number.is_finite() => {
            Err(invalid(format!("{number} is not a JSON number")))
        }
        Json::Float(number) => {
            // PostgreSQL's numeric has no negative zero.
            if *number == 0.0 {
                *number = 0.0;
            }
            Ok(())
        }
        Json::String(text) => no_nul(text),
        Json::Array(items) => {
            let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
            items.iter_mut().try_for_each(|item| value(item, depth))
        }
        Json::Object(fields) => {
            let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
            fields
                .iter_mut()
                .try_for_each(|(name, field)| no_nul(name).and_then(|()| value(field, depth)))
        }
    }
}

/// A path in a filter or a sort.
pub fn path(path: &str) -> Validity {
    if path.len() > MAX_PATH_BYTES {
        return Err(invalid(format!(
            "a path of {} bytes is longer than {MAX_PATH_BYTES}",
            path.len()
        )));
    }
    if path.split('.').any(str::is_empty) {
        return Err(invalid(format!(
            "`{}` is not a path: write field names joined by dots",
            path.escape_debug()
        )));
    }
    if path.split('.').next() == Some(ID) && path != ID {
        return Err(invalid(format!(
            "`{}` leads into the id, which is a string",
            path.escape_debug()
        )));
    }
    no_nul(path)
}

/// A path inside a document's body: not the id.
fn body_path(at: &str) -> Validity {
    path(at)?;
    if at == ID {
        Err(invalid(format!("`{ID}` is a document's id, not one of its fields")))
    } else {
        Ok(())
    }
}

/// A filter.
pub fn filter(of: &Filter) -> Validity {
    nested_filter(of, MAX_DEPTH)
}

fn nested_filter(of: &Filter, depth: usize) -> Validity {
    let too_deep = || invalid(format!("a filter of more than {MAX_DEPTH} levels"));
    match of {
        Filter::All => Ok(()),
        Filter::Exists(at, _) => path(at),
        Filter::Eq(at, operand) | Filter::Ne(at, operand) => {
            path(at).and_then(|()| value(&mut operand.clone(), MAX_DEPTH))
        }
        Filter::In(at, operands) => {
            path(at)?;
            operands.iter().try_for_each(|operand| value(&mut operand.clone(), MAX_DEPTH))
        }
        Filter::Lt(at, operand)
        | Filter::Lte(at, operand)
        | Filter::Gt(at, operand)
        | Filter::Gte(at, operand) => {
            path(at)?;
            if matches!(operand, Json::Null | Json::Array(_) | Json::Object(_)) {
                return Err(invalid(format!(
                    "`{at}` is compared to {operand}, which has no order of its own"
                )));
            }
            value(&mut operand.clone(), MAX_DEPTH)
        }
        Filter::Contains(at, operand) => {
            path(at)?;
            // PostgreSQL's `@>` looks into objects and arrays, so only scalars have the same meaning in every store.
            if matches!(operand, Json::Array(_) | Json::Object(_)) {
                return Err(invalid(format!("`{at}` can contain a scalar, not {operand}")));
            }
            value(&mut operand.clone(), MAX_DEPTH)
        }
        Filter::And(filters) | Filter::Or(filters) => {
            let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
            filters.iter().try_for_each(|filter| nested_filter(filter, depth))
        }
        Filter::Not(filter) => nested_filter(filter, depth.checked_sub(1).ok_or_else(too_deep)?),
    }
}

/// Checks a query, except its token.
pub fn query(of: &Query) -> Validity {
    filter(&of.filter)?;
    of.fields.iter().try_for_each(|field| body_path(field))?;
    of.sort.iter().try_for_each(|sort| path(&sort.path))?;
    if of.limit > Query::MAX_LIMIT {
        return Err(invalid(format!("a limit of {} is above {}", of.limit, Query::MAX_LIMIT)));
    }
    Ok(())
}

/// An update.
pub fn update(of: &Update) -> Validity {
    filter(&of.only_if)?;
    of.changes.iter().try_for_each(|change| match change {
        Change::Unset(at) => body_path(at),
        Change::Set(at, operand) | Change::Push(at, operand) | Change::Pull(at, operand) => {
            body_path(at)?;
            value(&mut operand.clone(), MAX_DEPTH)
        }
        Change::Inc(at, operand) => {
            body_path(at)?;
            if !matches!(operand, Json::Int(_) | Json::Float(_)) {
                return Err(invalid(format!("`{at}` grows by {operand}, which is not a number")));
            }
            value(&mut operand.clone(), MAX_DEPTH)
        }
    })
}

/// An index.
pub fn index(of: &Index) -> Validity {
    name(&of.name)?;
    if of.paths.is_empty() || of.paths.len() > MAX_INDEX_PATHS {
        return Err(invalid(format!(
            "index `{}` has {} paths; 1 to {MAX_INDEX_PATHS}",
            of.name,
            of.paths.len()
        )));
    }
    of.paths.iter().try_for_each(|at| path(at))
}
