//! File sizes, unordered maps, unfinished work, machine paths.

use std::path::Path;

use anyhow::Result;

use super::{list_files, relative_name};

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
    for folder in ["compiler", "plugins", "stdlib", "xtask", "golden-tests", "examples"] {
        for path in list_files(&root.join(folder), "rs")? {
            let name = relative_name(root, &path);
            let text = std::fs::read_to_string(&path)?;
            check_text(&name, &text, faults);
        }
    }
    Ok(())
}

fn check_text(name: &str, text: &str, faults: &mut Vec<String>) {
    let excepted = |list: &[(&str, &str)]| list.iter().any(|(n, _)| name.starts_with(n));
    let lines = text.lines().count();
    if lines > LINES && !excepted(LONG) {
        faults.push(format!(
            "{name} has {lines} lines; split it, or give a reason in xtask/src/tidy/files.rs"
        ));
    }
    let tests =
        name.contains("/tests/") || name.contains("/benches/") || name.ends_with("/tests.rs");
    let plugin = name.starts_with("plugins/") && !name.contains("/runtime/");
    let compiles = name.starts_with("compiler/") || plugin;
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
