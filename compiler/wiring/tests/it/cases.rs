//! Cases as data: `tests/cases/*.txt`.

use std::fmt::Write as _;

use bp_diag::{Diagnostics, SourceMap};
use bp_system::{MemorySystem, RealSystem, System as _};
use bp_wiring::{
    Change, ChangeKind, EdgeKind, EdgeShape, Explanation, ResolvedEdge, ResolvedEntries,
    WiringModel, explain_leaves, resolve_edges, resolve_entries, resolve_processes,
    resolve_servers,
};
use camino::Utf8Path;

use crate::annotate::{annotate, strip};
use crate::archive::{Archive, Part};
use crate::setup::{accepts, grammar, read};

/// Parts that are computed; the rest is input.
const COMPUTED: &[&str] =
    &["model", "edges resolved", "servers resolved", "processes", "entries", "explained"];

#[test]
fn cases_hold() {
    let machine = RealSystem::new();
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let names = machine.list(&folder).unwrap();
    assert!(names.len() >= 10, "the cases are gone");
    let mut faults = String::new();
    for (name, _) in names {
        check(&machine, &folder.join(name), &mut faults);
    }
    assert!(faults.is_empty(), "{faults}");
}

/// Compares one case with what reading and resolving it gives.
fn check(machine: &RealSystem, path: &Utf8Path, faults: &mut String) {
    let text = String::from_utf8(machine.read(path).unwrap()).unwrap();
    let written = Archive::parse(&text);
    let mut stripped = strip(&written);
    stripped.parts.retain(|p| !COMPUTED.contains(&p.path.as_str()));
    let mut sources = SourceMap::new();
    let (found, computed) = compile(&stripped, &written, &mut sources);
    let mut actual = annotate(&stripped, &found.sorted(), &sources, None);
    actual.parts.extend(computed);
    let actual = actual.print();
    if actual == text {
        return;
    }
    if machine.variable("BP_BLESS").is_some() {
        machine.write(path, actual.as_bytes()).unwrap();
        return;
    }
    let line = text.lines().zip(actual.lines()).position(|(a, b)| a != b).unwrap_or(0);
    let show = |t: &str| t.lines().nth(line).unwrap_or("(end)").to_owned();
    let _ = writeln!(
        faults,
        "{}:{}\n  expected: {}\n  actual:   {}",
        path,
        line + 1,
        show(&text),
        show(&actual)
    );
}

fn compile(case: &Archive, written: &Archive, sources: &mut SourceMap) -> (Diagnostics, Vec<Part>) {
    let mut system = MemorySystem::new();
    for part in &case.parts {
        system = system.with_file(&part.path, part.bytes());
    }
    let name = case.prose.lines().find_map(|l| l.strip_prefix("wiring: ")).unwrap_or("local");
    let (model, mut found, read_sources) = read(&system, name);
    *sources = read_sources;
    let mut computed = Vec::new();
    let mut put = |path: &str, text: &dyn Fn() -> String| {
        if written.part(path).is_some() {
            computed.push(Part { path: path.to_owned(), escaped: false, text: text() });
        }
    };
    put("model", &|| model.dump());
    if let Some(part) = case.part("edges") {
        let shapes = edges(&part.text);
        let (resolved, more) = resolve_edges(&model, &grammar(), &shapes, &accepts);
        found.append(more);
        let names = shapes.iter().map(|e| format!("{} -> {}", e.caller, e.callee));
        let text = print_edges(names.zip(&resolved), sources);
        put("edges resolved", &|| text.clone());
    }
    if let Some(part) = case.part("servers") {
        let services: Vec<(String, Vec<String>)> = part.text.lines().map(name_and_list).collect();
        let (resolved, more) =
            resolve_servers(&model, &grammar(), &services, &|key| accepts(key, EdgeKind::Service));
        found.append(more);
        let names = services.iter().map(|(s, _)| s.clone());
        let text = print_edges(names.zip(&resolved), sources);
        put("servers resolved", &|| text.clone());
    }
    if case.prose.lines().any(|l| l == "processes") {
        let (processes, more) = resolve_processes(&model, &grammar());
        found.append(more);
        put("processes", &|| {
            let mut out = String::new();
            for process in processes.values() {
                let services: Vec<&str> =
                    process.services.iter().map(|(s, _)| s.as_str()).collect();
                let _ = writeln!(
                    out,
                    "{} = {}; {}",
                    process.name,
                    services.join(" "),
                    process.settings
                );
                print_changes(&mut out, &process.changes, sources);
            }
            out
        });
    }
    // `entries: switch of light, fan` gives the names that are listed.
    if let Some(line) = case.prose.lines().find_map(|l| l.strip_prefix("entries: ")) {
        let (table, listed) = line.split_once(" of ").map_or((line, None), |(t, l)| (t, Some(l)));
        let listed: Option<Vec<String>> =
            listed.map(|l| l.split(", ").map(str::to_owned).collect());
        let entry_table = grammar().entry_tables.remove(table).unwrap();
        let (resolved, more) = resolve_entries(&model, table, &entry_table, listed.as_deref());
        found.append(more);
        let text = print_entries(&resolved, sources);
        put("entries", &|| text.clone());
    }
    if let Some(name) = case.prose.lines().find_map(|l| l.strip_prefix("explain: ")) {
        put("explained", &|| {
            print_explanation(
                &explain_leaves(&model, &grammar(), name).unwrap_or_default(),
                sources,
            )
        });
    }
    check_locations(&model, sources);
    (found, computed)
}

