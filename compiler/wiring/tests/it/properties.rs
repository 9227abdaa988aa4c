//! Properties of reading and merging.

use std::fmt::Write as _;

use bp_system::MemorySystem;
use bp_wiring::resolve_entries;
use proptest::prelude::*;

use crate::setup::{accepts, grammar, read, read_one};

/// One top-level table as its header and lines, both free to move.
type Block = (String, Vec<String>);

fn text_of(blocks: &[Block]) -> String {
    let mut out = String::from("app.name = \"a\"\napp.workflow = \"w\"\n");
    for (header, lines) in blocks {
        let _ = writeln!(out, "[{header}]\n{}", lines.join("\n"));
    }
    out
}

fn value() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["1", "\"x\"", "true", "[1, 2]", "{ env = \"E\" }", "0.5"])
}

fn setting() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "rpc = \"grpc\"",
        "rpc = \"http\"",
        "rpc.max_message = \"1MiB\"",
        "timeout = \"1s\"",
        "timeout = \"2s\"",
        "timeout = false",
        "timeout = true",
        "retry = true",
        "retry.attempts = 3",
        "retry = { budget = 0.1 }",
        "retry = false",
        "trace = \"otlp\"",
        "metrics = true",
    ])
}

/// At most one line a key, since TOML sets nothing twice.
fn distinct(lines: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    lines
        .into_iter()
        .filter(|l| seen.insert(l.split(['.', ' ']).next().unwrap_or("").to_owned()))
        .collect()
}

fn settings() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(setting().prop_map(str::to_owned), 0..5).prop_map(distinct)
}

fn blocks() -> impl Strategy<Value = Vec<Block>> {
    let parameters = prop::collection::btree_map("[a-c]", value(), 0..3)
        .prop_map(|m| m.into_iter().map(|(k, v)| format!("{k}x = {v}")).collect::<Vec<_>>());
    let service = (prop::sample::select(vec!["cart", "users", "front"]), parameters).prop_map(
        |(name, mut lines)| {
            lines.push("impl = \"T\"".to_owned());
            (format!("service.{name}"), lines)
        },
    );
    let backend = (
        prop::sample::select(vec!["cart_db", "users-db"]),
        prop::sample::select(vec!["postgres", "mongodb"]),
        prop::bool::ANY,
    )
        .prop_map(|(name, kind, pool)| {
            let mut lines = vec![format!("kind = \"{kind}\"")];
            if pool {
                lines.push("pool = 3".to_owned());
            }
            (format!("backend.{name}"), lines)
        });
    let glob = prop::sample::select(vec!["*", "*db", "cart*"])
        .prop_map(|g| (format!("backend.\"{g}\""), vec!["path = \"p\"".to_owned()]));
    let edge = (
        prop::sample::select(vec!["*", "* -> cart", "front -> *", "front -> cart.add", "c* -> *"]),
        settings(),
    )
        .prop_map(|(selector, lines)| (format!("edge.\"{selector}\""), lines));
    let process = prop::sample::select(vec!["one", "two"]).prop_map(|p| {
        (format!("process.{p}"), vec!["services = [\"*\"]".to_owned(), "replicas = 2".to_owned()])
    });
    let entry = (
        prop::sample::select(vec!["slo.a-b", "slo.c", "slo.\"a*\"", "slo.\"*\"", "switch.x"]),
        prop::sample::select(vec![0, 1, 2]),
        prop::bool::ANY,
    )
        .prop_map(|(header, target, page)| {
            let mut lines = vec![format!("page = {page}")];
            if target > 0 {
                lines.push(format!("target = {target}"));
            }
            (header.to_owned(), lines)
        });
    let any = prop_oneof![service, backend, glob, edge, process, entry];
    prop::collection::vec(any, 0..8).prop_map(|blocks| {
        let mut seen = std::collections::BTreeSet::new();
        blocks.into_iter().filter(|(header, _)| seen.insert(header.clone())).collect()
    })
}

