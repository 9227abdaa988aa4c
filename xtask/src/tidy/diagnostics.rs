//! Every code has one constructor, a page under its title, and a case.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use super::{list_files, relative_name};

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
    for (id, file) in &declared {
        if !cases.contains(id.as_str()) {
            faults.push(format!("{id} ({file}) has no case in golden-tests"));
        }
    }
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

fn is_code(word: &str) -> bool {
    word.len() == 6
        && word.strip_prefix("BP").is_some_and(|d| d.chars().all(|c| c.is_ascii_digit()))
}
