//! `bp diff`: two wirings, and two revisions in a repository of git.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::{bp, demo, text};

fn git(folder: &Path, arguments: &[&str]) {
    let name =
        ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
    let done = Command::new("git").args(name).args(arguments).current_dir(folder).output();
    let done = done.expect("git is installed");
    assert!(done.status.success(), "git {arguments:?}: {}", text(&done.stderr));
}

fn json(root: &Path, arguments: &[&str]) -> Value {
    let all = [&["diff"], arguments, &["--format", "json"]].concat();
    let done = bp(root, &all);
    assert!(done.status.success(), "{all:?}: {}", text(&done.stderr));
    serde_json::from_str(&text(&done.stdout)).expect("JSON")
}

fn keys(section: &Value, list: &str) -> Vec<String> {
    let things = section[list].as_array().expect("a list");
    things.iter().map(|t| t["key"].as_str().expect("a key").to_owned()).collect()
}

/// The change of one fact of one thing.
fn change<'a>(section: &'a Value, key: &str, name: &str) -> &'a Value {
    let things = section["changed"].as_array().expect("a list");
    let thing = things.iter().find(|t| t["key"] == key).expect("the thing changed");
    let facts = thing["facts"].as_array().expect("facts");
    facts.iter().find(|f| f["name"] == name).expect("the fact changed")
}

#[test]
fn two_wirings_differ_in_what_they_make() {
    let folder = demo();
    let root = folder.path().join("demo");
    let d = json(&root, &["local", "monolith"]);
    assert_eq!((&d["version"], &d["equal"]), (&Value::from(1), &Value::from(false)));
    let remote = change(&d["edges"], "greeter->visits", "remote");
    assert_eq!((&remote["old"]["value"], &remote["new"]["value"]), (&true.into(), &false.into()));
    let removed = keys(&d["wrappers"], "removed");
    assert!(removed.contains(&"greeter->visits.retry".to_owned()), "{removed:?}");
    assert_eq!(keys(&d["placement"], "added"), ["process:demo"]);
    // The child of two lines that extends the other costs just these.
    assert_eq!(d["wiring"]["lines"], serde_json::json!({ "added": 2, "removed": 0 }));
    assert_eq!(d["wiring"]["files"][0]["new"], "wiring/monolith.toml");
    assert_eq!(d["workflow"]["lines"], serde_json::json!({ "added": 0, "removed": 0 }));
    let files = d["artifacts"]["files"].as_array().expect("files");
    assert!(files.iter().any(|f| f["old"] == "rust/app/plan.json" && f["lines"]["removed"] != 0));
    // Rewiring changes no generated Rust.
    assert!(!files.iter().any(|f| {
        f["old"].as_str().is_some_and(|p| Path::new(p).extension() == Some("rs".as_ref()))
    }));
    // A copy under another name is the same system.
    fs::copy(root.join("wiring/local.toml"), root.join("wiring/copy.toml")).expect("copied");
    assert_eq!(json(&root, &["local", "copy"])["equal"], true);
    let code = |arguments: &[&str]| bp(&root, arguments).status.code();
    assert_eq!(code(&["diff", "--exit-code", "local", "copy"]), Some(0));
    assert_eq!(code(&["diff", "--exit-code", "local", "monolith"]), Some(1));
    assert_eq!(code(&["diff", "local", "monolith"]), Some(0));
    assert_eq!(code(&["diff", "local"]), Some(2));
    let text = text(&bp(&root, &["diff", "local", "monolith"]).stdout);
    assert!(text.contains("lines of wiring: +2 -0\n  + wiring/monolith.toml  +2 -0\n"), "{text}");
    assert!(text.contains("remote: true -> false"), "{text}");
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
}

#[test]
fn two_revisions_differ_in_values_lines_and_workflow() {
    let folder = demo();
    let root = folder.path().join("demo");
    git(&root, &["init", "--quiet"]);
    git(&root, &["add", "--all"]);
    git(&root, &["commit", "--quiet", "--message", "one"]);
    assert_eq!(json(&root, &["HEAD:local", "local"])["equal"], true);
    let wiring = root.join("wiring/local.toml");
    let before = fs::read_to_string(&wiring).expect("read");
    // A comment more moves every line and is none itself.
    let after = format!("# moved\n{}", before.replace("timeout = \"2s\"", "timeout = \"900ms\""));
    fs::write(&wiring, after).expect("written");
    let source = root.join("workflow/src/lib.rs");
    let mut code = fs::read_to_string(&source).expect("read");
    code.push_str("// a comment\nconst ANSWER: u32 = 42;\n");
    fs::write(&source, code).expect("written");
    let (of_old, of_new) =
        (line(&before, "timeout = \"2s\""), line(&before, "timeout = \"2s\"") + 1);
    for arguments in [&["HEAD:local", "local"][..], &["--rev", "HEAD", "local"]] {
        let d = json(&root, arguments);
        let after = change(&d["wrappers"], "greeter->visits.timeout", "after");
        assert_eq!(after["old"]["value"], "2s");
        assert_eq!(after["new"]["value"], "900ms");
        assert_eq!(after["old"]["origin"], format!("wiring/local.toml:{of_old}"));
        assert_eq!(after["new"]["origin"], format!("wiring/local.toml:{of_new}"));
        assert_eq!(d["wiring"]["lines"], serde_json::json!({ "added": 1, "removed": 1 }));
        assert_eq!(d["workflow"]["lines"], serde_json::json!({ "added": 1, "removed": 0 }));
        assert_eq!(d["old"], "HEAD:local");
    }
    // From a folder below, and with paths.
    let below = json(&root.join("workflow"), &["HEAD:local", "local"]);
    assert_eq!(below["wiring"]["lines"]["added"], 1);
    let by_path = json(folder.path(), &["HEAD:demo/wiring/local.toml", "demo/wiring/local.toml"]);
    assert_eq!(by_path["wiring"]["lines"]["added"], 1);
    // What is not in the revision is not there.
    fs::write(root.join("wiring/later.toml"), "extends = \"local.toml\"\n").expect("written");
    let wrong = bp(&root, &["diff", "HEAD:later", "local", "--message-format", "short"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("BP6010"), "{}", text(&wrong.stderr));
    for revision in ["nowhere", "--output=x", ""] {
        let side = format!("{revision}:local");
        let wrong = bp(&root, &["diff", "--message-format", "short", "--", &side, "local"]);
        assert_eq!(wrong.status.code(), Some(2));
        assert!(text(&wrong.stderr).contains("BP6033"), "{}", text(&wrong.stderr));
    }
}

fn line(text: &str, part: &str) -> usize {
    text.lines().position(|l| l.contains(part)).expect("the line") + 1
}
