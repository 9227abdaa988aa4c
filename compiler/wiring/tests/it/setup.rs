//! A grammar and a reader for tests.

use std::collections::{BTreeMap, BTreeSet};

use bp_diag::{Diagnostics, SourceMap};
use bp_system::MemorySystem;
use bp_wiring::{Acceptance, EdgeKind, EntryTable, Grammar, KeyGrammar, Variant, WiringModel};
use camino::Utf8Path;

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn map(entries: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
    entries.iter().map(|(k, v)| ((*k).to_owned(), set(v))).collect()
}

fn keys(entries: Vec<(&str, KeyGrammar)>) -> BTreeMap<String, KeyGrammar> {
    entries.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

/// Plugins as the examples of the design have them.
pub(crate) fn grammar() -> Grammar {
    let rpc = Variant {
        leaf: "kind".to_owned(),
        default: None,
        settings: map(&[("grpc", &["max_message", "reflection"]), ("http", &["max_message"])]),
        siblings: map(&[("http", &["routes"])]),
    };
    let limit = Variant {
        leaf: "algorithm".to_owned(),
        default: None,
        settings: map(&[("gradient2", &["initial", "smoothing"]), ("fixed", &["permits"])]),
        ..Variant::default()
    };
    let scale = KeyGrammar::shorthand("max").variant(Variant {
        leaf: "by".to_owned(),
        default: Some("cpu".to_owned()),
        settings: map(&[("cpu", &["share"]), ("queue", &["length"])]),
        ..Variant::default()
    });
    let retry = keys(vec![("budget", KeyGrammar::shorthand("ratio"))]);
    Grammar {
        edge: keys(vec![
            ("metrics", KeyGrammar::table()),
            ("retry", KeyGrammar::table().nested(retry)),
            ("routes", KeyGrammar::map()),
            ("rpc", KeyGrammar::shorthand("kind").variant(rpc)),
            ("timeout", KeyGrammar::shorthand("after")),
            ("trace", KeyGrammar::shorthand("exporter")),
        ]),
        server: keys(vec![
            ("limit", KeyGrammar::shorthand("algorithm").variant(limit)),
            ("metrics", KeyGrammar::table()),
            ("trace", KeyGrammar::shorthand("exporter")),
        ]),
        process: set(&["drain"]),
        backend: map(&[
            ("embedded", &["path"]),
            ("memory", &[]),
            ("mongodb", &["pool"]),
            ("postgres", &["pool", "password"]),
        ]),
        entry_tables: entry_tables(),
        reserved: BTreeMap::from([(
            "api-server".to_owned(),
            "the cluster's own service".to_owned(),
        )]),
        process_keys: keys(vec![("scale", scale.clone())]),
        backend_keys: keys(vec![
            ("backup", KeyGrammar::shorthand("every")),
            ("scale", scale.clone()),
        ]),
        app_keys: keys(vec![("costs", KeyGrammar::shorthand("limit")), ("scale", scale)]),
    }
}

/// Top-level tables of plugins: calls whose values are kept as written, objectives with a shorthand, and switches, which stand for `true` and `false`.
fn entry_tables() -> BTreeMap<String, EntryTable> {
    let table = |name: &str, what: &str, entry, verbatim| {
        (name.to_owned(), EntryTable { what: what.to_owned(), entry, verbatim })
    };
    let window = keys(vec![("window", KeyGrammar::shorthand("length"))]);
    let excluding = vec![("error".to_owned(), "answer".to_owned())];
    let probe = KeyGrammar { excluding, ..KeyGrammar::table() };
    let switch = KeyGrammar { boolean: true, ..KeyGrammar::shorthand("default") };
    BTreeMap::from([
        table("probe", "a probe", probe, true),
        table("slo", "an objective", KeyGrammar::shorthand("target").nested(window), false),
        table("switch", "a switch", switch, false),
    ])
}

/// What the keys of [`grammar`] take.
pub(crate) fn accepts(key: &str, kind: EdgeKind) -> Acceptance {
    let edge = match key {
        "rpc" => kind != EdgeKind::Backend,
        "retry" => kind != EdgeKind::Entry,
        "routes" => kind == EdgeKind::Entry,
        _ => true,
    };
    Acceptance { edge, method: matches!(key, "timeout" | "retry" | "limit") }
}

/// Reads `wiring/local.toml` with one text.
pub(crate) fn read_one(bytes: impl Into<Vec<u8>>) -> (WiringModel, Diagnostics, SourceMap) {
    let system = MemorySystem::new().with_file("wiring/local.toml", bytes);
    read(&system, "local")
}

/// Reads a wiring of `wiring`.
pub(crate) fn read(system: &MemorySystem, name: &str) -> (WiringModel, Diagnostics, SourceMap) {
    let mut sources = SourceMap::new();
    let path = format!("wiring/{name}.toml");
    let (model, found) = bp_wiring::read(system, &mut sources, &grammar(), Utf8Path::new(&path));
    (model, found, sources)
}
