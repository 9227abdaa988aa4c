//! What `bp build` writes for every example and wiring, compared file by file.
//!
//! `local` is kept completely, so that a reader can see generated code; of other wirings, only the differences from `local` and a list of all files are kept.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use libtest_mimic::Trial;

use crate::{blessing, bp, first_difference, trial};

type Tree = BTreeMap<String, String>;

pub(crate) fn trials() -> Vec<Trial> {
    bp::examples()
        .into_iter()
        .map(|example| trial(format!("tree::{example}"), move || compare(&example)))
        .collect()
}

/// All wirings of an example, since the others are kept as differences from `local`.
fn compare(example: &str) -> Result<()> {
    let folder = bp::root().join("examples").join(example);
    let mut local = Tree::new();
    let mut faults = String::new();
    let mut kept = Vec::new();
    for wiring in bp::wirings(example) {
        bp::run(&folder, &["build", &format!("wiring/{wiring}.toml"), "--force"])?;
        let tree = read(&folder.join("build").join(&wiring))?;
        budget(&wiring, &tree, &mut faults)?;
        let mut expected_files = Tree::new();
        let mut list = String::new();
        for (path, text) in &tree {
            let same = local.get(path).is_some_and(|t| t == text);
            let how = match (same, is_kept(example, path)) {
                (true, _) => "as local",
                (false, true) => "kept    ",
                (false, false) => "made    ",
            };
            let _ = writeln!(list, "{how} {path}");
            if !same && is_kept(example, path) {
                expected_files.insert(path.clone(), text.clone());
            }
        }
        expected_files.insert("files.txt".to_owned(), list);
        if local.is_empty() {
            local = tree;
        }
        let golden = bp::root().join("golden-tests/trees").join(example).join(&wiring);
        if blessing() {
            store(&golden, &expected_files)?;
        } else {
            report(&wiring, &read(&golden)?, &expected_files, &mut faults);
        }
        kept.push(wiring);
    }
    if faults.is_empty() {
        Ok(())
    } else {
        bail!("{faults}run `cargo xtask bless` and review with git diff")
    }
}

/// Whether a file is worth a reader's time: of `hotel`'s many manifests, those of a process, an init and a store; other tests hold the rest to their schema.
fn is_kept(example: &str, path: &str) -> bool {
    let Some(manifest) = path.strip_prefix("kubernetes/").filter(|_| example == "hotel") else {
        return true;
    };
    let folder = manifest.split_once('/').map(|(folder, _)| folder);
    folder.is_none_or(|folder| ["frontend", "rate-db", "seed"].contains(&folder))
}

/// Generated Rust beside the interfaces: at most 40 lines a service and 3 an edge, however many processes there are: the text is the same for all of them.
fn budget(wiring: &str, tree: &Tree, faults: &mut String) -> Result<()> {
    let plan: serde_json::Value =
        serde_json::from_str(tree.get("rust/app/plan.json").context("a plan")?)?;
    let entries = |what: &str| plan[what].as_object().into_iter().flat_map(serde_json::Map::values);
    let services = entries("instances").filter(|i| i["kind"] == "service").count();
    let allowed = 40 * services + 3 * entries("edges").count();
    let rust = tree.iter().filter(|(path, _)| {
        path.ends_with(".rs") && path.contains("/src/") && !path.contains("/interfaces/")
    });
    let lines: usize = rust.map(|(_, text)| text.lines().count()).sum();
    if lines == 0 || lines > allowed {
        let _ = writeln!(faults, "{wiring}: {lines} generated lines, {allowed} allowed");
    }
    Ok(())
}

fn report(wiring: &str, expected: &Tree, actual: &Tree, faults: &mut String) {
    for (path, text) in actual {
        match expected.get(path) {
            None => {
                let _ = writeln!(faults, "{wiring}: {path} is new");
            }
            Some(old) if old != text => {
                let _ =
                    writeln!(faults, "{wiring}: {path} differs at {}", first_difference(old, text));
            }
            Some(_) => {}
        }
    }
    for path in expected.keys().filter(|p| !actual.contains_key(*p)) {
        let _ = writeln!(faults, "{wiring}: {path} is expected and no longer written");
    }
}

fn store(golden: &Path, files: &Tree) -> Result<()> {
    if golden.is_dir() {
        std::fs::remove_dir_all(golden)?;
    }
    for (path, text) in files {
        let to = golden.join(path);
        std::fs::create_dir_all(to.parent().context("a file has a folder")?)?;
        std::fs::write(to, text)?;
    }
    Ok(())
}

/// Every file of a tree that is worth comparing: not the lock file, which follows the registry, nor the writer's own record.
fn read(folder: &Path) -> Result<Tree> {
    let mut tree = Tree::new();
    let mut waiting: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        let entries = match std::fs::read_dir(&next) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                waiting.push(path);
                continue;
            }
            let name = path.strip_prefix(folder)?.to_string_lossy().into_owned();
            if name.ends_with("Cargo.lock") || name == ".bp-manifest.json" {
                continue;
            }
            tree.insert(name, std::fs::read_to_string(&path)?);
        }
    }
    Ok(tree)
}
