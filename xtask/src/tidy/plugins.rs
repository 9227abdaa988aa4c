//! Every plugin's folder has the same shape, and a plugin names nothing of another.

use std::path::Path;

use anyhow::Result;

use crate::plugin_list;
use crate::source_files::{cut_tests, is_test, list_files, relative_name};

pub(crate) fn check(root: &Path, faults: &mut Vec<String>) -> Result<()> {
    let chosen = plugin_list::chosen_ids(root)?;
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
        // A wiring does not name an interface.
        let is_chosen =
            folder.file_name().is_some_and(|id| chosen.iter().any(|c| id == c.as_str()));
        if is_chosen && !readme.contains("```toml") {
            faults.push(format!("{plugin}/README.md shows no wiring"));
        }
    }
    let list = std::fs::read_to_string(plugin_list::file(root)).unwrap_or_default();
    if list != plugin_list::render(root)? {
        faults
            .push("plugins/lib.rs does not list the folders; run `cargo xtask plugins`".to_owned());
    }
    for id in plugin_list::ids(root)? {
        let mut sources = Vec::new();
        for path in list_files(&root.join("plugins").join(&id), "rs")? {
            sources.push((relative_name(root, &path), std::fs::read_to_string(&path)?));
        }
        check_sources(&id, &sources, faults);
    }
    Ok(())
}

/// What a plugin's Rust, by path from the root and tests aside, may not say: the name of another plugin's module, and its own id more than once.
pub(crate) fn check_sources(id: &str, sources: &[(String, String)], faults: &mut Vec<String>) {
    let mut said = Vec::new();
    for (name, text) in sources {
        if is_test(name) {
            continue;
        }
        let code = cut_tests(text);
        let count = count_ids(code, id);
        // The running system gives a plugin its id; a runtime half that names its table shares the name with the declaration.
        said.extend(std::iter::repeat_n(name.clone(), count));
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
    if said.len() > 1 {
        faults.push(format!(
            "plugins/{id} says \"{id}\" in {}; its declaration says it once",
            said.join(", ")
        ));
    }
}

/// What stands before a text that equals an id and is something else.
const OTHER_MEANINGS: [&str; 7] = [
    // A name of OpenTelemetry: what telemetry calls a system or a protocol.
    "System::Rpc(",
    // The default of a setting: what a server calls its first user and database.
    "default = ",
    // A setting: the one that a plain value sets, the one that tells variants apart, or what it is called in wirings.
    "shorthand = ",
    "tag = ",
    "name = ",
    // A name that services and processes cannot have.
    ".reserves(&[(",
    // The scheme of a URL.
    "SCHEME: &str = ",
];

/// How often code says a plugin's id, and not another name that is written like it.
fn count_ids(code: &str, id: &str) -> usize {
    let quoted = format!("\"{id}\"");
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let count = |line: &str| {
        let before = line.match_indices(&quoted).map(|(at, _)| line.get(..at).unwrap_or_default());
        before.filter(|before| !OTHER_MEANINGS.iter().any(|form| before.ends_with(form))).count()
    };
    lines.map(count).sum()
}

#[cfg(test)]
mod tests {
    use super::count_ids;

    #[test]
    fn only_what_can_be_an_id_counts() {
        for (code, count) in [
            ("transport::<GrpcSettings>(\"grpc\")", 1),
            ("to_yaml(\"grpc\", &file); to_yaml(\"grpc\", &other)", 2),
            ("if transport == \"grpc\" {", 1),
            ("// \"grpc\" is said in a comment", 0),
            ("System::Rpc(\"grpc\")", 0),
            ("#[setting(default = \"grpc\", example = \"x\")]", 0),
            (".reserves(&[(\"grpc\", \"a name of the cluster\")])", 0),
            ("const SCHEME: &str = \"grpc\";", 0),
            ("#[settings(shorthand = \"grpc\", validate)]", 0),
            ("#[serde(tag = \"grpc\", rename_all = \"snake_case\")]", 0),
            ("#[setting(name = \"grpc\")]", 0),
            ("if plugin.name == \"grpc\" {", 1),
            ("const ID: &str = \"grpc\";", 1),
            ("const PLUGINS: [&str; 2] = [\"grpc\", \"http\"];", 1),
        ] {
            assert_eq!(count_ids(code, "grpc"), count, "{code}");
        }
    }
}
