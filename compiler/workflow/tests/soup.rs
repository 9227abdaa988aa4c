//! Whatever the source says, the reader answers.

mod common;

use bp_diag::SourceMap;
use bp_system::MemorySystem;
use bp_workflow::wire_lock;
use camino::Utf8Path;
use proptest::collection::vec;
use proptest::prelude::*;

fn read(source: Vec<u8>, manifest: Vec<u8>, lock: Vec<u8>) {
    let system = MemorySystem::new()
        .with_file("/workflow/Cargo.toml", manifest)
        .with_file("/workflow/src/lib.rs", source)
        .with_file("/workflow/wire.lock", lock);
    let mut sources = SourceMap::new();
    let dir = Utf8Path::new("/workflow");
    let (model, found) = bp_workflow::read(&system, &mut sources, dir, &common::OFFERED.into());
    let (lock, mut more) = wire_lock::read_lock(&system, &mut sources, dir);
    let (update, faults) = wire_lock::update(lock.as_ref(), &model, &wire_lock::all_roots(&model));
    more.append(faults);
    assert!(!more.has_errors() || !update.changed, "a lock with faults is never written");
    for diagnostic in found.into_iter().chain(more) {
        for label in &diagnostic.labels {
            let range = label.span.start as usize..label.span.end as usize;
            let inside = sources.get(label.span.file).and_then(|s| s.text.get(range));
            assert!(inside.is_some(), "a place inside the text: {diagnostic:?}");
        }
    }
    model.dump();
}

const WORDS: &[&str] = &[
    "#[service]",
    "#[interface]",
    "#[derive(Data)]",
    "#[derive(ServiceError)]",
    "#[infra]",
    "#[status(not_found, \"x\")]",
    "#[cfg(test)]",
    "#[cfg(unix)]",
    "pub",
    "trait",
    "impl",
    "for",
    "struct",
    "enum",
    "type",
    "mod",
    "use",
    "static",
    "const",
    "fn",
    "async",
    "self",
    "super",
    "crate",
    "Self",
    "&self",
    "dyn",
    "Arc",
    "Vec",
    "Option",
    "Result",
    "u8",
    "usize",
    "S",
    "T",
    "new",
    "run",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "<",
    ">",
    "::",
    ":",
    ";",
    ",",
    "=",
    "->",
    "&",
    "*",
    "!",
    "'a",
    "'",
    "\"",
    "r#\"",
    "\"#",
    "//",
    "/*",
    "*/",
    "1",
    "0x",
    "é",
    "\u{feff}",
    "\0",
    "knob!(\"k\")",
    "Knob",
    "_",
    "tokio::spawn(x)",
    "#![cfg(test)]",
    "\n",
    "..",
    "pub trait T { async fn f(&self, a: S) -> Result<S, S>; }",
    "pub struct S(S);",
    "impl S { pub fn new(t: Arc<dyn T>) -> Self {} }",
    "use self::*;",
    "use S as T;",
    "use T as S;",
    "type S = S;",
    "mod m { pub use super::*; }",
];

fn soup() -> impl Strategy<Value = String> {
    vec((prop::sample::select(WORDS), prop::bool::ANY), 0..60).prop_map(|words| {
        words
            .into_iter()
            .map(|(w, space)| if space { format!("{w} ") } else { w.to_owned() })
            .collect()
    })
}

const LINES: &[&str] = &[
    "version = 1",
    "version = 2",
    "[struct.\"shop::S\"]",
    "[oneof.\"shop::E\".V]",
    "[method.\"shop::T\".f]",
    "[enum.\"x\"]",
    "[",
    "1 = \"0: shop::S\"",
    "2 = \"reserved a: u8\"",
    "1 = \"a\"",
    "0 = \"a\"",
    "19000 = \"a\"",
    "x",
    "<<<<<<< a",
    "# c",
    "1 = \"",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_never_panic(source in vec(any::<u8>(), 0..200), manifest in vec(any::<u8>(), 0..60), lock in vec(any::<u8>(), 0..60)) {
        read(source.clone(), common::CARGO.into(), lock);
        read(source, manifest, Vec::new());
    }

    #[test]
    fn tokens_never_panic(source in soup(), lock in vec(prop::sample::select(LINES), 0..12)) {
        read(source.into_bytes(), common::CARGO.into(), lock.join("\n").into_bytes());
    }

    #[test]
    fn tokens_in_items_never_panic(a in soup(), b in soup(), c in soup()) {
        let source = format!("{}#[service] pub trait T {{ {a} }}\n#[derive(Data)] pub struct S {{ {b} }}\n#[service] impl T for S {{}} impl S {{ {c} }}", common::HEAD);
        read(source.into_bytes(), common::CARGO.into(), b"version = 1\n".to_vec());
    }
}
