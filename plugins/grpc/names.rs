//! Names in a `.proto` file: the same for the same plan, and never with a number added to make them distinct.

use std::collections::{BTreeMap, BTreeSet};

use bp_plugin::plan::TypePlan;

#[path = "runtime/src/name.rs"]
mod name;

pub(crate) use name::to_pascal;

/// Splits `get_rates`, `GetRates` or `HTTPServer2` into lower-case words.
fn split_words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous = None;
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        if !c.is_alphanumeric() {
            previous = None;
            continue;
        }
        let starts = match previous {
            None => true,
            Some(before) => {
                let before: char = before;
                let next_is_lower = chars.peek().is_some_and(|n| n.is_lowercase());
                c.is_uppercase() && (!before.is_uppercase() || next_is_lower)
            }
        };
        if starts {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
        previous = Some(c);
    }
    words
}

/// `NoSuchHotel` → `no_such_hotel`.
pub(crate) fn to_snake(name: &str) -> String {
    split_words(name).join("_")
}

/// `NoSuchHotel` → `NO_SUCH_HOTEL`.
pub(crate) fn to_screaming(name: &str) -> String {
    to_snake(name).to_uppercase()
}

/// What the values of an enum begin with.
pub(crate) fn value_prefix(owner: &str) -> String {
    format!("{}_", to_screaming(owner))
}

/// The value of an enum that a missing field reads as.
pub(crate) fn zero_value(owner: &str) -> String {
    format!("{}UNSPECIFIED", value_prefix(owner))
}

/// A field's name; positions get a letter in front, because a proto name starts with one.
pub(crate) fn field_name(name: &str) -> String {
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("field_{name}")
    } else {
        name.to_owned()
    }
}

/// Whether it can stand in a `.proto`.
pub(crate) fn is_identifier(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}

/// What two fields of a message must not share: `line_1` → `line1`, `fooBar` → `foobar`.
///
/// protoc requires names that differ in JSON, where `_` is left out; before version 22 it also ignored the case, as does the compiler that answers reflection.
pub(crate) fn field_key(field: &str) -> String {
    field.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect()
}

/// What two values of an enum must not share, since generators leave the enum's name out and change the case: `LINE_1` → `Line1`.
pub(crate) fn value_key(value: &str) -> String {
    let part = |part: &str| {
        let mut chars = part.chars();
        let first = chars.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(chars.map(|c| c.to_ascii_lowercase())).collect::<String>()
    };
    value.split('_').map(part).collect()
}

/// The message that protobuf itself nests for a map: `by_name` → `ByNameEntry`.
pub(crate) fn map_entry(field: &str) -> String {
    format!("{}Entry", to_pascal(field))
}

/// Names for the types that the workflow defines: the last segment, and as much of the modules before it as tells two apart.
///
/// Two types that nothing tells apart get the same name, which is reported as an error elsewhere.
pub(crate) fn name_types<'a>(
    paths: impl IntoIterator<Item = &'a str>,
) -> BTreeMap<&'a str, String> {
    let paths: BTreeSet<&str> = paths.into_iter().collect();
    let longest = paths.iter().map(|p| p.split("::").count()).max().unwrap_or(1);
    // How often each name occurs at each depth; nearly always the first depth suffices.
    let mut counts: Vec<BTreeMap<String, usize>> = Vec::new();
    let mut names = BTreeMap::new();
    for path in &paths {
        let depth = path.split("::").count();
        let name = (1..=depth)
            .find_map(|n| {
                while counts.len() < n {
                    counts.push(count_names(&paths, counts.len() + 1));
                }
                let name = join_last_segments(path, n);
                (counts.get(n - 1)?.get(&name) == Some(&1)).then_some(name)
            })
            .unwrap_or_else(|| join_last_segments(path, longest));
        names.insert(*path, name);
    }
    names
}

/// How many paths have each name of their last `n` segments.
fn count_names(paths: &BTreeSet<&str>, n: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for path in paths {
        *counts.entry(join_last_segments(path, n)).or_default() += 1;
    }
    counts
}

/// The last `n` segments of a path as one PascalCase name.
fn join_last_segments(path: &str, n: usize) -> String {
    let segments: Vec<&str> = path.split("::").collect();
    let from = segments.len().saturating_sub(n);
    segments.get(from..).unwrap_or_default().iter().map(|s| to_pascal(s)).collect()
}

/// A readable name for a type, for the messages around it; two types have the same name only if they are written in the same way.
pub(crate) fn describe_type(ty: &TypePlan, named: &dyn Fn(&str) -> String) -> String {
    match ty {
        TypePlan::Bool => "Bool".into(),
        TypePlan::Char => "Char".into(),
        TypePlan::Integer { signed, bits } => {
            format!("{}{bits}", if *signed { "Int" } else { "Uint" })
        }
        TypePlan::Float { bits } => format!("Float{bits}"),
        TypePlan::String => "String".into(),
        TypePlan::Known(known) => format!("{known:?}"),
        TypePlan::Bytes => "Bytes".into(),
        TypePlan::Unit | TypePlan::Opaque(_) => "Unit".into(),
        TypePlan::Duration => "Duration".into(),
        TypePlan::SystemTime => "SystemTime".into(),
        TypePlan::Option(inner) => format!("OptionOf{}", describe_type(inner, named)),
        TypePlan::List(inner) | TypePlan::Array(inner, _) | TypePlan::Set(inner) => {
            format!("ListOf{}", describe_type(inner, named))
        }
        TypePlan::Map(key, value) => {
            format!("MapOf{}To{}", describe_type(key, named), describe_type(value, named))
        }
        TypePlan::Tuple(items) => {
            let items = items.iter().map(|item| {
                let description = describe_type(item, named);
                // Only the fences tell where a tuple ends inside another.
                if description.contains("TupleOf") { fence(&description) } else { description }
            });
            format!("TupleOf{}", items.collect::<Vec<_>>().join("And"))
        }
        TypePlan::Named(path) => {
            let name = named(path);
            if reads_as_described(&name) { fence(&name) } else { name }
        }
    }
}

/// Puts `_` around a name; no other name begins or ends with `_`.
fn fence(description: &str) -> String {
    format!("_{description}_")
}

/// Whether a type's own name reads as one that [`describe_type`] makes.
fn reads_as_described(name: &str) -> bool {
    const SCALARS: [&str; 25] = [
        "Bool",
        "Char",
        "Int8",
        "Int16",
        "Int32",
        "Int64",
        "Int128",
        "Uint8",
        "Uint16",
        "Uint32",
        "Uint64",
        "Uint128",
        "Float32",
        "Float64",
        "String",
        "Date",
        "Time",
        "DateTime",
        "Instant",
        "Uuid",
        "Decimal",
        "Bytes",
        "Unit",
        "Duration",
        "SystemTime",
    ];
    let joins = |word: &str| {
        name.match_indices(word).any(|(at, _)| {
            let next = name.get(at + word.len()..).and_then(|rest| rest.chars().next());
            next.is_none_or(|next| !next.is_ascii_lowercase() && !next.is_ascii_digit())
        })
    };
    SCALARS.contains(&name) || ["Of", "To", "And"].into_iter().any(joins)
}

#[cfg(test)]
mod tests;
