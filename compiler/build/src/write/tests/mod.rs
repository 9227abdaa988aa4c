//! The writer: what it does on a machine in memory, and in its submodules what a real one can do to it.

mod real;
mod stopped;

use bp_emit::{Artifacts, Origin};
use bp_system::{MemorySystem, System};
use camino::Utf8Path;

use super::*;

fn artifacts(files: &[(&str, &str)]) -> Artifacts {
    let mut all = Artifacts::new();
    for (path, text) in files {
        all.insert(*path, *text, Origin::new("test", "")).expect("a good path");
    }
    all
}

fn out() -> &'static Utf8Path {
    Utf8Path::new("/app/build/local")
}

fn codes(faults: &Diagnostics) -> Vec<&'static str> {
    faults.iter().map(|d| d.code.id.name).collect()
}

fn visible(system: &MemorySystem) -> Vec<(String, String)> {
    let text = |b: Vec<u8>| String::from_utf8(b).expect("text");
    system
        .snapshot()
        .into_iter()
        .filter(|(p, _)| !p.as_str().contains(".bp-"))
        .map(|(p, b)| (p.into_string(), text(b)))
        .collect()
}

#[test]
fn a_second_build_touches_nothing_and_stale_files_go() {
    let system = MemorySystem::new().with_file("/app/build/local/mine.txt", "foreign");
    let first =
        write(&system, out(), &artifacts(&[("a", "1"), ("d/b", "2")]), false).expect("free");
    assert_eq!(first.created, ["a", "d/b"]);
    let before = system.snapshot();
    let again =
        write(&system, out(), &artifacts(&[("a", "1"), ("d/b", "2")]), false).expect("same");
    assert!(again.is_clean() && again.unchanged == 2);
    assert_eq!(system.snapshot(), before);
    let third = write(&system, out(), &artifacts(&[("a", "3")]), false).expect("ours");
    assert_eq!((third.changed, third.removed), (vec!["a".to_owned()], vec!["d/b".to_owned()]));
    let expected = [("/app/build/local/a", "3"), ("/app/build/local/mine.txt", "foreign")];
    assert_eq!(visible(&system), expected.map(|(p, t)| (p.to_owned(), t.to_owned())));
    assert!(check(&system, out(), &artifacts(&[("a", "3")]), &|| ()).is_empty());
}

#[test]
fn a_stale_file_makes_room_for_a_folder() {
    let system = MemorySystem::new();
    write(&system, out(), &artifacts(&[("a", "1")]), false).expect("free");
    write(&system, out(), &artifacts(&[("a/b", "2")]), false).expect("`a` is ours");
    assert_eq!(visible(&system), [("/app/build/local/a/b".to_owned(), "2".to_owned())]);
}

#[test]
fn edited_and_foreign_files_are_kept_without_force() {
    let system = MemorySystem::new().with_file("/app/build/local/b", "foreign");
    let both = artifacts(&[("a", "1"), ("b", "2")]);
    let faults = write(&system, out(), &both, false).expect_err("`b` is foreign");
    assert_eq!(codes(&faults), ["BP6003"]);
    assert_eq!(visible(&system).len(), 1, "nothing was written");
    write(&system, out(), &both, true).expect("forced");
    system.write(&out().join("a"), b"edited").expect("memory");
    let faults =
        write(&system, out(), &artifacts(&[("a", "3")]), false).expect_err("`a` is edited");
    assert_eq!(codes(&faults), ["BP6003"]);
    let faults =
        write(&system, out(), &artifacts(&[("b", "2")]), false).expect_err("stale but edited");
    assert_eq!(codes(&faults), ["BP6003"]);
    write(&system, out(), &artifacts(&[("b", "2")]), true).expect("forced");
    assert_eq!(visible(&system).len(), 1);
}

#[test]
fn a_shared_file_is_left_to_its_other_writer() {
    let system = MemorySystem::new();
    let lock = |text: &str| {
        let mut all = Artifacts::new();
        all.insert_shared("Cargo.lock", text, Origin::new("test", "")).expect("a good path");
        all
    };
    write(&system, out(), &lock("1"), false).expect("free");
    system.write(&out().join("Cargo.lock"), b"1, and what cargo added").expect("memory");
    assert!(write(&system, out(), &lock("1"), false).expect("shared").is_clean());
    assert_eq!(write(&system, out(), &lock("2"), false).expect("shared").changed, ["Cargo.lock"]);
}

#[test]
fn check_lists_every_difference_and_writes_nothing() {
    let system = MemorySystem::new();
    write(&system, out(), &artifacts(&[("a", "1"), ("b", "2"), ("c", "3")]), false).expect("free");
    let before = system.snapshot();
    let faults = check(&system, out(), &artifacts(&[("a", "1"), ("b", "x"), ("d", "4")]), &|| ());
    assert_eq!(codes(&faults), ["BP6005"; 3]);
    let text: Vec<_> = faults.iter().map(|d| d.message.as_str()).collect();
    assert!(
        text[0].contains("local/d") && text[1].contains("local/b") && text[2].contains("local/c")
    );
    assert_eq!(system.snapshot(), before);
}

#[test]
fn a_file_in_the_way_of_a_folder_changes_nothing() {
    let system = MemorySystem::new().with_file("/app/build", "a file");
    let faults = write(&system, out(), &artifacts(&[("a", "1")]), true).expect_err("in the way");
    assert_eq!(codes(&faults), ["BP6004"]);
    let system = MemorySystem::new().with_file("/app/build/local/d", "a file");
    let faults = write(&system, out(), &artifacts(&[("a", "1"), ("d/b", "1")]), true)
        .expect_err("in the way");
    assert_eq!(codes(&faults), ["BP6004"]);
    assert_eq!(system.snapshot().len(), 1);
}

#[test]
fn a_damaged_manifest_is_not_trusted() {
    for text in [
        "",
        "{}",
        "[]",
        r#"{"version":2,"state":"complete","files":{}}"#,
        r#"{"version":1,"files":{}}"#,
    ] {
        let system = MemorySystem::new().with_file("/app/build/local/.bp-manifest.json", text);
        let faults = write(&system, out(), &artifacts(&[("a", "1")]), false).expect_err(text);
        assert_eq!(codes(&faults), ["BP6006"]);
        write(&system, out(), &artifacts(&[("a", "1")]), true).expect("forced");
    }
    let outside = r#"{"version":1,"state":"complete","files":{"../../keep":"0"}}"#;
    let system = MemorySystem::new()
        .with_file("/app/build/local/.bp-manifest.json", outside)
        .with_file("/app/keep", "");
    write(&system, out(), &artifacts(&[("a", "1")]), true).expect("forced");
    assert!(system.snapshot().contains_key(Utf8Path::new("/app/keep")));
}
