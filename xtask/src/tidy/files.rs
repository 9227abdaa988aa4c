//! File sizes, unordered maps, unfinished work, machine paths.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use crate::source_files::{is_test, list_files, normalize, relative_name};

/// Lines a file may have without a reason.
const LINES: usize = 800;
/// Files that may be longer, and why.
const LONG: &[(&str, &str)] = &[];
/// Where an unordered map cannot reach output, and why.
const UNORDERED: &[(&str, &str)] = &[];
/// Where the compiler may use the machine directly, and why.
const IMPURE: &[(&str, &str)] = &[
    ("compiler/system/src/real.rs", "it is the implementation of `System`"),
    ("compiler/bp/", "the command line starts processes and supervises them"),
];

pub(crate) fn check(root: &Path, faults: &mut Vec<String>) -> Result<()> {
    let mut files = Vec::new();
    for folder in ["compiler", "plugins", "stdlib", "xtask", "golden-tests", "examples"] {
        for path in list_files(&root.join(folder), "rs")? {
            files.push((relative_name(root, &path), std::fs::read_to_string(&path)?));
        }
    }
    let shared = list_shared(&files);
    for (name, text) in &files {
        check_text(name, text, shared.contains(name), faults);
    }
    Ok(())
}

/// Whether a file is the compiler's or a compile half's by where it is.
fn is_compile_half(name: &str) -> bool {
    name.starts_with("compiler/") || (name.starts_with("plugins/") && !name.contains("/runtime/"))
}

/// The files elsewhere that a `#[path]` in the compiler or in a compile half names, so that both halves compile them; with a `mod.rs`, all that is below its folder.
fn list_shared(files: &[(String, String)]) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (name, text) in files.iter().filter(|(name, _)| is_compile_half(name) && !is_test(name)) {
        let folder = Path::new(name).parent().unwrap_or(Path::new(""));
        let paths = text.lines().filter_map(|line| line.trim().strip_prefix("#[path = \""));
        for path in paths.filter_map(|rest| rest.split('"').next()) {
            named.insert(normalize(&folder.join(path)));
        }
    }
    let names = files.iter().map(|(name, _)| name);
    let is_shared = |name: &str| {
        let folders = named.iter().filter_map(|path| path.strip_suffix("mod.rs"));
        named.contains(name) || folders.into_iter().any(|folder| name.starts_with(folder))
    };
    names.filter(|name| !is_compile_half(name) && is_shared(name)).cloned().collect()
}

/// `shared` is whether the compiler or a compile half compiles the file although it is elsewhere.
fn check_text(name: &str, text: &str, shared: bool, faults: &mut Vec<String>) {
    let excepted = |list: &[(&str, &str)]| list.iter().any(|(n, _)| name.starts_with(n));
    let lines = text.lines().count();
    if lines > LINES && !excepted(LONG) {
        faults.push(format!(
            "{name} has {lines} lines; split it, or give a reason in xtask/src/tidy/files.rs"
        ));
    }
    let tests = is_test(name);
    let compiles = is_compile_half(name) || shared;
    let plugin = name.starts_with("plugins/") && compiles;
    for (number, line) in text.lines().enumerate() {
        let at = format!("{name}:{}", number + 1);
        if compiles && !tests && is_unordered(line) && !excepted(UNORDERED) {
            faults
                .push(format!("{at}: an unordered map in the compiler; use BTreeMap or IndexMap"));
        }
        if compiles && !tests && line.contains("clippy::disallowed_methods") && !excepted(IMPURE) {
            faults.push(format!("{at}: the core is pure; go through bp_system::System"));
        }
        // The list of banned functions in compiler/clippy.toml would hold for the runtime halves too.
        if plugin
            && !tests
            && ["std::fs", "std::env", "std::process"].iter().any(|m| line.contains(m))
        {
            faults
                .push(format!("{at}: a compile half is pure; what it needs comes in its context"));
        }
        if ["TODO", "FIXME", "XXX", "HACK"].iter().any(|m| line.contains(&format!("// {m}"))) {
            faults.push(format!("{at}: unfinished work is left in the code"));
        }
        if line.trim_start().starts_with("#[ignore") {
            faults.push(format!("{at}: a test that is never run"));
        }
    }
}

/// Whether a line uses an unordered map; the name alone may be a Rust type that the compiler knows.
fn is_unordered(line: &str) -> bool {
    if line.trim_start().starts_with("//") {
        return false;
    }
    ["HashMap", "HashSet"].iter().any(|map| {
        line.contains(&format!("{map}::"))
            || line.contains(&format!("{map}<"))
            || (line.trim_start().starts_with("use ") && line.contains(map))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list_faults(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<(String, String)> =
            files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let shared = list_shared(&files);
        let mut faults = Vec::new();
        for (name, text) in &files {
            check_text(name, text, shared.contains(name), &mut faults);
        }
        faults
    }

    #[test]
    fn files_that_both_halves_compile_are_pure_and_ordered() {
        let impure = "use std::collections::HashMap;\nlet read = std::fs::read(path);\n";
        let settings = ("plugins/cap/runtime/src/settings.rs", impure);
        let deep = ("plugins/cap/runtime/src/limit/deep.rs", "static PATH: fn() = std::env::var;");
        let name = ("stdlib/backend/src/name.rs", "type Names = HashSet<String>;");
        // Nobody else compiles them.
        assert_eq!(list_faults(&[settings, deep, name]), Vec::<String>::new());
        let tests = ("plugins/cap/tests.rs", "#[path = \"runtime/src/settings.rs\"]\nmod other;");
        assert_eq!(list_faults(&[settings, tests]), Vec::<String>::new());
        let declared = "#[path = \"runtime/src/settings.rs\"]\nmod settings;\n    #[path = \"runtime/src/limit/mod.rs\"]\n";
        let half = ("plugins/cap/mod.rs", declared);
        let core = ("compiler/ir/src/lib.rs", "#[path = \"../../../stdlib/backend/src/name.rs\"]");
        assert_eq!(
            list_faults(&[settings, deep, name, half, core]),
            [
                "plugins/cap/runtime/src/settings.rs:1: an unordered map in the compiler; use BTreeMap or IndexMap",
                "plugins/cap/runtime/src/settings.rs:2: a compile half is pure; what it needs comes in its context",
                "plugins/cap/runtime/src/limit/deep.rs:1: a compile half is pure; what it needs comes in its context",
                "stdlib/backend/src/name.rs:1: an unordered map in the compiler; use BTreeMap or IndexMap",
            ]
        );
    }
}
