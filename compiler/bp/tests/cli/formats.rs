//! What diagnostics look like to people, programs and code scanners, and the fixes they offer.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::{bp, demo, text};

/// Faults of both languages, with and without fixes, one with labels in two files.
fn faulty() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = demo();
    let root = folder.path().join("demo");
    edit(&root, "wiring/local.toml", "timeout = \"2s\"", "timeout = \"2 sec\"");
    edit(&root, "wiring/local.toml", "salutation = ", "salutatoin = ");
    fs::write(
        root.join("wiring/child.toml"),
        "extends = \"local.toml\"\nedge.\"*\".retry.attemps = 2\nbackend.visits_cache.kind = \"memroy\"\n",
    )
    .expect("written");
    (folder, root)
}

fn edit(root: &Path, file: &str, from: &str, to: &str) {
    let path = root.join(file);
    let before = fs::read_to_string(&path).expect("read");
    assert!(before.contains(from), "{file} has no {from}");
    fs::write(path, before.replacen(from, to, 1)).expect("written");
}

fn check(root: &Path, format: &str) -> (String, String) {
    let done = bp(root, &["check", "child", "--message-format", format]);
    assert_eq!(done.status.code(), Some(1));
    (text(&done.stdout), text(&done.stderr))
}

/// A text in which breaking lines makes no difference: drawing signs and blanks left out.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !"×⚠☞╭╰─│·┬┤▲".contains(*c)).collect()
}

fn sarif_schema() -> jsonschema::Validator {
    let schema = include_str!("../data/sarif-2.1.0.json");
    let mut schema: Value = serde_json::from_str(schema).expect("JSON");
    // The published pattern has a bracket too many, which JavaScript's regular expressions forgive and others do not.
    for of in ["run", "toolComponent"] {
        let pattern = format!("/definitions/{of}/properties/language/pattern");
        *schema.pointer_mut(&pattern).expect("a pattern") = "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$".into();
    }
    jsonschema::validator_for(&schema).expect("a schema")
}

#[test]
fn every_form_has_the_same_facts() {
    let (_folder, root) = faulty();
    let (json, silent) = check(&root, "json");
    assert!(silent.is_empty(), "{silent}");
    let (sarif, silent) = check(&root, "sarif");
    assert!(silent.is_empty(), "{silent}");
    let (nothing, human) = check(&root, "human");
    assert!(nothing.is_empty());
    assert!(human.lines().all(|l| l.chars().count() <= 80), "{human}");
    let human = squeezed(&human);
    let sarif: Value = serde_json::from_str(&sarif).expect("one document");
    let schema = sarif_schema();
    let faults: Vec<String> = schema.iter_errors(&sarif).map(|e| e.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?}");
    let mut broken = sarif.clone();
    broken["runs"][0]["results"][0]["level"] = "bad".into();
    assert!(!schema.is_valid(&broken), "the schema sees a fault");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let lines: Vec<Value> = json.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(lines.len(), results.len());
    assert!(lines.len() >= 4, "{json}");
    let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
    for (line, result) in lines.iter().zip(results) {
        let said = |v: &Value| {
            let text = v.as_str().expect("a text");
            assert!(human.contains(&squeezed(text)), "the drawn form lacks {text}:\n{human}");
        };
        said(&line["code"]);
        said(&line["message"]);
        list(&line["notes"]).iter().chain(&list(&line["help"])).for_each(said);
        assert_eq!(line["code"], result["ruleId"]);
        assert_eq!(line["severity"], result["level"]);
        assert_eq!(line["message"], result["message"]["text"]);
        for name in ["notes", "help"] {
            assert_eq!(line[name], result["properties"][name]);
        }
        assert_eq!(line["page"], result["properties"]["page"]);
        let rule = result["ruleIndex"].as_u64().expect("an index");
        let rule =
            &sarif["runs"][0]["tool"]["driver"]["rules"][usize::try_from(rule).expect("small")];
        assert_eq!(
            (&rule["id"], &rule["shortDescription"]["text"]),
            (&line["code"], &line["title"])
        );
        // Every label, the primary one first in SARIF.
        let mut labels = list(&line["labels"]);
        labels.sort_by_key(|l| l["primary"] == false);
        let places = [list(&result["locations"]), list(&result["relatedLocations"])].concat();
        assert_eq!(labels.len(), places.len());
        for (label, place) in labels.iter().zip(&places) {
            said(&label["text"]);
            let (span, physical) = (&label["span"], &place["physicalLocation"]);
            assert_eq!(span["file"], physical["artifactLocation"]["uri"]);
            for (a, b) in [
                ("line", "startLine"),
                ("column", "startColumn"),
                ("end_line", "endLine"),
                ("end_column", "endColumn"),
                ("start", "byteOffset"),
            ] {
                assert_eq!(span[a], physical["region"][b], "{a}");
            }
            assert_eq!(label["text"], place["message"]["text"]);
        }
        let edits = list(&line["fix"]["edits"]);
        let replaced = list(&result["fixes"][0]["artifactChanges"][0]["replacements"]);
        assert_eq!(edits.len(), replaced.len());
        for (edit, replaced) in edits.iter().zip(&replaced) {
            assert_eq!(edit["text"], replaced["insertedContent"]["text"]);
            assert_eq!(edit["span"]["start"], replaced["deletedRegion"]["byteOffset"]);
        }
        assert_eq!(line["fix"].is_null(), result.get("fixes").is_none());
    }
    // A dotted key is underlined at the part that is wrong.
    let typo = lines.iter().find(|l| l["message"].as_str().is_some_and(|m| m.contains("attemps")));
    let span = &typo.expect("reported")["labels"][0]["span"];
    assert_eq!(
        (&span["line"], &span["column"], &span["end_column"]),
        (&2.into(), &16.into(), &23.into())
    );
}

