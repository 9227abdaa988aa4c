//! The files of a crate do not use each other in a circle.
//!
//! A file uses another of its crate if its code, tests aside, names something that the other defines: in a `use`, or by a path in code or in the input of a macro.
//! A name is followed through re-exports to the file that defines it, so a file is not used because it hands names on.
//! Calls of methods are no names: what counts is whose types and functions a file must know.
//!
//! Two forms are no use:
//!
//! - A module that re-exports what is inside it, `mod retry; pub use retry::Retry;`.
//! - A module inside another that names what the outer one itself defines, `super::Launch`. It is a part of the outer module in a file of its own, sees its private items, and cannot be read without it; a third file for what both know would pull apart what belongs together, such as the limits of a supervisor and the restart that keeps them. Between the parts of one module, and between modules that are not inside each other, the rule holds in full.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use super::module_tree::{ModuleTree, Uses};
use crate::source_files::{list_files, relative_name};

pub(crate) fn check(root: &Path, faults: &mut Vec<String>) -> Result<()> {
    let mut files = BTreeMap::new();
    for folder in ["compiler", "stdlib", "plugins", "xtask"] {
        for path in list_files(&root.join(folder), "rs")? {
            files.insert(relative_name(root, &path), std::fs::read_to_string(&path)?);
        }
    }
    let mut circles = Vec::new();
    for folder in ["compiler", "stdlib", "plugins", "xtask"] {
        for manifest in list_files(&root.join(folder), "toml")? {
            let name = relative_name(root, &manifest);
            let Some(package) = name.strip_suffix("Cargo.toml") else { continue };
            // What `bp new` and `cargo xtask new` write is no crate here.
            if name.contains("/template") {
                continue;
            }
            for crate_root in ["src/lib.rs", "src/main.rs", "lib.rs"] {
                let crate_root = format!("{package}{crate_root}");
                if files.contains_key(&crate_root) {
                    let uses = ModuleTree::read(&crate_root, &files)?.collect_uses();
                    circles.extend(find_circles(&uses));
                }
            }
        }
    }
    faults.extend(circles.iter().map(Circle::describe));
    Ok(())
}

/// Two or more files each of which reaches every other by what it uses.
#[derive(Debug)]
struct Circle {
    files: BTreeSet<String>,
    /// What ties them.
    uses: Uses,
}

impl Circle {
    fn describe(&self) -> String {
        let files: Vec<&str> = self.files.iter().map(String::as_str).collect();
        let mut text = format!(
            "{} use each other in a circle; move what they share into a file of its own",
            files.join(", ")
        );
        for ((user, definer), names) in &self.uses {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let names = names.join(", ");
            text.extend(["\n      ", user, " takes from ", definer, ": ", &names]);
        }
        text
    }
}

