//! Compares the features that the wiring uses with those that each target supports.
//!
//! What a target cannot express would be missing from the deployment without a word, so it is an error unless the target's `lossy` lists it.

use std::collections::{BTreeMap, BTreeSet};

use bp_diag::Span;
use bp_diag::catalog::target as codes;
use bp_ir::{EdgeKind, NodeKey, NodeKind};
use bp_plan::{Reference, Value};
use bp_plugin::facets::{PluginSettings, ProcessSettings, WrapperSettings};
use bp_plugin::{Feature, Kind, PassContext, TableReader};
use bp_wiring::Table;

use crate::resolved_table::ResolvedTables;
use crate::written::{WrittenTables, find_secret_in};

/// Checks every enabled target.
pub(crate) fn check(cx: &mut PassContext<'_>, tables: &ResolvedTables) {
    let asked = collect_features(cx, tables);
    let mut faults = Vec::new();
    for target in &cx.wiring.target.enabled {
        let Some(plugin) = cx.declarations.target(&target.value) else { continue };
        let Kind::Target { supports, .. } = plugin.kind else { continue };
        let lossy = read_lossy(cx, &target.value);
        for (feature, span) in &asked {
            if !supports.contains(feature) && !lossy.contains(feature.word()) {
                let span = span.or(Some(target.span));
                faults.push(codes::not_expressible(
                    &target.value,
                    feature.what(),
                    feature.word(),
                    span,
                ));
            }
        }
    }
    cx.diagnostics.extend(faults);
}

/// The words in a target's `lossy`; the reader of its settings complains about others.
fn read_lossy<'a>(cx: &PassContext<'a>, target: &str) -> BTreeSet<&'a str> {
    let table = cx.wiring.target.settings.entries.get(target).and_then(bp_wiring::Item::as_table);
    let items = table.and_then(|t| t.entries.get("lossy")?.as_array());
    items.into_iter().flatten().filter_map(bp_wiring::Item::as_str).collect()
}

/// The features that the wiring uses, each with a place that uses it.
fn collect_features(
    cx: &PassContext<'_>,
    tables: &ResolvedTables,
) -> BTreeMap<Feature, Option<Span>> {
    let mut out = BTreeMap::new();
    let mut processes = 0;
    for node in cx.ir.nodes() {
        let span = node.origin.span;
        match &node.kind {
            NodeKind::Process { once: true, .. } => {
                out.entry(Feature::Inits).or_insert(span);
                if holds_files(cx, &node.key) {
                    out.entry(Feature::InitFiles).or_insert(span);
                }
            }
            NodeKind::Process { replicas, once: false } => {
                processes += 1;
                if *replicas > 1 {
                    out.entry(Feature::Replicas).or_insert(span);
                }
            }
            _ => {}
        }
        let own = node.facets.get::<PluginSettings>().map(|s| &s.0);
        let process = node.facets.get::<ProcessSettings>().map(|s| &s.0);
        for settings in own.into_iter().chain(process) {
            for (feature, path) in SETTING_FEATURES {
                if settings.origins.contains_key(path) {
                    let line = find_setting_span(cx, &node.key, path);
                    out.entry(feature).or_insert(line.or(span));
                }
            }
        }
        let wrapper = node.facets.get::<WrapperSettings>().map(|w| &w.settings);
        let mut values = own.into_iter().chain(wrapper).flat_map(|s| s.values.values());
        if values.any(holds_secret) {
            let backend = cx.wiring.backend(node.key.as_str());
            let line = backend.and_then(|backend| find_secret_in(&backend.settings));
            out.entry(Feature::Secrets).or_insert(line.or(span));
        }
    }
    let written = WrittenTables::new(cx, tables);
    for (_, table) in cx.declarations.tables() {
        if let Some(feature) = table.feature
            && let Some(span) = written.find_written(table)
        {
            out.entry(feature).or_insert(Some(span));
        }
        // Only a process resolves references; elsewhere they are refused, or kept as written.
        if table.reader == Some(TableReader::Process)
            && let Some(span) = written.find_secret(table)
        {
            out.entry(Feature::Secrets).or_insert(Some(span));
        }
    }
    if processes > 1 {
        out.entry(Feature::Processes).or_insert(None);
    }
    out
}

/// Settings of processes and stores, and the feature that a target needs for each.
const SETTING_FEATURES: [(Feature, &str); 3] = [
    (Feature::Resources, "resources.cpu"),
    (Feature::Resources, "resources.memory"),
    (Feature::Storage, "resources.storage"),
];

/// The line that sets a setting of a process or store: often that of a selector, far from what it sets.
fn find_setting_span(cx: &PassContext<'_>, key: &NodeKey, path: &str) -> Option<Span> {
    if let Some(backend) = cx.wiring.backend(key.as_str()) {
        return find_setting_in(&backend.settings, path);
    }
    let rules = cx.wiring.processes.iter().filter(|rule| rule.name.matches(key.name()));
    rules.filter_map(|rule| find_setting_in(&rule.settings, path)).next_back()
}

fn find_setting_in(table: &Table, path: &str) -> Option<Span> {
    let mut table = table;
    let mut found = None;
    for part in path.split('.') {
        let item = table.entries.get(part)?;
        found = Some(item.key);
        // A bare value stands for the leaf.
        let Some(inner) = item.as_table() else { break };
        table = inner;
    }
    found
}

/// Whether a backend of an init keeps its content in files of the processes that share it.
fn holds_files(cx: &PassContext<'_>, init: &NodeKey) -> bool {
    let held = cx.ir.edges_from(init).into_iter().filter(|edge| edge.kind == EdgeKind::Hosts);
    held.filter_map(|edge| cx.ir.node(&edge.to))
        .any(|node| matches!(node.kind, NodeKind::Backend { one_process: true, .. }))
}

fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Reference(Reference::Secret(_)) => true,
        Value::List(items) => items.iter().any(holds_secret),
        Value::Table(table) => table.values().any(holds_secret),
        Value::Bool(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Duration(_)
        | Value::Size(_)
        | Value::Reference(Reference::Env(_) | Reference::File(_)) => false,
    }
}
