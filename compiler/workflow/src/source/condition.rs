//! What a `cfg` asks, and how far the answer is the same in every build of a workflow.
//!
//! A workflow is read as for what images run on: Linux, 64 bits, little-endian.
//! The processor, the C library and the profile differ from build to build, so what depends on them has no answer here.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use serde::{Deserialize, Serialize};

/// How deep a predicate may nest; deeper ones have no answer.
const MAX_DEPTH: usize = 32;

/// A predicate, as `cfg(…)` holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cfg {
    /// `test`: false in what `bp` builds.
    Test,
    /// The same in every build.
    Fixed(bool),
    /// `feature = "…"`
    Feature(String),
    /// Anything that builds differ in.
    Undecided,
    Not(Box<Cfg>),
    All(Box<[Cfg]>),
    Any(Box<[Cfg]>),
}

impl Cfg {
    /// Reads what the brackets of `cfg(…)` hold; `None` if that is not a predicate.
    pub(crate) fn read(tokens: TokenStream) -> Option<Self> {
        read_predicate(tokens, MAX_DEPTH)
    }

    /// Reads the key of a table `[target.….dependencies]`: `cfg(…)`, or the name of a target.
    pub(crate) fn of_target(key: &str) -> Option<Self> {
        if let Some(inner) = key.strip_prefix("cfg(") {
            let tokens: TokenStream = inner.strip_suffix(')')?.parse().ok()?;
            return Self::read(tokens);
        }
        // A target has a processor, so that of Linux is one of several.
        let linux = key.split('-').any(|part| part == "linux") || key.contains('.');
        Some(if linux { Self::Undecided } else { Self::Fixed(false) })
    }

    /// This, where `guard` holds: what `cfg_attr(guard, cfg(…))` asks.
    pub(crate) fn behind(self, guard: &Self) -> Self {
        Self::Any(Box::new([Self::Not(Box::new(guard.clone())), self]))
    }

    /// The answer where these features are on; `None` where builds differ.
    pub(crate) fn holds(&self, features: &BTreeSet<String>) -> Option<bool> {
        self.evaluate(&|leaf| match leaf {
            Self::Test => Some(false),
            Self::Fixed(answer) => Some(*answer),
            Self::Feature(name) => Some(features.contains(name)),
            _ => None,
        })
    }

    /// The answer if it follows from `test` being false alone.
    pub(crate) fn outside_tests(&self) -> Option<bool> {
        self.evaluate(&|leaf| matches!(leaf, Self::Test).then_some(false))
    }

    /// Three-valued logic: an answer that no undecided part can change.
    fn evaluate(&self, leaf: &dyn Fn(&Self) -> Option<bool>) -> Option<bool> {
        match self {
            Self::Not(inner) => inner.evaluate(leaf).map(|a| !a),
            Self::All(parts) => evaluate_parts(parts, leaf, true),
            Self::Any(parts) => evaluate_parts(parts, leaf, false),
            other => leaf(other),
        }
    }
}

/// `neutral` if all parts have that answer, its opposite if one has that.
fn evaluate_parts(
    parts: &[Cfg],
    leaf: &dyn Fn(&Cfg) -> Option<bool>,
    neutral: bool,
) -> Option<bool> {
    let mut undecided = false;
    for part in parts {
        match part.evaluate(leaf) {
            Some(answer) if answer != neutral => return Some(answer),
            Some(_) => {}
            None => undecided = true,
        }
    }
    (!undecided).then_some(neutral)
}

fn read_predicate(tokens: TokenStream, depth: usize) -> Option<Cfg> {
    if depth == 0 {
        return Some(Cfg::Undecided);
    }
    let mut tokens = tokens.into_iter();
    let name = match tokens.next()? {
        TokenTree::Ident(name) => name.to_string(),
        _ => return None,
    };
    let name = name.strip_prefix("r#").unwrap_or(&name).to_owned();
    match tokens.next() {
        None => Some(read_flag(&name)),
        Some(TokenTree::Punct(p)) if p.as_char() == ',' && tokens.next().is_none() => {
            Some(read_flag(&name))
        }
        Some(TokenTree::Punct(p)) if p.as_char() == '=' => {
            let TokenTree::Literal(literal) = tokens.next()? else { return None };
            let text: syn::LitStr = syn::parse2(TokenTree::from(literal).into()).ok()?;
            Some(read_value(&name, &text.value()))
        }
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis => {
            let parts = split_at_commas(group.stream());
            let mut parts = parts.into_iter().map(|part| read_predicate(part, depth - 1));
            match name.as_str() {
                "not" => Some(Cfg::Not(Box::new(parts.next()??))),
                "all" => Some(Cfg::All(parts.collect::<Option<_>>()?)),
                "any" => Some(Cfg::Any(parts.collect::<Option<_>>()?)),
                _ => Some(Cfg::Undecided),
            }
        }
        Some(_) => None,
    }
}

