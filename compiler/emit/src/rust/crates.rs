//! What the crates of a workflow are called in generated Rust, and paths into them.
//!
//! Generated Rust imports nothing from the workflow and writes `::crate::path`, so that a workflow brings only the names of its crates into scope.
//! A crate whose own name would mean something else gets another one, by its key in the generated manifest.

use std::collections::{BTreeMap, BTreeSet};

use bp_plan::{ImplementationPlan, InterfacePlan, Plan, RuntimeCrate};

use super::names::escape_ident;
use super::packages::{app_library, find_in_workflow, plugin_library};

/// Names that generated Rust, or Rust itself, has in scope; a crate's name comes before most of them.
const TAKEN: &[&str] = &[
    "Box", "Err", "None", "Ok", "Option", "Result", "Self", "Some", "String", "Vec", "bool",
    "bp_std", "char", "core", "crate", "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize",
    "self", "std", "str", "super", "u128", "u16", "u32", "u64", "u8", "usize",
];

/// The crates of a workflow, by their own name in Rust, and what generated Rust calls them.
#[derive(Debug)]
pub(super) struct CrateNames<'a> {
    names: BTreeMap<&'a str, String>,
}

impl<'a> CrateNames<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let own: BTreeSet<&str> = std::iter::once(plan.app.workflow_crate.as_str())
            .chain(plan.app.crates.keys().map(String::as_str))
            .chain(plan.app.interface_crates.keys().map(String::as_str))
            .collect();
        let mut taken: BTreeSet<String> = TAKEN.iter().map(|t| (*t).to_owned()).collect();
        taken.insert(app_library(plan));
        let runtimes = plan.plugins.values().filter_map(|p| p.runtime.as_ref());
        let apart = runtimes.filter(|runtime| find_in_workflow(plan, runtime).is_none());
        taken.extend(apart.map(plugin_library));
        let mut names = BTreeMap::new();
        for name in &own {
            let mut called = (*name).to_owned();
            while taken.contains(&called) || (called != *name && own.contains(called.as_str())) {
                called.insert_str(0, "the_");
            }
            names.insert(*name, called);
        }
        Self { names }
    }

    /// The name of a crate in generated Rust; its own if it is not one of the workflow's.
    pub(super) fn name_of<'n>(&'n self, name: &'n str) -> &'n str {
        self.names.get(name).map_or(name, String::as_str)
    }

    /// The name of the crate of a plugin's runtime half in generated Rust.
    pub(super) fn name_of_runtime(&self, plan: &Plan, runtime: &RuntimeCrate) -> String {
        match find_in_workflow(plan, runtime) {
            Some(name) => self.name_of(name).to_owned(),
            None => plugin_library(runtime),
        }
    }

    /// `leaf_workflow::r#type::Stay` as `::leaf_workflow::r#type::Stay`.
    pub(super) fn qualify_path(&self, path: &str) -> String {
        let mut parts = path.trim_start_matches("::").split("::");
        let root = self.name_of(parts.next().unwrap_or_default());
        let mut out = format!("::{}", escape_ident(root));
        for part in parts {
            out.push_str("::");
            out.push_str(&escape_ident(part));
        }
        out
    }

    /// A type with every path in it starting at its crate: `Vec<leaf_workflow::Item>` as `Vec<::leaf_workflow::Item>`.
    ///
    /// Names without a path are the prelude's and Rust's own, which nothing in a generated file hides.
    pub(super) fn qualify_type(&self, rust: &str) -> String {
        let mut out = String::new();
        let mut rest = rust;
        while let Some(first) = rest.chars().next() {
            let length = if is_word(first) { path_length(rest) } else { first.len_utf8() };
            let (token, after) = rest.split_at(length);
            if token.contains("::") && is_word(first) {
                out.push_str(&self.qualify_path(token));
            } else {
                out.push_str(token);
            }
            rest = after;
        }
        out
    }

    /// The workflow's crates that generated code names for these interfaces and implementations, and those of the interfaces that constructors take.
    pub(super) fn collect_used<'i>(
        &self,
        interfaces: impl Iterator<Item = &'i InterfacePlan>,
        implementations: impl Iterator<Item = &'i ImplementationPlan>,
    ) -> BTreeSet<&'a str> {
        let mut found = BTreeSet::new();
        let mut see = |rust: &str| {
            for path in rust.split(|c| !is_word(c) && c != ':') {
                let root = path.trim_start_matches("::").split("::").next().unwrap_or_default();
                found.extend(self.names.get_key_value(root).map(|(name, _)| *name));
            }
        };
        for implementation in implementations {
            see(&implementation.rust);
            implementation.parameters.iter().filter_map(|p| p.kind.interface()).for_each(&mut see);
        }
        for interface in interfaces {
            see(&interface.rust);
            for method in &interface.methods {
                see(&method.returns_rust);
                method.arguments.iter().for_each(|argument| see(&argument.rust));
            }
        }
        found
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of the path at the start of a text: `a::b` of `a::b<c>`.
fn path_length(text: &str) -> usize {
    let mut length = 0;
    let mut rest = text;
    loop {
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        length += word;
        rest = rest.get(word..).unwrap_or_default();
        match rest.strip_prefix("::") {
            Some(after) if after.starts_with(is_word) => {
                length += 2;
                rest = after;
            }
            _ => return length,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::small_plan;

    #[test]
    fn paths_begin_at_their_crate() {
        let mut plan = small_plan();
        for name in ["core", "the_core", "match", "bp_rt_add", "läden"] {
            let krate = bp_plan::CratePlan { package: name.into(), path: name.into() };
            plan.app.crates.insert(name.into(), krate);
        }
        let crates = CrateNames::new(&plan);
        for (written, rust) in [
            ("u8", "u8"),
            ("()", "()"),
            ("Vec<leaf_workflow::Item>", "Vec<::leaf_workflow::Item>"),
            (
                "(std::collections::BTreeMap<String, leaf_workflow::type::Stay>, [u8; 4])",
                "(::std::collections::BTreeMap<String, ::leaf_workflow::r#type::Stay>, [u8; 4])",
            ),
            ("Option<core::Item>", "Option<::the_the_core::Item>"),
            ("the_core::Item", "::the_core::Item"),
            ("bp_rt_add::Item", "::the_bp_rt_add::Item"),
            ("match::Größe", "::r#match::Größe"),
            ("läden::高さ", "::läden::高さ"),
            ("bp_std::uuid::Uuid", "::bp_std::uuid::Uuid"),
            ("std::sync::Arc<[u8]>", "::std::sync::Arc<[u8]>"),
        ] {
            assert_eq!(crates.qualify_type(written), rust);
        }
        assert_eq!(crates.qualify_path("core::mod::Crate"), "::the_the_core::r#mod::Crate");
    }
}