fn shuffled() -> impl Strategy<Value = (Vec<Block>, Vec<Block>)> {
    blocks().prop_flat_map(|blocks| {
        let inner: Vec<BoxedStrategy<Block>> = blocks
            .iter()
            .map(|(header, lines)| {
                let header = header.clone();
                Just(lines.clone())
                    .prop_shuffle()
                    .prop_map(move |lines| (header.clone(), lines))
                    .boxed()
            })
            .collect();
        (Just(blocks), inner.prop_shuffle())
    })
}

fn summary(system: &MemorySystem, name: &str) -> (String, Vec<String>) {
    let (model, found, _) = read(system, name);
    let mut messages: Vec<String> =
        found.iter().map(|d| format!("{}: {}", d.code, d.message)).collect();
    let mut dump = model.dump();
    for (table, entry_table) in &grammar().entry_tables {
        let (resolved, found) = resolve_entries(&model, table, entry_table, None);
        for entry in resolved.entries {
            let _ = writeln!(dump, "{table}.{} is {}", entry.name, entry.settings);
        }
        messages.extend(found.iter().map(|d| format!("{}: {}", d.code, d.message)));
    }
    messages.sort();
    (dump, messages)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read(text in ".*") {
        let _ = read_one(text);
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_one(bytes);
    }

    /// Texts that look like wirings reach further than random ones.
    #[test]
    fn any_mangled_wiring_is_read(blocks in blocks(), at in 0usize..400, junk in "[\\[\\]{}=\"'.,#\\n*>a-]{0,4}", cut in 0usize..6) {
        let text = text_of(&blocks);
        let mut start = at.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = (start + cut).min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        let mangled = format!("{}{junk}{}", &text[..start], &text[end..]);
        let (model, _, _) = read_one(mangled);
        let _ = bp_wiring::resolve_processes(&model, &grammar());
        for (table, entry_table) in &grammar().entry_tables {
            let _ = resolve_entries(&model, table, entry_table, None);
            let _ = resolve_entries(&model, table, entry_table, Some(&["a".to_owned()]));
        }
        let _ = bp_wiring::resolve_edge(&model.edges, &grammar(), "front", "cart", Some("add"), &|k| accepts(k, bp_wiring::EdgeKind::Service));
    }

    #[test]
    fn order_in_a_file_does_not_matter((a, b) in shuffled()) {
        let a = MemorySystem::new().with_file("wiring/local.toml", text_of(&a));
        let b = MemorySystem::new().with_file("wiring/local.toml", text_of(&b));
        prop_assert_eq!(summary(&a, "local"), summary(&b, "local"));
    }

    /// A file that extends a chain reads as if the chain were merged first.
    #[test]
    fn an_empty_layer_changes_nothing(base in blocks(), child in blocks()) {
        let child = text_of(&child);
        let direct = MemorySystem::new()
            .with_file("wiring/base.toml", text_of(&base))
            .with_file("wiring/local.toml", format!("extends = \"base.toml\"\n{child}"));
        let through = MemorySystem::new()
            .with_file("wiring/base.toml", text_of(&base))
            .with_file("wiring/middle.toml", "extends = \"base.toml\"\n")
            .with_file("wiring/local.toml", format!("extends = \"middle.toml\"\n{child}"));
        let (a, found_a) = summary(&direct, "local");
        let (b, found_b) = summary(&through, "local");
        // Layers are numbered, so the child's is one higher behind the empty file.
        prop_assert_eq!(a.replace("1: ", "2: "), b);
        prop_assert_eq!(found_a, found_b);
    }

    #[test]
    fn resolving_twice_is_resolving_once(blocks in blocks()) {
        let (model, _, _) = read_one(text_of(&blocks));
        let accepts = |k: &str| accepts(k, bp_wiring::EdgeKind::Service);
        let resolve = || bp_wiring::resolve_edge(&model.edges, &grammar(), "front", "cart", Some("add"), &accepts);
        let (first, _) = resolve();
        let (second, _) = resolve();
        prop_assert_eq!(&first, &second);
        // Every leaf in force has the selector that set it.
        for (path, _) in first.settings.leaves() {
            prop_assert!(first.origins.contains_key(&path), "{path}");
        }
    }
}
