//! Every plugin's folder has the same shape.

use std::path::Path;

use anyhow::Result;

use super::{list_files, relative_name};

/// How many lines a small wrapper may have in both halves, without tests; `retry` shows how little a plugin needs.
const SMALL: (&str, usize) = ("plugins/retry", 150);

pub(crate) fn check(root: &Path, faults: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(root.join("plugins"))? {
        let folder = entry?.path();
        if !folder.is_dir() {
            continue;
        }
        let plugin = relative_name(root, &folder);
        for needed in ["README.md", "compile/Cargo.toml"] {
            if !folder.join(needed).is_file() {
                faults.push(format!("{plugin} lacks {needed}"));
            }
        }
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap_or_default();
        if !readme.contains("```toml") {
            faults.push(format!("{plugin}/README.md shows no wiring"));
        }
    }
    let lines = count_code_lines(&root.join(SMALL.0))?;
    if lines > SMALL.1 {
        faults
            .push(format!("{} takes {lines} lines in both halves, more than {}", SMALL.0, SMALL.1));
    }
    Ok(())
}

/// Lines of Rust below `src`, without test modules.
fn count_code_lines(folder: &Path) -> Result<usize> {
    let mut lines = 0;
    for half in ["compile/src", "runtime/src"] {
        for path in list_files(&folder.join(half), "rs")? {
            if path.ends_with("tests.rs") {
                continue;
            }
            let text = std::fs::read_to_string(path)?;
            lines += text.split("#[cfg(test)]").next().unwrap_or_default().lines().count();
        }
    }
    Ok(lines)
}
