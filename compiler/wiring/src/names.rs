//! Names of instances, processes and applications, and why some are refused.

use std::collections::BTreeMap;

use bp_contract::fold_name;
use bp_diag::catalog::wiring as codes;
use bp_diag::{Diagnostics, Span};

use crate::Grammar;

/// Longest name, in characters.
const MAX_LENGTH: usize = 40;

/// Rust's keywords, strict and reserved, of edition 2024.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// What YAML 1.1 reads as a boolean or null.
const YAML_WORDS: &[&str] = &["n", "no", "null", "off", "on", "y", "yes"];

/// Names that some file systems reserve for devices.
const DEVICES: &[&str] = &["aux", "con", "nul", "prn"];

/// Hosts that `/etc/hosts` usually has; a process with such a name could not be reached.
const HOSTS: &[&str] = &[
    "broadcasthost",
    "ip6-allhosts",
    "ip6-allnodes",
    "ip6-allrouters",
    "ip6-localhost",
    "ip6-localnet",
    "ip6-loopback",
    "ip6-mcastprefix",
    "localdomain",
    "localhost",
];

/// Whether the name has the pattern `[a-z][a-z0-9]*([_-][a-z0-9]+)*` and at most 40 characters.
pub fn is_name(name: &str) -> bool {
    name.len() <= MAX_LENGTH && why_not(name).is_none()
}

/// Why a text breaks the pattern, its length aside.
fn why_not(name: &str) -> Option<String> {
    let Some(first) = name.chars().next() else { return Some("a name cannot be empty".to_owned()) };
    for c in name.chars() {
        let reason = match c {
            'a'..='z' | '0'..='9' | '_' | '-' => continue,
            'A'..='Z' => "capital letters differ between systems".to_owned(),
            '/' | '\\' => format!("`{c}` separates the parts of a path"),
            '.' => "`.` separates the parts of a key".to_owned(),
            ' ' | '\t' => "a space separates words in a shell".to_owned(),
            ':' | '#' | '{' | '}' | '[' | ']' | ',' | '&' | '%' | '@' => {
                format!("`{c}` has a meaning in YAML")
            }
            '$' | ';' | '|' | '<' | '>' | '(' | ')' | '`' | '"' | '\'' | '!' | '~' | '?' | '=' => {
                format!("`{c}` has a meaning in a shell")
            }
            c if c.is_control() => {
                format!("the control character U+{:04X} breaks every output", u32::from(c))
            }
            c => format!("`{c}` is not a lower-case letter, digit, `_` or `-`"),
        };
        return Some(reason);
    }
    if !first.is_ascii_lowercase() {
        return Some("a name starts with a lower-case letter".to_owned());
    }
    if name.split(['_', '-']).any(str::is_empty) {
        return Some("`_` and `-` must be single, and between letters or digits".to_owned());
    }
    None
}

/// A usable name that is close to an unusable one.
fn suggest_usable(name: &str, reserved: &BTreeMap<String, String>) -> Option<String> {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && out.ends_with(|c: char| c.is_ascii_lowercase()) {
            out.push('_');
        }
        let c = c.to_ascii_lowercase();
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with(['_', '-']) {
            out.push(if c == '-' { '-' } else { '_' });
        }
    }
    let out: String = out
        .trim_start_matches(|c: char| !c.is_ascii_lowercase())
        .chars()
        .take(MAX_LENGTH)
        .collect();
    let out = out.trim_end_matches(['_', '-']).to_owned();
    (is_name(&out) && reserved_meaning(&out, reserved).is_none()).then_some(out)
}

