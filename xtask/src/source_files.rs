//! The source files that chores read: where they are, and which part of them is code.

use std::path::{Component, Path, PathBuf};

use anyhow::Result;

/// Every file below `folder` with this extension, sorted; build output is left out.
pub(crate) fn list_files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        if !next.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&next)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                // A crate may be named `build`; an application's output has no manifest there.
                let output = match name.as_str() {
                    "build" => !path.join("Cargo.toml").is_file(),
                    name => matches!(name, "target" | ".bp" | ".git"),
                };
                if !output {
                    waiting.push(path);
                }
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// A path as faults name it.
pub(crate) fn relative_name(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// Whether a file, by path from the root, holds tests alone.
pub(crate) fn is_test(name: &str) -> bool {
    name.contains("/tests/") || name.contains("/benches/") || name.ends_with("/tests.rs")
}

/// The code of a file in front of its tests.
pub(crate) fn cut_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

/// A path from the root without `..`.
pub(crate) fn normalize(path: &Path) -> String {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain.display().to_string()
}
