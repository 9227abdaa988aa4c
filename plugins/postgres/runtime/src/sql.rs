//! Filters, sorts and positions as SQL with the interface's meaning.
//!
//! A collection is a table of `id text COLLATE "C"` and `body jsonb`. What differs from JSONB's own semantics:
//!
//! - a path leads through objects only, so it is a chain of `->`, not `#>`, which enters arrays;
//! - strings are ordered by code point, so they are taken out of JSONB, which would compare them in the database's language;
//! - types are ordered null, numbers, strings, objects, arrays, bools, and objects are equal to each other in order, so a sort has a rank first;
//! - logic has two values, so nothing here is SQL's NULL.
//!
//! Values are parameters; field names are literals, because an index on an expression is found by its text.

use std::fmt::Write as _;

use bp_backend::engine::{ID, Position, order};
use bp_backend::{Filter, Json, Query, Sort};
use postgres_protocol::escape::escape_literal;
use tokio_postgres::types::{ToSql, Type};

use crate::encode;

/// A parameter.
#[derive(Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Texts(Vec<String>),
    Int(i64),
}

/// A statement's parameters.
#[derive(Debug, Default)]
pub(crate) struct Values(Vec<Value>);

impl Values {
    /// Adds one; answers its place: `$3`.
    pub(crate) fn bind(&mut self, value: Value) -> String {
        self.0.push(value);
        format!("${}", self.0.len())
    }

    pub(crate) fn text(&mut self, text: impl Into<String>) -> String {
        self.bind(Value::Text(text.into()))
    }

    fn json(&mut self, value: &Json) -> String {
        let place = self.text(encode::text(value));
        format!("{place}::jsonb")
    }

    /// As the library wants them.
    pub(crate) fn typed(&self) -> Vec<(&(dyn ToSql + Sync), Type)> {
        let mut typed: Vec<(&(dyn ToSql + Sync), Type)> = Vec::with_capacity(self.0.len());
        for value in &self.0 {
            typed.push(match value {
                Value::Text(text) => (text, Type::TEXT),
                Value::Texts(texts) => (texts, Type::TEXT_ARRAY),
                Value::Int(int) => (int, Type::INT8),
            });
        }
        typed
    }
}

/// What a path of the body leads to; NULL where it is missing.
fn path_expression(path: &str) -> String {
    let steps = path.split('.').map(|name| format!(" -> {}::text", escape_literal(name).trim()));
    format!("(body{})", steps.collect::<String>())
}

/// The same, with null where it is missing.
fn path_or_null(path: &str) -> String {
    format!("coalesce({}, 'null'::jsonb)", path_expression(path))
}

/// What an index holds of a path: the id, or a hash, which is as short for a long value and equal for equal ones.
pub(crate) fn index_expression(path: &str) -> String {
    if path == ID {
        "id".to_owned()
    } else {
        format!("jsonb_hash_extended({}, 0)", path_or_null(path))
    }
}

/// A condition that is true or false for each row.
pub(crate) fn build_condition(filter: &Filter, values: &mut Values) -> String {
    match filter {
        Filter::All => "true".to_owned(),
        Filter::Eq(path, value) => build_equal(path, value, values),
        Filter::Ne(path, value) => format!("NOT {}", build_equal(path, value, values)),
        Filter::Lt(path, value) => build_comparison(path, "<", value, values),
        Filter::Lte(path, value) => build_comparison(path, "<=", value, values),
        Filter::Gt(path, value) => build_comparison(path, ">", value, values),
        Filter::Gte(path, value) => build_comparison(path, ">=", value, values),
        Filter::In(path, list) => build_within(path, list, values),
        Filter::Exists(path, there) if path == ID => there.to_string(),
        Filter::Exists(path, true) => format!("({} IS NOT NULL)", path_expression(path)),
        Filter::Exists(path, false) => format!("({} IS NULL)", path_expression(path)),
        Filter::Contains(path, _) if path == ID => "false".to_owned(),
        Filter::Contains(path, value) => {
            let (found, value) = (path_expression(path), values.json(value));
            format!("coalesce(jsonb_typeof({found}) = 'array' AND {found} @> {value}, false)")
        }
        Filter::And(filters) => join_conditions(filters, " AND ", "true", values),
        Filter::Or(filters) => join_conditions(filters, " OR ", "false", values),
        Filter::Not(filter) => format!("(NOT {})", build_condition(filter, values)),
    }
}

fn join_conditions(filters: &[Filter], between: &str, none: &str, values: &mut Values) -> String {
    let conditions: Vec<_> = filters.iter().map(|filter| build_condition(filter, values)).collect();
    if conditions.is_empty() { none.to_owned() } else { format!("({})", conditions.join(between)) }
}

fn build_equal(path: &str, value: &Json, values: &mut Values) -> String {
    if path == ID {
        return match value {
            Json::String(id) => format!("(id = {})", values.text(id)),
            _ => "false".to_owned(),
        };
    }
    let (hash, found, value) = (index_expression(path), path_or_null(path), values.json(value));
    // The hash alone is what an index can answer.
    format!("({hash} = jsonb_hash_extended({value}, 0) AND {found} = {value})")
}

