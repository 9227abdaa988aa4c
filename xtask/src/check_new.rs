//! Whether `cargo xtask new` makes plugins that pass everything, and changes nothing else: one of each kind, in a copy of the repository.
//!
//! The copy stays in the target folder, as `check-new`, and only files that changed are written again, so that a second run compiles little.
//! It compiles into the same target folder, where the libraries of others are compiled already.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::new_plugin::{NewPlugin, list_below};
use crate::step::{cargo, root, run_in};
use crate::{plugin_list, tidy};

/// The plugins that are made: kind, name, and slot; no plugin of `bp` may ever have a name that begins with `new`.
const PLUGINS: &[(&str, &str, Option<&str>)] = &[
    ("wrapper", "newwrapper", Some("attempt")),
    ("transport", "newtransport", None),
    ("backend", "newbackend", None),
    ("target", "newtarget", None),
    ("table", "newtable", None),
    ("interface", "newinterface", None),
];

/// What [`NewPlugin::write`] and `cargo xtask docs` write besides the plugin's folder.
const GENERATED: &[&str] = &["Cargo.lock", "docs/bp.schema.json", "docs/plugins", "plugins/lib.rs"];

/// Makes one plugin of each kind in a copy of the repository, and runs rules, lints, tests, cases and pages on them.
pub(crate) fn check() -> Result<()> {
    let original = root();
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| original.join("target"), Into::into);
    let copy = target.join("check-new");
    let listed = list_sources(&original)?;
    copy_sources(&original, &copy, &listed)?;
    let mut plugins = Vec::new();
    for (kind, id, slot) in PLUGINS {
        let plugin = NewPlugin::check(&copy, kind, id, *slot)?;
        plugin.write(&copy)?;
        plugins.push(plugin);
    }
    let step = |name: &str, command: &mut Command| run_in(name, command, &copy);
    step("format of new plugins", &mut cargo(&["fmt", "--all", "--check"]))?;
    let folders: Vec<PathBuf> = plugins.iter().map(NewPlugin::folder).collect();
    let packages: Vec<String> = plugins.iter().filter_map(NewPlugin::runtime_package).collect();
    let build = |words: &[&str]| {
        let mut command = cargo(words);
        command.args(["--quiet", "--offline", "--package", "bp-plugins"]);
        for package in &packages {
            command.args(["--package", package]);
        }
        // Cargo tells packages of two workspaces apart by their place in the workspace and their profile alone.
        // The workspace's own packages get a profile that nothing else has, so that none is taken for the repository's; those of others have no debug information in any case.
        command
            .env("CARGO_TARGET_DIR", &target)
            .env("CARGO_PROFILE_DEV_DEBUG", "line-directives-only")
            .env("CARGO_INCREMENTAL", "0");
        command
    };
    // Every test is built with the same packages, so that libraries have the same features in each.
    let test = |words: &[&str]| {
        let mut command = build(&["test"]);
        command.args(["--package", "golden-tests"]).args(words);
        command
    };
    let pages = ["--test", "golden", "--", "docs::"];
    step("write the new plugins' pages", test(&pages).env("BP_BLESS", "1"))?;
    // All at once: `bp` embeds the repository's files, so it is compiled again after each change.
    let cases = ["--test", "golden", "--", "case::plugins::new"];
    step("write what the new plugins' cases show", test(&cases).env("BP_BLESS", "1"))?;
    // It asks for a case that shows each code.
    tidy::check_all(&copy)?;
    for plugin in &plugins {
        check_cases(&copy, plugin)?;
    }
    // The transport's test has a target of its own; what is in stdlib must hold for every transport.
    step("tests of new plugins", &mut test(&["--lib", "--test", "suite"]))?;
    step("pages of new plugins", &mut test(&pages))?;
    step("cases, with those of new plugins", &mut test(&["--test", "golden", "--", "case::"]))?;
    let mut lints = build(&["clippy"]);
    step("lints of new plugins", lints.args(["--all-targets", "--", "-D", "warnings"]))?;
    check_changes(&original, &copy, &listed, &folders)
}

/// Each case of a new plugin shows what it is for: cases that were just written match whatever they show.
fn check_cases(copy: &Path, plugin: &NewPlugin) -> Result<()> {
    let cases = copy.join(plugin.folder()).join("cases");
    for file in list_below(&cases)? {
        let text = std::fs::read_to_string(cases.join(&file))?;
        check_case(&plugin.shown_by_case(), &text).with_context(|| {
            format!("{}:\n{text}", plugin.folder().join("cases").join(&file).display())
        })?;
    }
    Ok(())
}

