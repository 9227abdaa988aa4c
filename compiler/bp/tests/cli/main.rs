//! The command line as a script sees it: exit codes, streams, JSON.

#![expect(clippy::disallowed_methods, reason = "a test of the binary starts it")]
#![expect(clippy::expect_used, clippy::panic, reason = "the way a test fails")]
#![expect(clippy::indexing_slicing, reason = "`serde_json` answers null for what is not there")]
#![expect(clippy::print_stderr, reason = "a test that is skipped says so")]

mod browser;
mod diff;
mod formats;
mod page;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn bp(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bp"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("started")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// A new application in a folder of its own, far from the repository.
fn demo() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let made = bp(folder.path(), &["new", "demo"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    folder
}

#[test]
fn a_new_application_is_right_and_builds_the_same_twice() {
    let folder = demo();
    let root = folder.path().join("demo");
    for wiring in ["local", "monolith"] {
        let checked = bp(&root, &["check", wiring]);
        assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stderr));
        assert!(checked.stderr.is_empty() && checked.stdout.is_empty());
    }
    let locked = bp(&root, &["build", "local", "--locked"]);
    assert_eq!(locked.status.code(), Some(0), "{}", text(&locked.stderr));
    let again = bp(&root, &["build", "local"]);
    assert!(text(&again.stderr).contains("0 new, 0 changed"), "{}", text(&again.stderr));
    assert_eq!(bp(&root, &["build", "local", "--check"]).status.code(), Some(0));
    fs::write(root.join("build/local/rust/app/src/main.rs"), "edited").expect("written");
    let differs = bp(&root, &["build", "local", "--check", "--message-format", "short"]);
    assert_eq!(differs.status.code(), Some(1));
    assert!(text(&differs.stderr).contains("BP6005"), "{}", text(&differs.stderr));
    let kept = bp(&root, &["build", "local", "--message-format", "short"]);
    assert_eq!(kept.status.code(), Some(1));
    assert!(text(&kept.stderr).contains("BP6003"));
    assert_eq!(bp(&root, &["build", "local", "--force"]).status.code(), Some(0));
    assert_eq!(bp(folder.path(), &["new", "demo"]).status.code(), Some(1));
}

#[test]
fn faults_of_both_languages_come_in_one_run_and_as_json() {
    let folder = demo();
    let root = folder.path().join("demo");
    let wiring = root.join("wiring/local.toml");
    let good = fs::read_to_string(&wiring).expect("read");
    fs::write(&wiring, good.replace("timeout = \"2s\"", "timeout = \"2 parsecs\""))
        .expect("written");
    let source = root.join("workflow/src/lib.rs");
    let good = fs::read_to_string(&source).expect("read");
    fs::write(&source, good.replace("pub text: String", "pub text: usize")).expect("written");
    let checked = bp(&root, &["check", "--message-format", "json"]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(checked.stderr.is_empty(), "{}", text(&checked.stderr));
    let mut files = std::collections::BTreeSet::new();
    for line in text(&checked.stdout).lines() {
        let fault: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(fault["code"].as_str().is_some_and(|c| c.starts_with("BP")));
        for label in fault["labels"].as_array().expect("labels") {
            files.insert(label["span"]["file"].as_str().expect("a path").to_owned());
        }
    }
    assert!(files.iter().any(|f| f.ends_with("local.toml")), "{files:?}");
    assert!(files.iter().any(|f| f.ends_with("lib.rs")), "{files:?}");
}

#[test]
fn exit_codes_tell_usage_from_diagnostics() {
    let folder = tempfile::tempdir().expect("a folder");
    let code = |arguments: &[&str]| bp(folder.path(), arguments).status.code();
    assert_eq!(code(&["--help"]), Some(0));
    assert_eq!(code(&["--version"]), Some(0));
    assert_eq!(code(&[]), Some(2));
    assert_eq!(code(&["chekc"]), Some(2));
    assert_eq!(code(&["ir", "local"]), Some(2));
    assert_eq!(code(&["check"]), Some(2));
    assert_eq!(code(&["explain", "BP0000"]), Some(2));
    assert_eq!(code(&["new", "My Shop"]), Some(2));
}

#[test]
fn codes_are_explained_and_help_teaches() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = bp(folder.path(), &["explain", "bp6003"]);
    assert!(text(&page.stdout).starts_with("# BP6003: "));
    let list = text(&bp(folder.path(), &["explain", "codes"]).stdout);
    assert!(list.lines().count() >= 30, "{list}");
    let page = bp(folder.path(), &["explain", "Memory/limits-need-a-cache"]);
    assert!(text(&page.stdout).starts_with("# memory/limits-need-a-cache: "));
    assert!(list.contains("\nmemory/limits-need-a-cache  a limit on"), "{list}");
    let near = text(&bp(folder.path(), &["explain", "memory/limit-needs-a-cache"]).stderr);
    assert!(near.contains("`memory/limits-need-a-cache`"), "{near}");
    let help = text(&bp(folder.path(), &["run", "--help"]).stdout);
    assert!(help.contains("bp run monolith --smoke"), "{help}");
    // No terminal, no colour.
    assert!(!text(&bp(folder.path(), &["check"]).stderr).contains('\u{1b}'));
    let forced = bp(folder.path(), &["check", "--color", "always"]);
    assert!(text(&forced.stderr).contains('\u{1b}'));
}