fn build_within(path: &str, list: &[Json], values: &mut Values) -> String {
    if path == ID {
        let ids = list.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect();
        return format!("(id = ANY({}))", values.bind(Value::Texts(ids)));
    }
    let list = values.bind(Value::Texts(list.iter().map(encode::text).collect()));
    let (hash, found) = (index_expression(path), path_or_null(path));
    format!(
        "({hash} = ANY(ARRAY(SELECT jsonb_hash_extended(one::jsonb, 0) FROM unnest({list}) AS one)) \
         AND {found} = ANY({list}::jsonb[]))"
    )
}

/// The comparison with a scalar of the same type.
fn build_comparison(path: &str, operator: &str, value: &Json, values: &mut Values) -> String {
    if path == ID {
        return match value {
            Json::String(id) => format!("(id {operator} {})", values.text(id)),
            _ => "false".to_owned(),
        };
    }
    let found = path_expression(path);
    match value {
        Json::String(text) => {
            let text = values.text(text);
            format!(
                "coalesce(jsonb_typeof({found}) = 'string' AND ({found} #>> '{{}}') COLLATE \"C\" {operator} {text}, false)"
            )
        }
        Json::Bool(_) | Json::Int(_) | Json::Float(_) => {
            let name = if matches!(value, Json::Bool(_)) { "boolean" } else { "number" };
            let value = values.json(value);
            format!(
                "coalesce(jsonb_typeof({found}) = '{name}' AND {found} {operator} {value}, false)"
            )
        }
        // Refused before; they have no order.
        Json::Null | Json::Array(_) | Json::Object(_) => "false".to_owned(),
    }
}

/// The parts of a sort criterion: a rank by type, then a number, then a text; in each rank at most one of the two differs.
struct SortParts {
    rank: String,
    number: String,
    text: String,
}

fn build_sort_parts(path: &str) -> SortParts {
    if path == ID {
        // A bare `2`, in parentheses or not, would mean the second column.
        return SortParts {
            rank: "2::int8".to_owned(),
            number: "NULL::numeric".to_owned(),
            text: "id".to_owned(),
        };
    }
    let found = path_expression(path);
    SortParts {
        rank: format!(
            "CASE jsonb_typeof({found}) WHEN 'number' THEN 1 WHEN 'string' THEN 2 WHEN 'object' THEN 3 \
             WHEN 'array' THEN 4 WHEN 'boolean' THEN (CASE WHEN {found} = 'true' THEN 6 ELSE 5 END) ELSE 0 END"
        ),
        number: format!("CASE jsonb_typeof({found}) WHEN 'number' THEN {found}::numeric END"),
        text: format!(
            "(CASE jsonb_typeof({found}) WHEN 'string' THEN {found} #>> '{{}}' END) COLLATE \"C\""
        ),
    }
}

/// [`build_sort_parts`]' rank of a value.
fn rank(value: &Json) -> i64 {
    match value {
        Json::Bool(true) => 6,
        other => i64::from(order::rank(other)),
    }
}

/// `ORDER BY` of a query; the id decides last.
pub(crate) fn build_order_by(sort: &[Sort]) -> String {
    let mut criteria = String::new();
    for Sort { path, descending } in sort {
        let SortParts { rank, number, text } = build_sort_parts(path);
        let direction = if *descending { "DESC" } else { "ASC" };
        for part in [rank, number, text] {
            let _ = write!(criteria, "({part}) {direction}, ");
        }
    }
    criteria + "id ASC"
}

/// The rows behind a position.
pub(crate) fn build_behind(query: &Query, position: &Position, values: &mut Values) -> String {
    let id = values.text(&position.id);
    let mut condition = format!("(id > {id})");
    // Built from the last criterion to the first: a row is behind in this one, or equal in it and behind in the rest.
    for (Sort { path, descending }, value) in query.sort.iter().zip(&position.values).rev() {
        let operator = if *descending { "<" } else { ">" };
        let SortParts { rank: of_row, number, text } = build_sort_parts(path);
        let rank = values.bind(Value::Int(rank(value)));
        let finer = match value {
            Json::Int(_) | Json::Float(_) => {
                Some((number, format!("{}::numeric", values.text(encode::text(value)))))
            }
            Json::String(string) => Some((text, values.text(string))),
            _ => None,
        };
        condition = match finer {
            Some((row, value)) => format!(
                "(({of_row}) {operator} {rank} OR (({of_row}) = {rank} AND ({row} {operator} {value} OR ({row} = {value} AND {condition}))))"
            ),
            None => {
                format!("(({of_row}) {operator} {rank} OR (({of_row}) = {rank} AND {condition}))")
            }
        };
    }
    condition
}

/// The body with only the top-level fields in which these paths begin; the process does the rest of a projection.
pub(crate) fn build_body(paths: &[&str], values: &mut Values) -> String {
    if paths.is_empty() {
        return "body::text".to_owned();
    }
    let first = |path: &&str| path.split('.').next().unwrap_or_default().to_owned();
    let fields = values.bind(Value::Texts(paths.iter().map(first).collect()));
    format!(
        "(SELECT coalesce(jsonb_object_agg(key, value), '{{}}') FROM jsonb_each(body) WHERE key = ANY({fields}))::text"
    )
}
