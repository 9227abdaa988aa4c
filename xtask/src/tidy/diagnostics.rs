//! Every code has one constructor, a page under its title, and a case; every code of a plugin has a page and a case too, and rules of settings name no other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;

use crate::source_files::{cut_tests, is_test, list_files, relative_name};

pub(crate) fn check(root: &Path, faults: &mut Vec<String>) -> Result<()> {
    let mut declared: BTreeMap<String, String> = BTreeMap::new();
    let mut titles: BTreeMap<String, String> = BTreeMap::new();
    for path in list_files(&root.join("compiler/diag/src/catalog"), "rs")? {
        let file = relative_name(root, &path);
        let text = std::fs::read_to_string(&path)?;
        for line in text.lines() {
            let Some(id) = line.trim().split(' ').next().filter(|w| is_code(w)) else { continue };
            let Some((_, title)) =
                line.trim_end().strip_suffix("\";").and_then(|l| l.split_once('"'))
            else {
                continue;
            };
            titles.insert(id.to_owned(), title.to_owned());
            if let Some(other) = declared.insert(id.to_owned(), file.clone()) {
                faults.push(format!("{id} is declared in {other} and in {file}"));
            }
            let uses = text
                .split("\npub fn ")
                .skip(1)
                .filter(|function| function.contains(&format!("{id},")))
                .count();
            if uses != 1 {
                faults.push(format!("{id} has {uses} constructors in {file}; it must have one"));
            }
        }
    }
    let mut cases = String::new();
    for (folder, extension) in [("cases", "txt"), ("tests", "rs")] {
        for path in list_files(&root.join("golden-tests").join(folder), extension)? {
            cases.push_str(&std::fs::read_to_string(&path)?);
        }
    }
    let mut of_plugins = String::new();
    for path in list_files(&root.join("plugins"), "txt")? {
        of_plugins.push_str(&std::fs::read_to_string(&path)?);
    }
    for (id, file) in &declared {
        if !cases.contains(id.as_str()) && !of_plugins.contains(id.as_str()) {
            faults
                .push(format!("{id} ({file}) has no case in golden-tests or in a plugin's folder"));
        }
    }
    check_plugins(root, &cases, faults)?;
    for path in list_files(&root.join("docs/errors"), "md")? {
        let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let Some(title) = titles.get(&id) else {
            faults.push(format!(
                "{} is the page of a code that does not exist",
                relative_name(root, &path)
            ));
            continue;
        };
        let head = format!("# {id}: {title}");
        if std::fs::read_to_string(&path)?.lines().next() != Some(head.as_str()) {
            faults.push(format!("{} does not start with `{head}`", relative_name(root, &path)));
        }
    }
    Ok(())
}

/// Every code of a plugin has a page under its title and a case, and every page a code; every code that a rule of its settings names is declared.
fn check_plugins(root: &Path, core_cases: &str, faults: &mut Vec<String>) -> Result<()> {
    let mut groups = BTreeMap::new();
    for path in list_files(&root.join("stdlib/contract/src"), "rs")? {
        groups.extend(find_group_codes(&std::fs::read_to_string(&path)?));
    }
    for entry in std::fs::read_dir(root.join("plugins"))? {
        let folder = entry?.path();
        let plugin = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut titles: BTreeMap<String, String> = BTreeMap::new();
        let mut named: Vec<(String, String)> = Vec::new();
        for path in list_files(&folder, "rs")? {
            let text = std::fs::read_to_string(&path)?;
            // What runs in an application reports nothing.
            if !path.starts_with(folder.join("runtime")) {
                titles.extend(find_plugin_codes(&text));
            }
            let file = relative_name(root, &path);
            if !is_test(&file) {
                named.extend(find_named_codes(&text, &groups).map(|code| (file.clone(), code)));
            }
        }
        for (file, code) in named {
            if !titles.contains_key(&code) {
                faults.push(format!(
                    "{file} reports `{code}` by a rule of its settings; declare {plugin}/{code} in plugins/{plugin}/mod.rs"
                ));
            }
        }
        let mut cases = core_cases.to_owned();
        for path in list_files(&folder.join("cases"), "txt")? {
            cases.push_str(&std::fs::read_to_string(&path)?);
        }
        for name in titles.keys() {
            if !cases.contains(&format!("[{plugin}/{name}]")) {
                faults.push(format!(
                    "{plugin}/{name} has no case in plugins/{plugin}/cases or golden-tests"
                ));
            }
            let page = folder.join("errors").join(format!("{name}.md"));
            if !page.is_file() {
                faults.push(format!("{plugin}/{name} has no page {}", relative_name(root, &page)));
            }
        }
        for path in list_files(&folder.join("errors"), "md")? {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let page = relative_name(root, &path);
            let Some(title) = titles.get(&name) else {
                faults.push(format!("{page} is the page of a code that does not exist"));
                continue;
            };
            let head = format!("# {plugin}/{name}: {title}");
            if std::fs::read_to_string(&path)?.lines().next() != Some(head.as_str()) {
                faults.push(format!("{page} does not start with `{head}`"));
            }
        }
    }
    Ok(())
}

/// The names and titles of the codes that a source file declares, each as `PluginCode::new("name", "title", …)`.
fn find_plugin_codes(text: &str) -> Vec<(String, String)> {
    cut_tests(text)
        .split("PluginCode::new(")
        .skip(1)
        .filter_map(|declared| {
            let mut words = declared.split('"').skip(1).step_by(2);
            Some((words.next()?.to_owned(), words.next()?.to_owned()))
        })
        .collect()
}

