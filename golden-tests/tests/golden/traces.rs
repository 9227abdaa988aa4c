//! What a collector gets of an example under `traced`: one tree for each request.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Value, json};

use crate::bp;
use crate::names::Names;
use crate::running::{Running, one_at_a_time, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("traces::leaf", leaf), trial("traces::hotel", hotel)]
}

/// A collector that keeps what it gets: a span and the `service.name` that sent it, and the senders' attributes.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<(String, Span)>>>, Arc<Mutex<BTreeSet<String>>>);

impl Sink {
    fn spans(&self) -> MutexGuard<'_, Vec<(String, Span)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens on a port of this machine, on a thread of its own, until the tests end.
    fn start() -> Result<(Self, SocketAddr)> {
        let sink = Self::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let service = TraceServiceServer::new(sink.clone());
        let server = tonic::transport::Server::builder().add_service(service);
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        std::thread::spawn(move || runtime.block_on(server.serve_with_incoming(incoming)));
        Ok((sink, address))
    }
}

#[tonic::async_trait]
impl TraceService for Sink {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        let mut spans = self.spans();
        for resource in request.into_inner().resource_spans {
            let attributes = resource.resource.map(|r| r.attributes).unwrap_or_default();
            let service = text(&attributes, "service.name");
            let mut known = self.1.lock().unwrap_or_else(PoisonError::into_inner);
            known.extend(attributes.into_iter().map(|attribute| attribute.key));
            let sent = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            spans.extend(sent.map(|span| (service.clone(), span)));
        }
        Ok(tonic::Response::new(ExportTraceServiceResponse { partial_success: None }))
    }
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let value = attributes.iter().find(|a| a.key == key).and_then(|a| a.value.as_ref());
    match value.and_then(|v| v.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        other => format!("{other:?}"),
    }
}

/// The spans below `parent` of one trace, a line each, by their beginning; calls of backends are counted alone.
fn tree(
    spans: &BTreeMap<Vec<u8>, Vec<&(String, Span)>>,
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
        tree(spans, &span.span_id, depth + 1, out, inner);
    }
}

/// The tree of one trace, whose outermost span has `parent`; no span may hang in the air.
fn whole(all: &[(String, Span)], trace: &[u8], parent: &[u8]) -> Result<(String, usize)> {
    let mut spans: BTreeMap<Vec<u8>, Vec<&(String, Span)>> = BTreeMap::new();
    let mut count = 0;
    for span in all.iter().filter(|(_, span)| span.trace_id == trace) {
        spans.entry(span.1.parent_span_id.clone()).or_default().push(span);
        count += 1;
    }
    for siblings in spans.values_mut() {
        siblings.sort_by_key(|(_, span)| span.start_time_unix_nano);
    }
    let (mut out, mut inner) = (String::new(), 0);
    tree(&spans, parent, 0, &mut out, &mut inner);
    ensure!(out.lines().count() + inner == count, "{count} spans, and not all in the tree:\n{out}");
    Ok((out, inner))
}

