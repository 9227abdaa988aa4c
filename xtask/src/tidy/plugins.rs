//! Every plugin's folder has the same shape, and a plugin names nothing of another.

use std::path::Path;

use anyhow::Result;

use super::{list_files, relative_name};
use crate::plugin_list;

pub(crate) fn check(root: &Path, faults: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(root.join("plugins"))? {
        let folder = entry?.path();
        if !folder.is_dir() {
            continue;
        }
        let plugin = relative_name(root, &folder);
        for needed in ["README.md", "mod.rs"] {
            if !folder.join(needed).is_file() {
                faults.push(format!("{plugin} lacks {needed}"));
            }
        }
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap_or_default();
        if !readme.contains("```toml") {
            faults.push(format!("{plugin}/README.md shows no wiring"));
        }
    }
    let list = std::fs::read_to_string(plugin_list::file(root)).unwrap_or_default();
    if list != plugin_list::render(root)? {
        faults
            .push("plugins/lib.rs does not list the folders; run `cargo xtask plugins`".to_owned());
    }
    for id in plugin_list::ids(root)? {
        check_sources(root, &id, faults)?;
    }
    Ok(())
}

/// What a plugin's Rust, tests aside, may not say: the name of another plugin's module, and its own id more than once.
fn check_sources(root: &Path, id: &str, faults: &mut Vec<String>) -> Result<()> {
    let quoted = format!("\"{id}\"");
    let mut said = 0;
    for path in list_files(&root.join("plugins").join(id), "rs")? {
        let name = relative_name(root, &path);
        if name.contains("/tests/") || name.ends_with("/tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path)?;
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        said += lines.map(|line| line.matches(&quoted).count()).sum::<usize>();
        if name.contains("/runtime/") {
            continue;
        }
        for (at, _) in code.match_indices("crate::") {
            let named = code.get(at + "crate::".len()..).unwrap_or_default();
            if !named.starts_with(&format!("{id}::")) {
                faults.push(format!(
                    "{name} names `crate::{}`, of another plugin",
                    named.lines().next().unwrap_or_default()
                ));
            }
        }
    }
    if said > 1 {
        faults
            .push(format!("plugins/{id} says {quoted} {said} times; its declaration says it once"));
    }
    Ok(())
}
