//! Names in generated Rust.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::Plan;

/// Words that an identifier may only be as `r#word`.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// The name as an identifier: `type` becomes `r#type`.
pub(super) fn ident(name: &str) -> String {
    if KEYWORDS.contains(&name) { format!("r#{name}") } else { name.to_owned() }
}

/// A path with each keyword among its parts escaped: `leaf::type::Stay` becomes `leaf::r#type::Stay`.
pub fn rust_path(path: &str) -> String {
    let keep = |part: &str| matches!(part, "crate" | "self" | "super");
    let parts: Vec<_> =
        path.split("::").map(|p| if keep(p) { p.to_owned() } else { ident(p) }).collect();
    parts.join("::")
}

/// `RateServiceImpl` as `rate_service_impl`; `HTTPServer` as `http_server`.
pub(super) fn snake(name: &str) -> String {
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
            out.extend(c.to_lowercase());
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    out
}

/// Gives each key a module or function name of its own: the snake-cased last part of its path, with further parts in front, then a number, where two would be the same.
pub(super) fn unique<'a>(paths: impl IntoIterator<Item = &'a String>) -> BTreeMap<&'a str, String> {
    let mut taken = BTreeSet::new();
    let mut names = BTreeMap::new();
    for path in paths {
        let parts: Vec<String> = path.split("::").map(snake).collect();
        let short = parts.last().cloned().unwrap_or_default();
        let long = parts.join("_");
        let mut name = if taken.contains(&short) { long.clone() } else { short };
        let mut number = 2_u32;
        while taken.contains(&name) {
            name = format!("{long}_{number}");
            number += 1;
        }
        taken.insert(name.clone());
        names.insert(path.as_str(), name);
    }
    names
}

/// A module name for each interface of services in use; backends' interfaces have their halves in the runtime.
pub(super) fn interface_modules(plan: &Plan) -> BTreeMap<&str, String> {
    let used: BTreeSet<&String> = plan.implementations.values().map(|i| &i.interface).collect();
    let mut modules = unique(plan.interfaces.keys().filter(|path| used.contains(path)));
    for name in modules.values_mut() {
        if name == "mod" {
            name.push('_');
        }
    }
    modules
}

/// A function name for each implementation.
pub(super) fn implementation_functions(plan: &Plan) -> BTreeMap<&str, String> {
    unique(plan.implementations.keys())
}

/// A string literal.
pub(super) fn literal(text: &str) -> String {
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
            assert_eq!(snake(name), snaked);
        }
        let paths = ["a::Cart", "a::b::Cart", "a_b::Cart"].map(String::from);
        let names: Vec<_> = unique(&paths).into_values().collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 3, "{names:?}");
        assert_eq!(ident("type"), "r#type");
        assert_eq!(rust_path("leaf::type::Stay"), "leaf::r#type::Stay");
        assert_eq!(literal("a\"\\\n\u{7}"), "\"a\\\"\\\\\\n\\u{7}\"");
    }
}