#[test]
fn one_place_with_many_faults_is_drawn_three_times() {
    let folder = demo();
    let root = folder.path().join("demo");
    edit(&root, "workflow/src/lib.rs", "pub visits: u32", "pub visits: usize");
    let method = "    async fn greet(&self, name: String) -> Result<Greeting, GreetError>;\n";
    let methods: String =
        (0..9).map(|n| method.replace("fn greet", &format!("fn greet{n}"))).collect();
    edit(&root, "workflow/src/lib.rs", method, &format!("{method}{methods}"));
    let drawn = text(&bp(&root, &["check"]).stderr);
    assert_eq!(drawn.matches("error[BP3010]").count(), 3, "{drawn}");
    assert!(drawn.contains("\n7 more BP3010 at workflow/src/lib.rs:"), "{drawn}");
    assert!(drawn.ends_with("\n10 errors\n"), "{drawn}");
    let short = text(&bp(&root, &["check", "--message-format", "short"]).stderr);
    assert_eq!(short.matches("error[BP3010]").count(), 10, "{short}");
}

#[test]
fn sure_fixes_are_made_and_nothing_else_changes() {
    let (_folder, root) = faulty();
    // Not sure: a number alone may be any unit, and two services are as near.
    edit(&root, "wiring/local.toml", "attempts = 3", "attempts = \"3\"");
    let read = |file: &str| fs::read_to_string(root.join(file)).expect("read");
    let (local, child) = (read("wiring/local.toml"), read("wiring/child.toml"));
    let fixed = bp(&root, &["check", "child", "--fix"]);
    assert_eq!(fixed.status.code(), Some(0), "{}", text(&fixed.stderr));
    let said = text(&fixed.stderr);
    for part in ["BP2031", "BP2071", "BP3003", "BP3004", "BP2070", "wiring/child.toml:2: fixed"] {
        assert!(said.contains(part), "{said}");
    }
    let wanted = local
        .replace("2 sec", "2s")
        .replace("salutatoin", "salutation")
        .replace("attempts = \"3\"", "attempts = 3");
    assert_eq!(read("wiring/local.toml"), wanted);
    assert_eq!(
        read("wiring/child.toml"),
        child.replace("attemps", "attempts").replace("memroy", "memory")
    );
    // Again: nothing is left to do.
    let again = bp(&root, &["check", "child", "--fix"]);
    assert_eq!((again.status.code(), text(&again.stderr)), (Some(0), String::new()));
    assert_eq!(read("wiring/local.toml"), wanted);
    // What may mean several things stays as it is.
    edit(&root, "wiring/local.toml", "timeout = \"2s\"", "timeout = 2");
    edit(&root, "wiring/local.toml", "impl = \"VisitsImpl\"", "impl = \"Banana\"");
    let unsure = read("wiring/local.toml");
    let left = bp(&root, &["check", "--fix"]);
    assert_eq!(left.status.code(), Some(1));
    assert_eq!(read("wiring/local.toml"), unsure);
}

#[test]
fn a_name_that_is_there_already_is_not_written_twice() {
    let folder = demo();
    let root = folder.path().join("demo");
    edit(&root, "wiring/local.toml", "attempts = 3", "attempts = 3, attemps = 4");
    let before = fs::read_to_string(root.join("wiring/local.toml")).expect("read");
    let done = bp(&root, &["check", "--fix", "--message-format", "short"]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("BP2031"), "{}", text(&done.stderr));
    assert_eq!(fs::read_to_string(root.join("wiring/local.toml")).expect("read"), before);
}

