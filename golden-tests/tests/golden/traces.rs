//! What a collector receives from an example under `traced`: one tree for each request.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};
use bp_contract::metric::runtime::{BALANCE_METRICS, PROCESS_METRICS};
use bp_plugin::Metric;
use golden_tests::collector::{
    ChildSpans, Collector, SentSpan, TracedSearch, group_by_parent, parse_hex, text,
};
use libtest_mimic::Trial;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Value, json};

use crate::names::Names;
use crate::running::{Running, one_at_a_time, trial};
use crate::{bp, exposition};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("traces::leaf", leaf), trial("traces::hotel", hotel)]
}

/// The spans below `parent` of one trace, a line each, by their beginning; calls of backends are counted alone.
fn write_tree(
    spans: &ChildSpans<'_>,
    parent: &[u8],
    depth: usize,
    out: &mut String,
    inner: &mut usize,
) {
    for (service, span) in spans.get(parent).into_iter().flatten() {
        let kind = span.kind();
        if kind == SpanKind::Internal {
            *inner += 1;
        } else {
            let indent = depth * 2;
            let _ = writeln!(out, "{:indent$}{service} {kind:?} {}", "", span.name);
        }
        write_tree(spans, &span.span_id, depth + 1, out, inner);
    }
}

/// The tree of one trace, whose outermost span has `parent`; every span must be in the tree.
fn describe_trace(all: &[SentSpan], trace: &[u8], parent: &[u8]) -> Result<(String, usize)> {
    let spans = group_by_parent(all, trace);
    let count: usize = spans.values().map(Vec::len).sum();
    let (mut out, mut inner) = (String::new(), 0);
    write_tree(&spans, parent, 0, &mut out, &mut inner);
    ensure!(out.lines().count() + inner == count, "{count} spans, and not all in the tree:\n{out}");
    Ok((out, inner))
}

/// Over processes and transports, the parent of every span of a request is the span that caused it.
fn leaf() -> Result<()> {
    let _one = one_at_a_time();
    let (collector, address) = Collector::start("127.0.0.1:0")?;
    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{address}"))];
    let folder = bp::root().join("examples/leaf");
    let running = Running::start_with(&folder, "traced", &environment)?;
    let entry = running.entry()?.to_owned();
    let note: Value = ureq::post(format!("http://{entry}/board/publish"))
        .send_json(json!({ "author": "ada", "body": { "Text": "hello" }, "tags": ["first"] }))?
        .body_mut()
        .read_json()?;
    ensure!(note["id"] == "ada-1", "{note}");
    // The second request belongs to a trace that its caller began.
    let (trace, caller) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    ureq::get(format!("http://{entry}/notes/ada-1"))
        .header("traceparent", format!("00-{trace}-{caller}-01"))
        .call()?;
    // A process sends its last spans when it stops.
    running.stop()?;

    let spans = collector.spans();
    let published = spans
        .iter()
        .find(|(_, span)| span.name == "leaf.Board/publish" && span.kind() == SpanKind::Server)
        .context("no span of `publish`")?;
    ensure!(published.1.parent_span_id.is_empty(), "it has a parent: {published:?}");
    let (tree, inner) = describe_trace(&spans, &published.1.trace_id, &[])?;
    let expected = "\
board Server leaf.Board/publish
  board Client leaf.Notes/pin
    notes Server leaf.Notes/pin
      notes Client leaf.Authors/credit
        authors Server leaf.Authors/credit
";
    ensure!(tree == expected, "expected:\n{expected}found:\n{tree}");
    ensure!(
        inner >= 3,
        "{inner} calls of backends, and a note, its reactions and its author are stored"
    );

    let (tree, inner) = describe_trace(&spans, &parse_hex(trace)?, &parse_hex(caller)?)?;
    let expected = "\
board Server leaf.Board/read
  board Client leaf.Notes/view
    notes Server leaf.Notes/view
";
    ensure!(tree == expected, "expected:\n{expected}found:\n{tree}");
    ensure!(inner >= 2, "{inner} calls of backends, and a note and its reactions are read");
    Ok(())
}