/// The codes that the rules of shared groups of settings name, by the group's type: a plugin that flattens the group declares them.
fn find_group_codes(text: &str) -> Vec<(String, BTreeSet<String>)> {
    let code = strip_comments(text);
    let rules = code.split("\nimpl Validate for ").skip(1);
    rules
        .filter_map(|rule| {
            let (group, body) = rule.split("\n}").next()?.split_once(" {")?;
            Some((group.to_owned(), find_rule_codes(body)))
        })
        .collect()
}

/// The codes that a source file of a plugin names: in its own rules as `.code("name")`, and by the shared groups that it mentions.
fn find_named_codes(
    text: &str,
    groups: &BTreeMap<String, BTreeSet<String>>,
) -> impl Iterator<Item = String> {
    let code = strip_comments(text);
    let mut found = find_rule_codes(&code);
    for word in code.split(|c: char| !c.is_alphanumeric() && c != '_') {
        found.extend(groups.get(word).into_iter().flatten().cloned());
    }
    found.into_iter()
}

fn find_rule_codes(code: &str) -> BTreeSet<String> {
    let named = code.split(".code(\"").skip(1);
    named.filter_map(|rest| Some(rest.split('"').next()?.to_owned())).collect()
}

/// The code in front of the tests, without lines that are comments.
fn strip_comments(text: &str) -> String {
    let lines = cut_tests(text).lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn is_code(word: &str) -> bool {
    word.len() == 6
        && word.strip_prefix("BP").is_some_and(|d| d.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_codes_are_found_and_those_of_tests_are_not() {
        let text = r#"
const A: PluginCode = PluginCode::new(
    "a-b",
    "a before b",
    include_str!("errors/a-b.md"),
);
#[cfg(test)]
const C: PluginCode = PluginCode::new("c", "c", "");
"#;
        assert_eq!(find_plugin_codes(text), [("a-b".to_owned(), "a before b".to_owned())]);
    }

    #[test]
    fn a_code_without_page_or_case_and_a_page_without_code_are_faults() -> Result<()> {
        let root = std::env::temp_dir().join(format!("bp-tidy-codes-{}", std::process::id()));
        let plugin = root.join("plugins/store");
        std::fs::create_dir_all(plugin.join("errors"))?;
        let declared = r#"const A: PluginCode = PluginCode::new("a", "first", "");"#;
        std::fs::write(plugin.join("mod.rs"), declared)?;
        std::fs::write(plugin.join("errors/b.md"), "# store/b: second\n")?;
        let mut faults = Vec::new();
        check_plugins(&root, "", &mut faults)?;
        let expected = [
            "store/a has no case in plugins/store/cases or golden-tests",
            "store/a has no page plugins/store/errors/a.md",
            "plugins/store/errors/b.md is the page of a code that does not exist",
        ];
        assert_eq!(faults, expected);
        std::fs::write(plugin.join("errors/a.md"), "# store/a: other\n")?;
        std::fs::remove_file(plugin.join("errors/b.md"))?;
        faults.clear();
        check_plugins(&root, "error[store/a]", &mut faults)?;
        std::fs::remove_dir_all(&root)?;
        assert_eq!(faults, ["plugins/store/errors/a.md does not start with `# store/a: first`"]);
        Ok(())
    }

    #[test]
    fn a_rule_of_the_settings_names_a_declared_code() -> Result<()> {
        let root = std::env::temp_dir().join(format!("bp-tidy-rules-{}", std::process::id()));
        let (plugin, contract) = (root.join("plugins/store"), root.join("stdlib/contract/src"));
        std::fs::create_dir_all(plugin.join("runtime/src"))?;
        std::fs::create_dir_all(plugin.join("errors"))?;
        std::fs::create_dir_all(&contract)?;
        let group = r#"
/// Not a rule: `.code("comment")`.
impl Validate for LoginSettings {
    fn validate(&self, faults: &mut Faults) {
        faults
            .at(Self::USER, "half")
            .code("half-login");
    }
}
fn other() { x.code("no-rule"); }
#[cfg(test)]
impl Validate for Test { fn validate() { x.code("of-a-test"); } }
"#;
        std::fs::write(contract.join("store.rs"), group)?;
        let write = |codes: &[&str], settings: &str| {
            let declare =
                |name| format!("const A: PluginCode = PluginCode::new({name:?}, \"t\", \"\");\n");
            let declared: String = codes.iter().map(declare).collect();
            std::fs::write(plugin.join("mod.rs"), declared)?;
            for code in codes {
                std::fs::write(
                    plugin.join(format!("errors/{code}.md")),
                    format!("# store/{code}: t\n"),
                )?;
            }
            std::fs::write(plugin.join("runtime/src/settings.rs"), settings)?;
            let mut faults = Vec::new();
            check_plugins(&root, "error[store/a] error[store/half-login]", &mut faults)?;
            anyhow::Ok(faults)
        };
        let rule =
            "faults.at(Self::A, why).code(\"a\");\n// x.code(\"b\")\n#[cfg(test)]\nx.code(\"c\")";
        let fault = |code: &str| {
            format!(
                "plugins/store/runtime/src/settings.rs reports `{code}` by a rule of its settings; declare store/{code} in plugins/store/mod.rs"
            )
        };
        assert_eq!(write(&[], rule)?, [fault("a")]);
        assert_eq!(write(&["a"], rule)?, Vec::<String>::new());
        let flattened = format!("login: LoginSettings,\n{rule}");
        assert_eq!(write(&["a"], &flattened)?, [fault("half-login")]);
        assert_eq!(write(&["a", "half-login"], &flattened)?, Vec::<String>::new());
        assert_eq!(
            write(&["a", "half-login"], "login: OtherLoginSettings,")?,
            Vec::<String>::new()
        );
        std::fs::remove_dir_all(&root)?;
        Ok(())
    }
}