#[test]
fn an_old_name_is_renamed_wherever_it_stands() {
    let folder = demo();
    let root = folder.path().join("demo");
    let path = root.join("wiring/local.toml");
    edit(&root, "wiring/local.toml", "attempts = 3", "attempts = 3 }\nbalance = { failover = 1");
    let now = fs::read_to_string(&path).expect("read");
    let with = |first: &str, quoted: &str, plain: &str| {
        let text = "x = \"\"\"\n[job.a]\njob = 1\n\"\"\"\nlist = [\n  [ \"job.a\" ],\n]\n";
        let call = "call = \"greeter.greet\"\n[init.b.arguments]\n";
        format!(
            "{first}.a.call = \"visits.count\" # [job.a]\n{now}\n[ {quoted} .b]\n{call}{text}[{plain}.c]\ncall = \"visits.count\"\n"
        )
    };
    let old = with("\"job\"", "'job'", "job").replace("[init.b", "[job.b");
    let old = old.replace("failover", "elsewhere");
    fs::write(&path, old).expect("write");
    let done = bp(&root, &["check", "--fix", "--message-format", "short"]);
    assert!(!text(&done.stderr).contains(": error[BP2036]"), "{}", text(&done.stderr));
    assert_eq!(fs::read_to_string(&path).expect("read"), with("init", "init", "init"));
}

#[test]
fn the_workflow_is_mended_too() {
    let folder = demo();
    let root = folder.path().join("demo");
    let source = root.join("workflow/src/lib.rs");
    let good = fs::read_to_string(&source).expect("read");
    edit(&root, "workflow/src/lib.rs", "    pub fn new(", "    fn new(");
    let done = bp(&root, &["check", "--fix"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    assert_eq!(fs::read_to_string(&source).expect("read"), good);
}

#[test]
fn timings_have_the_wall_s_clock_and_the_processors() {
    let folder = demo();
    let root = folder.path().join("demo");
    let done = bp(&root, &["build", "local", "--timings=json"]);
    let timings: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    let timings = &timings["timings"];
    let stages = timings["stages"].as_array().expect("stages");
    let names: BTreeSet<&str> = stages.iter().filter_map(|s| s["stage"].as_str()).collect();
    for stage in ["wiring", "workflow", "pass bind", "emit", "write"] {
        assert!(names.contains(stage), "{names:?}");
    }
    let sum = |name: &str| stages.iter().filter_map(|s| s[name].as_u64()).sum::<u64>();
    assert_eq!(timings["wall_ns"], sum("wall_ns"));
    assert_eq!(timings["cpu_ns"], sum("cpu_ns"));
    assert!(sum("cpu_ns") > 0 && sum("wall_ns") > 0);
    let drawn = text(&bp(&root, &["check", "--timings"]).stderr);
    assert!(drawn.contains("wall ms") && drawn.contains("cpu ms") && drawn.contains("total"));
}

#[test]
fn a_patch_that_fits_nothing_is_found_by_check() {
    let folder = demo();
    let root = folder.path().join("demo");
    let wiring = root.join("wiring/local.toml");
    let mut text_of = fs::read_to_string(&wiring).expect("read");
    text_of.push_str("\n[[patch]]\nfile = \"process/none.json\"\npointer = \"/a\"\nvalue = 1\nreason = \"to see\"\n");
    fs::write(&wiring, text_of).expect("written");
    let done = bp(&root, &["check", "--message-format", "short"]);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("BP6029"), "{}", text(&done.stderr));
}

/// On a terminal there are colours and progress; in a pipe neither.
#[test]
fn a_terminal_gets_colours_and_progress_unless_told_otherwise() {
    let (_folder, root) = faulty();
    let on_a_terminal = |arguments: &str, variable: (&str, &str)| {
        let command = format!("{} {arguments}", env!("CARGO_BIN_EXE_bp"));
        let done = Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .current_dir(&root)
            .env_remove("NO_COLOR")
            .env("TERM", "xterm")
            .env("LC_ALL", "C.UTF-8")
            .env(variable.0, variable.1)
            .output()
            .expect("script, of util-linux, is installed");
        text(&done.stdout)
    };
    let drawn = on_a_terminal("check child", ("A", "1"));
    assert!(drawn.contains("\u{1b}[31m") && drawn.contains("checking child…"), "{drawn}");
    let plain = on_a_terminal("check child", ("NO_COLOR", "1"));
    assert!(!plain.contains("\u{1b}[31m") && plain.contains("BP2071"), "{plain}");
    let quiet = on_a_terminal("check child --quiet", ("A", "1"));
    assert!(!quiet.contains("checking"), "{quiet}");
    assert!(!check(&root, "human").1.contains('\u{1b}'));
}