#[test]
fn what_was_resolved_can_be_looked_at() {
    let folder = demo();
    let root = folder.path().join("demo");
    let out = |arguments: &[&str]| {
        let done = bp(&root, arguments);
        assert!(done.status.success(), "{arguments:?}: {}", text(&done.stderr));
        text(&done.stdout)
    };
    let edge = out(&["explain", "local", "greeter -> visits"]);
    assert!(edge.contains("after = \"2s\"") && edge.contains("wiring/local.toml:"), "{edge}");
    // Without a name, the names that there are.
    let names = out(&["explain", "monolith"]);
    assert!(names.lines().any(|l| l == "greeter->visits") && names.contains("process:demo"));
    let graph: serde_json::Value =
        serde_json::from_str(&out(&["graph", "local", "--format", "json"])).expect("JSON");
    assert!(
        graph["edges"].as_array().expect("edges").iter().any(|e| e["key"] == "greeter->visits")
    );
    assert!(out(&["graph", "local"]).starts_with("digraph \"demo\" {"));
    assert!(out(&["graph", "local", "--format", "mermaid"]).starts_with("flowchart LR\n"));
    let plan: serde_json::Value =
        serde_json::from_str(&out(&["ir", "local", "--plan", "--format", "json"])).expect("JSON");
    assert_eq!(plan["version"], 1);
    assert!(out(&["ir", "local", "--after", "bind"]).contains("greeter"));
    let wrong = bp(&root, &["ir", "local", "--after", "bnid"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("`bind`"));
    assert_eq!(bp(&root, &["explain", "local", "greter"]).status.code(), Some(2));
}

/// Every command, those of commands too.
fn commands(folder: &Path, above: &[String]) -> Vec<Vec<String>> {
    let mut all = vec![above.to_vec()];
    let help = [above, &["-h".to_owned()]].concat();
    let said = bp(folder, &help.iter().map(String::as_str).collect::<Vec<_>>());
    let said = text(&said.stdout);
    let Some((_, list)) = said.split_once("\nCommands:\n") else { return all };
    for line in list.lines().take_while(|l| !l.is_empty()).filter(|l| !l.starts_with("   ")) {
        let name = line.split_whitespace().next().expect("a name").to_owned();
        if name != "help" {
            all.extend(commands(folder, &[above, &[name]].concat()));
        }
    }
    all
}

#[test]
fn every_command_teaches_by_example_within_80_columns() {
    let folder = tempfile::tempdir().expect("a folder");
    let all = commands(folder.path(), &[]);
    assert!(all.len() >= 14, "{all:?}");
    for command in all {
        for flag in ["--help", "-h"] {
            let arguments: Vec<&str> = command.iter().map(String::as_str).chain([flag]).collect();
            let said = bp(folder.path(), &arguments);
            assert_eq!(said.status.code(), Some(0), "{arguments:?}");
            let said = text(&said.stdout);
            let wide = said.lines().find(|l| l.chars().count() > 80);
            assert!(wide.is_none(), "{arguments:?}: {}", wide.unwrap_or_default());
            let (_, examples) = said.split_once("\nExamples:\n").expect("examples");
            let example = format!("  bp {}", command.join(" "));
            assert!(examples.lines().any(|l| l.starts_with(example.trim_end())), "{examples}");
        }
    }
}

#[test]
fn what_was_mistyped_is_said_with_what_was_meant() {
    let folder = demo();
    let root = folder.path().join("demo");
    let cases: &[(&Path, &[&str], &[&str])] = &[
        (&root, &["bulid"], &["'bulid'", "'build'"]),
        (&root, &["build", "--chekc"], &["'--chekc'", "'--check'"]),
        (&root, &["graph", "--format", "mermiad"], &["'mermiad'", "dot, mermaid, json, html"]),
        (&root, &["check", "--message-format", "xml"], &["'xml'", "human, short, json, sarif"]),
        (&root, &["new"], &["<NAME>"]),
        (&root, &["restart"], &["<PROCESS>"]),
        (&root, &["completions", "fsh"], &["'fsh'", "'fish'"]),
        (&root, &["build", "monolit"], &["`monolit`", "`monolith`", "local, monolith"]),
        (&root, &["run", "prod"], &["`prod`", "local, monolith"]),
        (&root, &["diff", "local", "monolit"], &["`monolit`", "`monolith`"]),
        (&root, &["explain", "local", "greter"], &["`greter`", "`greeter`"]),
        (&root, &["explain", "retri"], &["`retri`", "`retry`"]),
        (&root, &["explain", "BP2013x"], &["`BP2013x`", "`bp explain codes`"]),
        (&root, &["ir", "local", "--after", "bnid"], &["`bnid`", "`bind`"]),
        (&root, &["build", "--target", "compos"], &["`compos`", "`compose`", "process"]),
        (&root, &["new", "My Shop"], &["`My Shop`", "lower-case"]),
        (folder.path(), &["check"], &["folder `wiring`", "`bp new demo`"]),
    ];
    for (here, arguments, parts) in cases {
        let done = bp(here, arguments);
        let said = text(&done.stderr);
        assert_eq!(done.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(done.stdout.is_empty(), "{arguments:?}");
        for part in *parts {
            assert!(said.contains(part), "{arguments:?} lacks {part}: {said}");
        }
        let path = folder.path().display().to_string();
        let wide = said.lines().find(|l| l.replace(&path, "").chars().count() > 80);
        assert!(wide.is_none(), "{arguments:?}: {said}");
    }
}
