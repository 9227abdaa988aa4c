//! A collector of traces, for tests of what a running system sends; its service is generated from OpenTelemetry's own definitions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, ensure};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;

/// A span, and the `service.name` that sent it.
pub type SentSpan = (String, Span);

/// Spans by their parent.
pub type ChildSpans<'s> = BTreeMap<Vec<u8>, Vec<&'s SentSpan>>;

/// Keeps the spans that it receives.
#[derive(Debug, Clone, Default)]
pub struct Collector {
    spans: Arc<Mutex<Vec<SentSpan>>>,
    attributes: Arc<Mutex<BTreeSet<String>>>,
}

impl Collector {
    /// Listens there, on a thread of its own, until the program ends; port 0 is any.
    ///
    /// # Errors
    /// When nothing can listen there.
    pub fn start(at: &str) -> Result<(Self, SocketAddr)> {
        let collector = Self::default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind(at))?;
        let address = listener.local_addr()?;
        let service = TraceServiceServer::new(collector.clone());
        let server = tonic::transport::Server::builder().add_service(service);
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        std::thread::spawn(move || runtime.block_on(server.serve_with_incoming(incoming)));
        Ok((collector, address))
    }

    /// What has come.
    pub fn spans(&self) -> MutexGuard<'_, Vec<SentSpan>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The names of the senders' own attributes.
    pub fn attributes(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.attributes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        let mut spans = self.spans();
        for resource in request.into_inner().resource_spans {
            let attributes = resource.resource.map(|r| r.attributes).unwrap_or_default();
            let service = text(&attributes, "service.name");
            self.attributes().extend(attributes.into_iter().map(|attribute| attribute.key));
            let sent = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            spans.extend(sent.map(|span| (service.clone(), span)));
        }
        Ok(tonic::Response::new(ExportTraceServiceResponse { partial_success: None }))
    }
}

/// An attribute's text; its debug form when it is not text.
pub fn text(attributes: &[KeyValue], key: &str) -> String {
    let value = attributes.iter().find(|a| a.key == key).and_then(|a| a.value.as_ref());
    match value.and_then(|v| v.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        other => format!("{other:?}"),
    }
}

/// The spans of one trace by their parents, each in the order of their beginning.
pub fn group_by_parent<'s>(spans: &'s [SentSpan], trace: &[u8]) -> ChildSpans<'s> {
    let mut all = ChildSpans::new();
    for span in spans.iter().filter(|(_, span)| span.trace_id == trace) {
        all.entry(span.1.parent_span_id.clone()).or_default().push(span);
    }
    for siblings in all.values_mut() {
        siblings.sort_by_key(|(_, span)| span.start_time_unix_nano);
    }
    all
}

/// The edge and method of each span below `parent`, a line each, by their beginning.
fn write_edges(spans: &ChildSpans<'_>, parent: &[u8], depth: usize, out: &mut String) {
    for (_, span) in spans.get(parent).into_iter().flatten() {
        // A call to a store is named as a database call, any other as a remote procedure call.
        let stored = span.attributes.iter().any(|a| a.key == "db.operation.name");
        let name = if stored { "db.operation.name" } else { "rpc.method" };
        let (edge, method) = (text(&span.attributes, "bp.edge"), text(&span.attributes, name));
        let method = method.rsplit('/').next().unwrap_or_default();
        let _ = writeln!(out, "{:1$}{edge} {method}", "", depth * 2);
        write_edges(spans, &span.span_id, depth + 1, out);
    }
}

/// Bytes from their hexadecimal form.
///
/// # Errors
/// When the text is not hexadecimal.
pub fn parse_hex(hex: &str) -> Result<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2).map(std::str::from_utf8);
    pairs.map(|pair| Ok(u8::from_str_radix(pair?, 16)?)).collect()
}

/// A search of the hotel example, as part of a trace that its caller began.
#[derive(Debug)]
pub struct TracedSearch {
    trace: Vec<u8>,
    caller: Vec<u8>,
}

/// The trace's tree in a fresh system: each span's edge and method; calls that are made for each hotel are listed once.
const SEARCH: &str = "\
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

impl TracedSearch {
    /// Asks the system that listens there.
    ///
    /// # Errors
    /// When it finds no hotel.
    pub fn ask(entry: &str) -> Result<Self> {
        let (trace, caller) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        let query = "in_date=2015-04-10&out_date=2015-04-12&lat=38.0235&lon=-122.095&locale=en";
        let found: serde_json::Value = ureq::get(format!("http://{entry}/hotels?{query}"))
            .header("traceparent", format!("00-{trace}-{caller}-01"))
            .call()?
            .body_mut()
            .read_json()?;
        let first = found.get(0).and_then(|hotel| hotel.get("id"));
        first.and_then(serde_json::Value::as_str).with_context(|| format!("no hotel: {found}"))?;
        Ok(Self { trace: parse_hex(trace)?, caller: parse_hex(caller)? })
    }

    /// The spans of the search, if they are one tree from the front door to the stores.
    ///
    /// # Errors
    /// A description of the spans that were found instead.
    pub fn spans<'s>(&self, all: &'s [SentSpan]) -> Result<Vec<&'s SentSpan>> {
        let spans = group_by_parent(all, &self.trace);
        let mut tree = String::new();
        write_edges(&spans, &self.caller, 0, &mut tree);
        let mut lines: Vec<&str> = tree.lines().collect();
        lines.dedup();
        ensure!(lines.join("\n") == SEARCH, "expected:\n{SEARCH}\nfound:\n{tree}");
        let spans: Vec<&SentSpan> = spans.into_values().flatten().collect();
        let count = spans.len();
        ensure!(tree.lines().count() == count, "{count} spans, and not all in the tree:\n{tree}");
        Ok(spans)
    }
}
