//! Names in generated Rust.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use bp_plan::Plan;

/// Words that can be identifiers only as `r#word`.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// The name as an identifier: `type` becomes `r#type`.
pub(super) fn escape_ident(name: &str) -> String {
    if KEYWORDS.contains(&name) { format!("r#{name}") } else { name.to_owned() }
}

/// Words that can never be identifiers.
const RESERVED: &[&str] = &["", "_", "crate", "self", "super"];

/// File names that some systems reserve, with any extension.
const DEVICES: &[&str] = &["aux", "con", "nul", "prn"];

/// `RateServiceImpl` as `rate_service_impl`; `HTTPServer` as `http_server`; `Läden` as `lue4den`, because it is also the name of a file.
pub(super) fn to_snake_case(name: &str) -> String {
    let mut out = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (i, c) in chars.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| chars.get(i));
        let after = chars.get(i + 1);
        let starts = c.is_uppercase()
            && before.is_some_and(|b| {
                b.is_lowercase()
                    || b.is_ascii_digit()
                    || (b.is_uppercase() && after.is_some_and(|a| a.is_lowercase()))
            });
        if starts {
            out.push('_');
        }
        if c.is_alphanumeric() {
            for c in c.to_lowercase() {
                if c.is_ascii() {
                    out.push(c);
                } else {
                    let _ = write!(out, "u{:x}", u32::from(c));
                }
            }
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    out
}

/// A snake-cased name that can be a function, a module and a file; words that cannot are changed.
fn to_item_name(name: &str) -> String {
    let mut out = to_snake_case(name);
    let device = DEVICES.contains(&out.as_str())
        || (out.len() == 4 && (out.starts_with("com") || out.starts_with("lpt")));
    if device || out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert_str(0, "the_");
    }
    if KEYWORDS.contains(&out.as_str()) || RESERVED.contains(&out.as_str()) {
        out.push('_');
    }
    out
}

/// Gives each path a module or function name of its own: its last part; all its parts if several paths share the last; and a digest of the path if even those are shared.
///
/// A name depends only on the names that it would clash with, not on any order.
pub(super) fn assign_unique_names<'a>(
    paths: impl IntoIterator<Item = &'a String>,
) -> BTreeMap<&'a str, String> {
    let paths: Vec<&str> = paths.into_iter().map(String::as_str).collect();
    let short = |path: &str| to_item_name(path.rsplit("::").next().unwrap_or_default());
    let long = |path: &str| to_item_name(&path.replace("::", "_"));
    let mut shorts: BTreeMap<String, usize> = BTreeMap::new();
    let mut longs: BTreeMap<String, usize> = BTreeMap::new();
    for path in &paths {
        *shorts.entry(short(path)).or_default() += 1;
    }
    for path in &paths {
        *longs.entry(long(path)).or_default() += 1;
    }
    let alone = |path: &str| {
        let (short, long) = (short(path), long(path));
        if shorts.get(&short) == Some(&1) {
            short
        } else if longs.get(&long) == Some(&1) && !shorts.contains_key(&long) {
            long
        } else {
            format!("{long}_{:08x}", hash_fnv1a(path))
        }
    };
    let mut taken = BTreeSet::new();
    let mut names = BTreeMap::new();
    for path in paths {
        let mut name = alone(path);
        // Two digests may be equal, or a digest's name may equal another path's own.
        while !taken.insert(name.clone()) {
            name.push_str("_x");
        }
        names.insert(path, name);
    }
    names
}

/// FNV-1a: a few digits that follow from the text alone.
fn hash_fnv1a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// A module name for each service interface in use; the halves of backends' interfaces are in the crates that declare them.
pub(super) fn name_interface_modules(plan: &Plan) -> BTreeMap<&str, String> {
    let used: BTreeSet<&String> = plan.implementations.values().map(|i| &i.interface).collect();
    assign_unique_names(plan.interfaces.keys().filter(|path| used.contains(path)))
}

/// A function name for each implementation.
pub(super) fn name_implementation_functions(plan: &Plan) -> BTreeMap<&str, String> {
    assign_unique_names(plan.implementations.keys())
}

/// A string literal.
pub(super) fn string_literal(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_snake_cased_and_unique() {
        for (name, snaked) in [
            ("Cart", "cart"),
            ("RateServiceImpl", "rate_service_impl"),
            ("HTTPServer", "http_server"),
            ("S3Store", "s3_store"),
            ("rates::Impl", "rates_impl"),
        ] {
            assert_eq!(to_snake_case(name), snaked);
        }
        assert_eq!(escape_ident("type"), "r#type");
        assert_eq!(string_literal("a\"\\\n\u{7}"), "\"a\\\"\\\\\\n\\u{7}\"");
    }

    #[test]
    fn modules_and_functions_have_ascii_names_of_their_own() {
        let named = |paths: &[&str]| -> Vec<(String, String)> {
            let paths: Vec<String> = paths.iter().map(|p| (*p).to_owned()).collect();
            assign_unique_names(&paths)
                .into_iter()
                .map(|(path, name)| (path.to_owned(), name))
                .collect()
        };
        let paths = [
            "a::Cart",
            "a::b::Cart",
            "a_b::Cart",
            "a::B::cart",
            "a::Crate",
            "a::Self_",
            "a::Crate_",
            "a::Mod",
            "a::Match",
            "a::Con",
            "a::Läden",
            "a::Laden",
            "a::läden",
            "a::HTTPServer",
            "a::HttpServer",
            "a::http_server",
            "a::高さ",
            "a::_1",
            "a::x::Läden",
        ];
        let names = named(&paths);
        let mut seen = BTreeSet::new();
        for (path, name) in &names {
            assert!(seen.insert(name), "{path}: {name}");
            assert!(
                name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
                "{name}"
            );
            assert!(!name.starts_with(|c: char| c.is_ascii_digit()), "{name}");
            assert!(
                !KEYWORDS.contains(&name.as_str()) && !RESERVED.contains(&name.as_str()),
                "{name}"
            );
            assert!(!DEVICES.contains(&name.as_str()), "{name}");
        }
        // The order in which they are declared, and what else there is, change nothing.
        let mut backwards = paths;
        backwards.reverse();
        assert_eq!(named(&backwards), names);
        for (alone, name) in [("a::Crate", "crate_"), ("a::Mod", "mod_"), ("a::Läden", "lue4den")]
        {
            assert_eq!(named(&[alone, "a::Other"]).first().map(|n| n.1.as_str()), Some(name));
        }
    }
}