/// Every span of the model is in one of its files.
fn check_locations(model: &WiringModel, sources: &SourceMap) {
    for instance in model.backends.values().chain(model.services.values()) {
        for (path, item) in instance.settings.leaves() {
            assert!(model.layer(item.span).is_some(), "{path} comes from no file");
            assert!(!sources.slice(item.span).is_empty(), "{path} has an empty span");
        }
    }
}

/// `frontend -> cart (service): add, list`.
fn edges(text: &str) -> Vec<EdgeShape> {
    text.lines()
        .map(|line| {
            let (head, methods) = name_and_list(line);
            let (ends, kind) = head.split_once(" (").unwrap_or((&head, "service)"));
            let (caller, callee) = ends.split_once(" -> ").unwrap();
            let kind = match kind.trim_end_matches(')') {
                "backend" => EdgeKind::Backend,
                "entry" => EdgeKind::Entry,
                _ => EdgeKind::Service,
            };
            // Ends with the same methods have the same interface.
            let interface = format!("shop::With_{}", methods.join("_"));
            let (caller, callee) = (caller.to_owned(), callee.to_owned());
            EdgeShape { caller, callee, kind, interface, methods }
        })
        .collect()
}

fn name_and_list(line: &str) -> (String, Vec<String>) {
    let (name, list) = line.split_once(": ").unwrap_or((line, ""));
    (name.to_owned(), list.split(", ").filter(|m| !m.is_empty()).map(str::to_owned).collect())
}

fn print_edges<'a>(
    edges: impl Iterator<Item = (String, &'a ResolvedEdge)>,
    sources: &SourceMap,
) -> String {
    let mut out = String::new();
    for (name, resolved) in edges {
        let _ = writeln!(out, "{name}");
        out.push_str(&print_explanation(&resolved.edge.explain(), sources));
        for (method, resolved) in &resolved.methods {
            let _ = writeln!(out, "{name}.{method}");
            out.push_str(&print_explanation(&resolved.explain(), sources));
        }
    }
    out
}

fn print_entries(resolved: &ResolvedEntries, sources: &SourceMap) -> String {
    let mut out = String::new();
    let place = |span| sources.locate(span).replace("wiring/", "");
    for entry in &resolved.entries {
        let at = entry.span.map_or_else(String::new, |span| format!(" at {}", place(span)));
        let _ = writeln!(out, "{} = {}{at}", entry.name, entry.settings);
        print_changes(&mut out, &entry.changes, sources);
    }
    for (name, span) in &resolved.unlisted {
        let _ = writeln!(out, "{name} is not listed, at {}", place(*span));
    }
    if !resolved.changes.is_empty() {
        out.push_str("removed\n");
        print_changes(&mut out, &resolved.changes, sources);
    }
    out
}

fn print_changes(out: &mut String, changes: &[Change], sources: &SourceMap) {
    let place = |span| sources.locate(span).replace("wiring/", "");
    for change in changes {
        let why = match &change.kind {
            ChangeKind::Replaced => "replaced".to_owned(),
            ChangeKind::Excluded { by } => format!("excluded by {by}"),
            ChangeKind::Removed => "removed".to_owned(),
            ChangeKind::Reset => "reset".to_owned(),
            ChangeKind::NotTaken => "not taken".to_owned(),
            ChangeKind::OldVariant { leaf, from, to } => format!("{leaf} is {to}, not {from}"),
        };
        let _ = writeln!(
            out,
            "  dropped {} = {} of {}: {why} at {}",
            change.path,
            change.old.value,
            place(change.old.span),
            place(change.by)
        );
    }
}

fn print_explanation(explanation: &Explanation, sources: &SourceMap) -> String {
    let mut out = String::new();
    let place = |span| sources.locate(span).replace("wiring/", "");
    for leaf in &explanation.leaves {
        let selector = leaf.selector.as_ref().map_or_else(String::new, |s| format!(" by `{s}`"));
        let _ = writeln!(
            out,
            "  {} = {} at {}{selector}",
            leaf.path,
            leaf.value.value,
            place(leaf.value.span)
        );
        for change in &leaf.replaced {
            let _ = writeln!(out, "    was {} at {}", change.old.value, place(change.old.span));
        }
    }
    for (key, span) in &explanation.off {
        let _ = writeln!(out, "  {key} off at {}", place(*span));
    }
    print_changes(&mut out, &explanation.dropped, sources);
    out
}