/// A search is one tree from the front door to the stores, in names that OpenTelemetry knows.
fn hotel() -> Result<()> {
    let _one = one_at_a_time();
    let (collector, address) = Collector::start("127.0.0.1:0")?;
    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{address}"))];
    let folder = bp::root().join("examples/hotel");
    let running = Running::start_with(&folder, "traced", &environment)?;
    let entry = running.entry()?.to_owned();
    let search = TracedSearch::ask(&entry)?;
    let names = Names::read()?;
    check_metrics(&running, &names)?;
    running.stop()?;

    let spans = collector.spans();
    let spans = search.spans(&spans)?;
    for name in collector.attributes().iter() {
        names.attribute(name, "a resource")?;
    }
    for (service, span) in spans {
        attributes(service, span, &names)?;
    }
    Ok(())
}

/// The processes expose what the runtime and the plugins in use declare, under known names.
fn check_metrics(running: &Running, names: &Names) -> Result<()> {
    const NEVER: Metric = Metric::counter("bp_never", "What nothing registers");
    let mut pages = BTreeMap::new();
    for process in running.processes() {
        let text = running.fetch_metrics(&process)?;
        names.check_page(&text).with_context(|| format!("/metrics of {process}"))?;
        pages.insert(process, text);
    }
    // Compared with what `bp build` writes by a test of its own.
    let plan = bp::root().join("golden-tests/trees/hotel/traced/rust/app/plan.json");
    let plan: Value = serde_json::from_str(&std::fs::read_to_string(plan)?)?;
    let registry = bp_build::builtin();
    let mut declared = [PROCESS_METRICS, BALANCE_METRICS].concat();
    for id in plan["plugins"].as_object().context("plugins")?.keys() {
        let plugin = registry.get(id).with_context(|| format!("no plugin `{id}`"))?;
        for metric in plugin.metrics {
            if !declared.contains(metric) {
                declared.push(*metric);
            }
        }
    }
    exposition::compare(&pages, &declared)?;

    declared.push(NEVER);
    ensure!(exposition::compare(&pages, &declared).is_err(), "a missing metric is not noticed");
    declared.pop();
    for left_out in 0..declared.len() {
        let mut fewer = declared.clone();
        let metric = fewer.remove(left_out);
        let outcome = exposition::compare(&pages, &fewer);
        ensure!(outcome.is_err(), "that `{}` is undeclared is not noticed", metric.exposed_name());
    }
    Ok(())
}

/// The attributes of a span have names that are known, and a call that leaves its process says where it went.
fn attributes(service: &str, span: &Span, names: &Names) -> Result<()> {
    for KeyValue { key, .. } in &span.attributes {
        names.attribute(key, &span.name)?;
    }
    let stored = span.attributes.iter().any(|a| a.key == "db.system.name");
    if stored {
        let edge = text(&span.attributes, "bp.edge");
        let (caller, callee) = edge.split_once("->").context("an edge")?;
        let system = if callee.ends_with("_cache") { "memory" } else { "embedded" };
        ensure!(service == caller, "`{service}` sent the span of {edge}");
        for (key, value) in [("db.system.name", system), ("db.namespace", callee)] {
            let found = text(&span.attributes, key);
            ensure!(found == value, "{edge}: {key} is {found}, not {value}");
        }
        let collection = span.attributes.iter().any(|a| a.key == "db.collection.name");
        ensure!(collection != callee.ends_with("_cache"), "{edge}: a collection: {collection}");
    } else if span.kind() == SpanKind::Client {
        let (system, host) =
            (text(&span.attributes, "rpc.system.name"), text(&span.attributes, "server.address"));
        ensure!(
            (system.as_str(), host.as_str()) == ("grpc", "127.0.0.1"),
            "{}: {system} {host}",
            span.name
        );
    }
    Ok(())
}
