//! Names in a `.proto` file: unique, and the same for the same plan.

use std::collections::{BTreeMap, BTreeSet};

/// Splits `get_rates`, `GetRates` or `HTTPServer2` into lower-case words.
fn words(name: &str) -> Vec<String> {
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

/// `get_rates` → `GetRates`; the name of a gRPC method, which both sides' runtime forms in the same way.
pub(crate) fn pascal(name: &str) -> String {
    name.split('_')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let mut chars = part.chars();
            chars
                .next()
                .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
        })
        .collect()
}

/// `NoSuchHotel` → `no_such_hotel`.
pub(crate) fn snake(name: &str) -> String {
    words(name).join("_")
}

/// `NoSuchHotel` → `NO_SUCH_HOTEL`.
pub(crate) fn screaming(name: &str) -> String {
    snake(name).to_uppercase()
}

/// A field's name; positions get a letter in front, because a proto name starts with one.
pub(crate) fn field(name: &str) -> String {
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("field_{name}")
    } else {
        name.to_owned()
    }
}

/// Names for the types that the workflow defines: the last segment, and as much of the modules before it as tells two apart.
pub(crate) fn of_types<'a>(paths: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, String> {
    let paths: BTreeSet<&str> = paths.into_iter().collect();
    let longest = paths.iter().map(|p| p.split("::").count()).max().unwrap_or(1);
    // How often each name occurs at each depth; nearly always the first depth suffices.
    let mut counts: Vec<BTreeMap<String, usize>> = Vec::new();
    let mut names = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for path in &paths {
        let depth = path.split("::").count();
        let name = (1..=depth)
            .find_map(|n| {
                while counts.len() < n {
                    counts.push(count(&paths, counts.len() + 1));
                }
                let name = tail(path, n);
                (counts.get(n - 1)?.get(&name) == Some(&1)).then_some(name)
            })
            .unwrap_or_else(|| tail(path, longest));
        names.insert((*path).to_owned(), unique(&mut taken, &name));
    }
    names
}

/// How many paths have each name of their last `n` segments.
fn count(paths: &BTreeSet<&str>, n: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for path in paths {
        *counts.entry(tail(path, n)).or_default() += 1;
    }
    counts
}

/// The last `n` segments of a path as one PascalCase name.
fn tail(path: &str, n: usize) -> String {
    let segments: Vec<&str> = path.split("::").collect();
    let from = segments.len().saturating_sub(n);
    segments.get(from..).unwrap_or_default().iter().map(|s| pascal(s)).collect()
}

/// The name, with a number behind it if another thing has it already.
pub(crate) fn unique(taken: &mut BTreeSet<String>, name: &str) -> String {
    let mut candidate = name.to_owned();
    let mut n = 2_u32;
    while !taken.insert(candidate.clone()) {
        candidate = format!("{name}{n}");
        n += 1;
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        assert_eq!(pascal("get_rates"), "GetRates");
        assert_eq!(pascal("list"), "List");
        assert_eq!(snake("NoSuchHotel"), "no_such_hotel");
        assert_eq!(snake("HTTPServer"), "http_server");
        assert_eq!(screaming("Circle"), "CIRCLE");
        assert_eq!(field("0"), "field_0");
    }

    #[test]
    fn a_name_that_two_modules_use_takes_its_module_in_front() {
        let names = of_types(["leaf::types::Stay", "leaf::rates::Stay", "leaf::Item"]);
        let names: Vec<(&str, &str)> =
            names.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(
            names,
            [
                ("leaf::Item", "Item"),
                ("leaf::rates::Stay", "RatesStay"),
                ("leaf::types::Stay", "TypesStay")
            ]
        );
    }

    #[test]
    fn what_still_collides_is_numbered() {
        let names = of_types(["a::b_c::D", "a::b::c::D", "a::BcD"]);
        let distinct: BTreeSet<&String> = names.values().collect();
        assert_eq!(distinct.len(), 3, "{names:?}");
    }
}