/// Tokens between commas.
pub(super) fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = Vec::new();
    let mut part = Vec::new();
    for token in tokens {
        match &token {
            TokenTree::Punct(p) if p.as_char() == ',' => {
                parts.push(std::mem::take(&mut part));
            }
            _ => part.push(token),
        }
    }
    parts.push(part);
    parts.into_iter().filter(|p| !p.is_empty()).map(|p| p.into_iter().collect()).collect()
}

/// A word without a value.
fn read_flag(name: &str) -> Cfg {
    match name {
        "test" | "doctest" => Cfg::Test,
        "unix" | "true" => Cfg::Fixed(true),
        "windows" | "false" | "doc" | "miri" | "clippy" | "rust_analyzer" => Cfg::Fixed(false),
        _ => Cfg::Undecided,
    }
}

/// `name = "value"`
fn read_value(name: &str, value: &str) -> Cfg {
    match name {
        "feature" => Cfg::Feature(value.to_owned()),
        "target_os" => Cfg::Fixed(value == "linux"),
        "target_family" => Cfg::Fixed(value == "unix"),
        "target_pointer_width" => Cfg::Fixed(value == "64"),
        "target_endian" => Cfg::Fixed(value == "little"),
        // The profiles of generated workspaces say so.
        "panic" => Cfg::Fixed(value == "unwind"),
        "target_arch" if value.starts_with("wasm") => Cfg::Fixed(false),
        "target_env" if matches!(value, "msvc" | "sgx" | "newlib") => Cfg::Fixed(false),
        "target_vendor" if matches!(value, "apple" | "uwp") => Cfg::Fixed(false),
        _ => Cfg::Undecided,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Option<bool> {
        let tokens: TokenStream = text.parse().expect("tokens");
        let features = BTreeSet::from(["on".to_owned()]);
        Cfg::read(tokens).expect("a predicate").holds(&features)
    }

    #[test]
    fn an_answer_is_given_where_every_build_has_it() {
        for (text, expected) in [
            ("unix", Some(true)),
            ("windows", Some(false)),
            ("not(windows)", Some(true)),
            ("test", Some(false)),
            ("target_os = \"linux\"", Some(true)),
            ("target_os = r\"macos\"", Some(false)),
            ("target_pointer_width = \"32\"", Some(false)),
            ("debug_assertions", None),
            ("target_arch = \"x86_64\"", None),
            ("target_arch = \"wasm32\"", Some(false)),
            ("all()", Some(true)),
            ("any()", Some(false)),
            ("all(unix, debug_assertions)", None),
            ("all(windows, debug_assertions)", Some(false)),
            ("any(unix, debug_assertions,)", Some(true)),
            ("not(any(windows, not(feature = \"on\")))", Some(true)),
            ("feature = \"off\"", Some(false)),
            ("true", Some(true)),
            ("version(\"1.90\")", None),
        ] {
            assert_eq!(answer(text), expected, "{text}");
        }
        assert_eq!(Cfg::read("= 3".parse().expect("tokens")), None);
        let deep = format!("{}unix{}", "not(".repeat(40), ")".repeat(40));
        assert_eq!(answer(&deep), None);
    }

    #[test]
    fn a_table_of_a_target_is_answered_the_same_way() {
        let none = BTreeSet::new();
        for (key, expected) in [
            ("cfg(unix)", Some(Some(true))),
            ("cfg(all(unix, not(target_os = \"macos\")))", Some(Some(true))),
            ("x86_64-unknown-linux-gnu", Some(None)),
            ("x86_64-pc-windows-msvc", Some(Some(false))),
            ("aarch64-apple-darwin", Some(Some(false))),
            ("cfg(unix", None),
            ("cfg()", None),
        ] {
            assert_eq!(Cfg::of_target(key).map(|c| c.holds(&none)), expected, "{key}");
        }
    }
}