/// A case shows one error that is about the plugin, at its place in a file, and nothing else.
fn check_case(expected: &str, case: &str) -> Result<()> {
    let errors = case.lines().filter(|line| line.contains("^ error["));
    let own = errors.filter(|line| line.contains(expected)).count();
    ensure!(own == 1, "the case shows {own} errors with {expected} at a place; expected one");
    let all: usize = ["error[", "warning[", "note["].iter().map(|w| case.matches(w).count()).sum();
    ensure!(all == 1, "the case shows {all} diagnostics; expected the plugin's alone");
    Ok(())
}

/// The files of the repository, by path from its root: what git knows, and what is new and not ignored.
fn list_sources(root: &Path) -> Result<BTreeSet<PathBuf>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("git ls-files")?;
    ensure!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
    let names = String::from_utf8(listed.stdout).context("a file's name is not UTF-8")?;
    let paths = names.split_terminator('\0').map(PathBuf::from);
    Ok(paths.filter(|path| root.join(path).is_file()).collect())
}

/// Makes the copy the same as the repository; a file that is the same already keeps its time, which cargo looks at.
fn copy_sources(original: &Path, copy: &Path, listed: &BTreeSet<PathBuf>) -> Result<()> {
    std::fs::create_dir_all(copy)?;
    for path in list_below(copy)? {
        if !listed.contains(&path) {
            let old = copy.join(path);
            std::fs::remove_file(&old)?;
            // A folder without files would be taken for a plugin.
            let mut folders = old.ancestors().skip(1).take_while(|folder| *folder != copy);
            while folders.next().is_some_and(|folder| std::fs::remove_dir(folder).is_ok()) {}
        }
    }
    for path in listed {
        let (from, to) = (original.join(path), copy.join(path));
        if std::fs::read(&to).ok().as_ref() != Some(&std::fs::read(&from)?) {
            std::fs::create_dir_all(to.parent().unwrap_or(copy))?;
            std::fs::copy(&from, &to).with_context(|| format!("copy {}", path.display()))?;
        }
    }
    Ok(())
}

/// Nothing but the plugins' folders and what is generated differs between the repository and the copy.
fn check_changes(
    original: &Path,
    copy: &Path,
    listed: &BTreeSet<PathBuf>,
    folders: &[PathBuf],
) -> Result<()> {
    let mut changed = Vec::new();
    let found: BTreeSet<PathBuf> = list_below(copy)?.into_iter().collect();
    for path in found.union(listed) {
        let expected = folders.iter().any(|folder| path.starts_with(folder))
            || GENERATED.iter().any(|generated| path.starts_with(generated));
        let is_same =
            std::fs::read(original.join(path)).ok() == std::fs::read(copy.join(path)).ok();
        if !expected && !is_same {
            changed.push(path.display().to_string());
        }
    }
    ensure!(
        changed.is_empty(),
        "`cargo xtask new` changes more than the plugin and what is generated: {}",
        changed.join(", ")
    );
    let ids = plugin_list::ids(copy)?;
    ensure!(
        PLUGINS.iter().all(|(_, id, _)| ids.iter().any(|known| known == id)),
        "plugins/lib.rs lacks a new plugin: {ids:?}"
    );
    println!("── new plugins: nothing else changed");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_case;

    #[test]
    fn a_case_shows_one_error_of_its_plugin_and_nothing_else() {
        let own = "wait = 1\n#      ^ error[brake/too-short]: it is short\n# help: lower it\n";
        check_case("error[brake/", own).unwrap();
        for (case, reason) in [
            ("wait = 1\n".to_owned(), "shows 0 errors"),
            (own.replace("brake", "other"), "shows 0 errors"),
            (own.replace("error", "warning"), "shows 0 errors"),
            (
                "-- diagnostics --\nerror[brake/too-short]: it is short\n".to_owned(),
                "shows 0 errors",
            ),
            (own.repeat(2), "shows 2 errors"),
            (format!("{own}# ^^ warning[BP8101]: it waits\n"), "shows 2 diagnostics"),
            (
                format!("{own}-- diagnostics --\nerror[BP3001]: no such file\n"),
                "shows 2 diagnostics",
            ),
        ] {
            let error = check_case("error[brake/", &case).unwrap_err().to_string();
            assert!(error.contains(reason), "{case}: {error}");
        }
    }
}
