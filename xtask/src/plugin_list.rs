//! `plugins/lib.rs`: the list of plugins, which follows from their folders.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

const HEADER: &str = "\
//! The compile halves of the plugins that come with `bp`: one folder, and one module, a plugin.
//!
//! `cargo xtask plugins` writes this list; a plugin's runtime half is a crate of its own, in its `runtime` folder.

use bp_plugin::Plugin;
";

/// The list.
pub(crate) fn file(root: &Path) -> PathBuf {
    root.join("plugins/lib.rs")
}

/// Writes the list.
pub(crate) fn write(root: &Path) -> Result<()> {
    std::fs::write(file(root), render(root)?).context("plugins/lib.rs")
}

/// The names of the plugins' folders, sorted.
pub(crate) fn ids(root: &Path) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for entry in std::fs::read_dir(root.join("plugins"))? {
        let path = entry?.path();
        if path.join("mod.rs").is_file() {
            ids.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    ids.sort();
    Ok(ids)
}

/// Those of [`ids`] that something chooses by: all but interfaces, which are known by the path of their trait.
pub(crate) fn chosen_ids(root: &Path) -> Result<Vec<String>> {
    let mut chosen = Vec::new();
    for id in ids(root)? {
        let file = root.join("plugins").join(&id).join("mod.rs");
        if !declares_interface(&std::fs::read_to_string(file)?) {
            chosen.push(id);
        }
    }
    Ok(chosen)
}

/// Whether a plugin's compile half declares an interface: it uses the builder of that kind.
fn declares_interface(source: &str) -> bool {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<String>().replace(' ', "").contains("Plugin=interface(")
}

/// The list as it must be.
pub(crate) fn render(root: &Path) -> Result<String> {
    let mut text = String::from(HEADER);
    let ids = ids(root)?;
    text.push('\n');
    for id in &ids {
        writeln!(text, "mod {id};")?;
    }
    text.push_str("\n#[cfg(test)]\nmod fixture;\n\n");
    text.push_str("/// Every plugin, by id.\npub static PLUGINS: &[&Plugin] = &[\n");
    for id in &ids {
        writeln!(text, "    &{id}::PLUGIN,")?;
    }
    text.push_str("];\n");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::declares_interface;

    #[test]
    fn an_interface_is_told_by_its_builder() {
        for (source, is_interface) in [
            ("pub(crate) static PLUGIN: Plugin = interface(\"cache\", \"Keeps.\")", true),
            ("pub(crate) static PLUGIN: Plugin =\n    interface(\n        \"cache\",", true),
            ("pub(crate) static PLUGIN: Plugin = backend::<S>(\"memory\", &[])", false),
            ("// static PLUGIN: Plugin = interface(\nstatic PLUGIN: Plugin = table(", false),
            ("let same = cx.interface(path);", false),
        ] {
            assert_eq!(declares_interface(source), is_interface, "{source}");
        }
    }
}