/// The circles of one crate.
fn find_circles(uses: &Uses) -> Vec<Circle> {
    let mut used: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (user, definer) in uses.keys() {
        used.entry(user).or_default().insert(definer);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        used.keys().map(|file| (*file, collect_reached(file, &used))).collect();
    let mut found = BTreeSet::new();
    for (file, others) in &reached {
        let returns = |other: &&&str| reached.get(**other).is_some_and(|back| back.contains(file));
        let circle: BTreeSet<String> =
            others.iter().filter(returns).map(|other| (*other).to_owned()).collect();
        if !circle.is_empty() {
            found.insert(circle);
        }
    }
    let tie = |files: BTreeSet<String>| {
        let inside =
            |(user, definer): &(String, String)| files.contains(user) && files.contains(definer);
        let uses = uses.iter().filter(|(ends, _)| inside(ends));
        let uses = uses.map(|(ends, names)| (ends.clone(), names.clone())).collect();
        Circle { files, uses }
    };
    found.into_iter().map(tie).collect()
}

/// The files that a file reaches by what it uses, and what those use; itself only through another.
fn collect_reached<'a>(
    file: &'a str,
    used: &BTreeMap<&'a str, BTreeSet<&'a str>>,
) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![file];
    while let Some(next) = waiting.pop() {
        for definer in used.get(next).into_iter().flatten() {
            if reached.insert(*definer) {
                waiting.push(definer);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The circles of a crate with these files, each with the names that tie it.
    fn list_circles(files: &[(&str, &str)]) -> Vec<String> {
        let files = files.iter().map(|(name, text)| (format!("a/{name}"), (*text).to_owned()));
        let uses = ModuleTree::read("a/lib.rs", &files.collect()).unwrap().collect_uses();
        find_circles(&uses).iter().map(Circle::describe).collect()
    }

    const ROOT: (&str, &str) = ("lib.rs", "mod one;\nmod two;\nmod three;\npub use two::Two;");
    const THREE: (&str, &str) = ("three.rs", "pub(crate) struct Three;");

    #[test]
    fn a_circle_is_found_however_the_names_are_written() {
        let two = ("two.rs", "use crate::one::One;\npub struct Two(One);");
        for one in [
            "use crate::two::Two; pub(crate) struct One(Two);",
            "use super::{three::Three, two::Two as Second}; pub(crate) struct One(Second);",
            "use crate::two; pub(crate) struct One(two::Two);",
            "pub(crate) struct One(super::two::Two);",
            "use crate::Two; pub(crate) struct One(Two);",
            "pub(crate) struct One; fn f() { use crate::two::Two; }",
            "pub(crate) struct One; fn f() { println!(\"{:?}\", crate::two::Two); }",
        ] {
            let found = list_circles(&[ROOT, ("one.rs", one), two, THREE]);
            assert_eq!(found.len(), 1, "{one}: {found:?}");
        }
        let one = ("one.rs", "use crate::two::Two; pub(crate) struct One(Two);");
        assert_eq!(
            list_circles(&[ROOT, one, two, THREE]),
            [
                "a/one.rs, a/two.rs use each other in a circle; move what they share into a file of its own\n      \
                 a/one.rs takes from a/two.rs: Two, crate::two::Two\n      \
                 a/two.rs takes from a/one.rs: One, crate::one::One"
            ]
        );
    }

    #[test]
    fn a_circle_of_three_files_is_one() {
        let files = [
            ROOT,
            ("one.rs", "pub(crate) struct One(crate::two::Two);"),
            ("two.rs", "pub struct Two(crate::three::Three);"),
            ("three.rs", "pub(crate) struct Three(Option<Box<crate::one::One>>);"),
        ];
        let found = list_circles(&files);
        assert!(found.len() == 1 && found[0].starts_with("a/one.rs, a/three.rs, a/two.rs "));
    }

    #[test]
    fn tests_comments_other_crates_and_one_way_are_no_circle() {
        let two = ("two.rs", "use crate::one::One;\npub struct Two(One);");
        for one in [
            "pub(crate) struct One;\n#[cfg(test)]\nmod tests { use crate::two::Two; fn f(_: Two) {} }",
            "pub(crate) struct One;\n#[cfg(test)]\nuse crate::two::Two;",
            "/// As [`crate::two::Two`].\npub(crate) struct One; // crate::two::Two",
            "use ::two::Two; pub(crate) struct One(Two, other::two::Two);",
            "pub(crate) struct One; fn f() { quote! { crate::two::Two } }",
            "pub(crate) use crate::two::Two as One;",
            "pub(in crate::one) struct One; fn f(two: u8) -> u8 { two }",
        ] {
            let found = list_circles(&[ROOT, ("one.rs", one), two, THREE]);
            assert_eq!(found, Vec::<String>::new(), "{one}");
        }
    }

    #[test]
    fn a_module_and_what_is_inside_it_are_no_circle_and_its_parts_among_each_other_are() {
        let root = ("lib.rs", "mod outer;");
        let outer =
            ("outer/mod.rs", "mod left;\nmod right;\npub struct Own;\nfn f() { left::f() }");
        let left = ("outer/left.rs", "use super::Own;\npub(super) fn f() {}");
        let right = ("outer/right.rs", "use super::left::f;\npub(super) fn g() { f() }");
        assert_eq!(list_circles(&[root, outer, left, right]), Vec::<String>::new());
        let left = ("outer/left.rs", "pub(super) fn f() { super::right::g() }");
        assert_eq!(list_circles(&[root, outer, left, right]).len(), 1);
    }

    #[test]
    fn a_file_that_is_declared_by_a_path_is_read_there() {
        let files = [
            ("lib.rs", "#[path = \"far/one.rs\"]\nmod one;\nmod two;"),
            ("far/one.rs", "pub struct One(crate::two::Two);"),
            ("two.rs", "pub struct Two(Option<Box<crate::one::One>>);"),
        ];
        assert!(list_circles(&files)[0].starts_with("a/far/one.rs, a/two.rs use each other"));
    }
}
