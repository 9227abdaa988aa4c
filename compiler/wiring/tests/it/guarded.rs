//! Hostile and broken files.

use bp_system::MemorySystem;

use crate::setup::{read, read_one};

fn codes(bytes: impl Into<Vec<u8>>) -> Vec<&'static str> {
    let (_, found, _) = read_one(bytes);
    found.sorted().iter().map(|d| d.code.id.name).collect()
}

const HEAD: &str = "[app]\nname = \"a\"\nworkflow = \"w\"\n";

#[test]
fn broken_bytes_are_located() {
    let mut bytes = HEAD.as_bytes().to_vec();
    bytes.extend(b"[service]\ns = \"\xff\"\n");
    let (_, found, sources) = read_one(bytes);
    let diagnostic = found.sorted().remove(0);
    assert_eq!(diagnostic.code.id, "BP2002");
    assert_eq!(sources.line_column(diagnostic.primary_span().unwrap()), (5, 6));
    assert_eq!(codes(format!("{HEAD}# \0\n")), ["BP2003"]);
    assert_eq!(codes(format!("{HEAD}x = \"\u{7f}\"\n")), ["BP2003"]);
}

#[test]
fn nesting_does_not_reach_the_parser() {
    for open in ["[", "{a=", "[{a="] {
        assert_eq!(codes(format!("{HEAD}x = {}", open.repeat(200_000))), ["BP2004"], "{open}");
    }
    assert_eq!(codes(format!("{}b = 1", "a.".repeat(200_000))), ["BP2004"]);
    assert_eq!(codes(format!("[{}b]", "a.".repeat(200_000))), ["BP2004"]);
    // Brackets in strings and comments do not nest.
    let deep = "[".repeat(200_000);
    let text = format!(
        "{HEAD}# {deep}\n[service]\ns = {{ impl = \"S\", x = \"{deep}\", y = '''{deep}''' }}\n"
    );
    assert_eq!(codes(text), Vec::<&str>::new());
}

#[test]
fn size_is_bounded_and_linear() {
    assert_eq!(codes(vec![b'#'; 17 << 20]), ["BP2005"]);
    let comment = format!("{HEAD}#{}\n", "x".repeat(10 << 20));
    assert_eq!(codes(comment), Vec::<&str>::new());
    // Every line is wrong; only the first ones are reported.
    let garbage = "= = =\n".repeat(200_000);
    assert!(codes(garbage).len() <= 40);
}

#[test]
fn marks_and_line_ends_do_not_matter() {
    let text = format!("{HEAD}[service]\ns = {{ impl = \"S\" }}\n");
    let (plain, found, _) = read_one(text.clone());
    assert!(found.is_empty());
    let (marked, found, _) = read_one(format!("\u{feff}{text}"));
    assert!(found.is_empty());
    assert_eq!(plain.dump(), marked.dump());
    let (dos, found, _) = read_one(text.replace('\n', "\r\n"));
    assert!(found.is_empty());
    assert_eq!(plain.dump(), dos.dump());
}

#[test]
fn an_empty_file_lacks_what_it_must_have() {
    assert_eq!(codes(""), ["BP2033", "BP2033"]);
    assert_eq!(codes("\u{feff}"), ["BP2033", "BP2033"]);
}

#[test]
fn what_is_no_file_is_reported() {
    let system = MemorySystem::new().with_file("wiring/local.toml/inside", "");
    let (model, found, _) = read(&system, "local");
    let found = found.sorted();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "cannot read `wiring/local.toml`: it is a folder");
    assert!(model.broken);
    let (_, found, _) = read(&system, "other");
    assert_eq!(found.sorted()[0].message, "cannot read `wiring/other.toml`: there is no such file");
}