/// Over processes and transports, every span of a request hangs under the one that caused it.
fn leaf() -> Result<()> {
    let _one = one_at_a_time();
    let (sink, address) = Sink::start()?;
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
    // A process hands over its last spans when it stops.
    running.stop()?;

    let spans = sink.spans();
    let published = spans
        .iter()
        .find(|(_, span)| span.name == "leaf.Board/publish" && span.kind() == SpanKind::Server)
        .context("no span of `publish`")?;
    ensure!(published.1.parent_span_id.is_empty(), "nobody called before: {published:?}");
    let (tree, inner) = whole(&spans, &published.1.trace_id, &[])?;
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

    let (tree, inner) = whole(&spans, &bytes(trace)?, &bytes(caller)?)?;
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
    let (sink, address) = Sink::start()?;
    let environment = [("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{address}"))];
    let folder = bp::root().join("examples/hotel");
    let running = Running::start_with(&folder, "traced", &environment)?;
    let entry = running.entry()?.to_owned();
    let (trace, caller) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let query = "in_date=2015-04-10&out_date=2015-04-12&lat=38.0235&lon=-122.095&locale=en";
    let found: Value = ureq::get(format!("http://{entry}/hotels?{query}"))
        .header("traceparent", format!("00-{trace}-{caller}-01"))
        .call()?
        .body_mut()
        .read_json()?;
    ensure!(found[0]["id"].is_string(), "no hotel: {found}");
    let names = Names::read()?;
    metrics(&running, &names)?;
    running.stop()?;

    let spans = sink.spans();
    let mut of_trace: BTreeMap<Vec<u8>, Vec<&(String, Span)>> = BTreeMap::new();
    for span in spans.iter().filter(|(_, span)| span.trace_id == bytes(trace).unwrap_or_default()) {
        of_trace.entry(span.1.parent_span_id.clone()).or_default().push(span);
    }
    for siblings in of_trace.values_mut() {
        siblings.sort_by_key(|(_, span)| span.start_time_unix_nano);
    }
    let mut tree = String::new();
    edges(&of_trace, &bytes(caller)?, 0, &mut tree);
    let mut lines: Vec<&str> = tree.lines().collect();
    // As many as there are hotels to remember.
    lines.dedup();
    let expected = "\
*->frontend search
  frontend->search nearby
    *->search nearby
      search->geo nearby
        *->geo nearby
          geo->geo_db find
      search->rate get_rates
        *->rate get_rates
          rate->rate_cache get_many
          rate->rate_db get_many
          rate->rate_cache put
  frontend->reservation check_availability
    *->reservation check_availability
      reservation->reservation_cache get_many
      reservation->reservation_db get_many
      reservation->reservation_cache put
  frontend->profile get_profiles
    *->profile get_profiles
      profile->profile_cache get_many
      profile->profile_db get_many
      profile->profile_cache put";
    ensure!(lines.join("\n") == expected, "expected:\n{expected}\nfound:\n{tree}");
    let count: usize = of_trace.values().map(Vec::len).sum();
    ensure!(tree.lines().count() == count, "{count} spans, and not all in the tree:\n{tree}");

    for name in sink.1.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        names.attribute(name, "a resource")?;
    }
    for (service, span) in of_trace.values().flatten() {
        attributes(service, span, &names)?;
    }
    Ok(())
}

/// What the processes count is there under names that are known.
fn metrics(running: &Running, names: &Names) -> Result<()> {
    let mut metrics = BTreeSet::new();
    for process in running.processes() {
        let text = running.metrics(&process)?;
        metrics.extend(names.exposition(&text).with_context(|| format!("/metrics of {process}"))?);
    }
    for name in [
        "rpc_client_call_duration_seconds",
        "rpc_server_call_duration_seconds",
        "db_client_operation_duration_seconds",
        "http_server_request_duration_seconds",
        "otel_sdk_exporter_span_exported_total",
    ] {
        ensure!(metrics.contains(name), "no `{name}` among {metrics:?}");
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

/// The edge and method of each span below `parent`, a line each, by their beginning.
fn edges(
    spans: &BTreeMap<Vec<u8>, Vec<&(String, Span)>>,
    parent: &[u8],
    depth: usize,
    out: &mut String,
) {
    for (_, span) in spans.get(parent).into_iter().flatten() {
        // A call to a store is named as a database call, any other as a remote procedure call.
        let stored = span.attributes.iter().any(|a| a.key == "db.operation.name");
        let name = if stored { "db.operation.name" } else { "rpc.method" };
        let (edge, method) = (text(&span.attributes, "bp.edge"), text(&span.attributes, name));
        let method = method.rsplit('/').next().unwrap_or_default();
        let _ = writeln!(out, "{:1$}{edge} {method}", "", depth * 2);
        edges(spans, &span.span_id, depth + 1, out);
    }
}

fn bytes(hex: &str) -> Result<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2).map(std::str::from_utf8);
    pairs.map(|pair| Ok(u8::from_str_radix(pair?, 16)?)).collect()
}