/// What a well-formed name means elsewhere; plugins' meanings are in `reserved`.
fn reserved_meaning(name: &str, reserved: &BTreeMap<String, String>) -> Option<String> {
    let folded = fold_name(name);
    let folded = folded.as_str();
    if matches!(folded, "client" | "default" | "bp") {
        let why = match folded {
            "client" => "`client` is the outside world",
            "default" => "`default` means the built-in value",
            _ => "`bp` is the compiler itself",
        };
        return Some(why.to_owned());
    }
    if KEYWORDS.contains(&folded) {
        return Some(format!("`{name}` is a keyword of Rust"));
    }
    if let Some((_, meaning)) = reserved.iter().find(|(other, _)| fold_name(other) == folded) {
        return Some(format!("`{name}` is {meaning}"));
    }
    if HOSTS.iter().any(|host| fold_name(host) == folded) {
        return Some(format!("resolvers already know another host named `{name}`"));
    }
    if YAML_WORDS.contains(&folded) {
        return Some(format!("YAML reads `{name}` as a boolean or null"));
    }
    let numbered = |prefix: &str| {
        folded
            .strip_prefix(prefix)
            .is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
    };
    if DEVICES.contains(&folded) || numbered("com") || numbered("lpt") {
        return Some(format!("some file systems reserve `{name}` for a device"));
    }
    None
}

/// Every name that the pattern allows and that is refused for what it means elsewhere, sorted.
pub fn reserved_names(grammar: &Grammar) -> Vec<String> {
    let fixed = ["client", "default", "bp"].iter().chain(KEYWORDS).chain(YAML_WORDS);
    let fixed = fixed.chain(DEVICES).chain(HOSTS);
    let mut names: Vec<String> = fixed.map(|name| (*name).to_owned()).collect();
    let numbered = |prefix: &'static str| (0..10).map(move |n| format!("{prefix}{n}"));
    names.extend(numbered("com").chain(numbered("lpt")));
    names.extend(grammar.reserved.keys().cloned());
    names.sort_unstable();
    names.dedup();
    names
}

/// Reports a name that cannot be used; `what` is "a service".
pub(crate) fn check(
    what: &str,
    name: &str,
    span: Span,
    reserved: &BTreeMap<String, String>,
    out: &mut Diagnostics,
) -> bool {
    let suggestion = suggest_usable(name, reserved);
    if let Some(why) = why_not(name) {
        out.push(codes::bad_name(span, what, name, &why, suggestion.as_deref()));
        return false;
    }
    if name.len() > MAX_LENGTH {
        let why = format!("{} characters, at most {MAX_LENGTH} are allowed", name.len());
        out.push(codes::bad_name(span, what, name, &why, None));
        return false;
    }
    if let Some(meaning) = reserved_meaning(name, reserved) {
        out.push(codes::reserved_name(span, what, name, &meaning));
        return false;
    }
    true
}

/// Reports a name that is used only in paths and files, where reserved words do no harm.
pub(crate) fn check_file(
    what: &str,
    name: &str,
    span: Span,
    reserved: &BTreeMap<String, String>,
    out: &mut Diagnostics,
) {
    if let Some(why) = why_not(name) {
        out.push(codes::bad_name(
            span,
            what,
            name,
            &why,
            suggest_usable(name, reserved).as_deref(),
        ));
    } else if name.len() > MAX_LENGTH {
        let why = format!("{} characters, at most {MAX_LENGTH} are allowed", name.len());
        out.push(codes::bad_name(span, what, name, &why, None));
    }
}

/// Whether a text is a path to a Rust type: identifiers joined by `::`.
pub(crate) fn is_type_path(text: &str) -> bool {
    let identifier = |part: &str| {
        let mut chars = part.chars();
        chars.next().is_some_and(|c| c.is_alphabetic() || c == '_')
            && chars.all(|c| c.is_alphanumeric() || c == '_')
            && part != "_"
    };
    let segment = |part: &str| {
        let raw = part.strip_prefix("r#");
        let root = matches!(raw.unwrap_or(part), "crate" | "self" | "super");
        let plain = raw.is_some() || root || !KEYWORDS.contains(&part);
        identifier(raw.unwrap_or(part)) && plain && !(root && raw.is_some())
    };
    text.split("::").all(segment) && !matches!(text, "crate" | "self" | "super")
}
