//! Whether a search of the hotel example is one trace: `search LISTEN`.
//!
//! It collects traces at LISTEN and prints the port.
//! A line `ENTRY GRPC ADMIN` of addresses makes it search at the front door, wait for the trace, print what the stores' spans say about their servers, and then ask a listener for health and reflection, and its process for metrics.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool reports to its terminal"
)]

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use golden_tests::collector::{Collector, SentSpan, TracedSearch, text};
use golden_tests::standard::{fetch_metrics, list_services};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

/// Processes send their spans every few seconds.
const PATIENCE: Duration = Duration::from_mins(1);

fn main() -> ExitCode {
    match run() {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("search: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String> {
    let Some(listen) = std::env::args().nth(1) else { bail!("search LISTEN") };
    let (collector, address) = Collector::start(&listen)?;
    println!("{}", address.port());
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let [entry, grpc, admin] = *line.split_whitespace().collect::<Vec<_>>() else {
        bail!("ENTRY GRPC ADMIN, not `{line}`");
    };
    let search = TracedSearch::ask(entry)?;
    let traced = wait_for_trace(&collector, &search)?;
    let services = list_services(grpc)?.join(", ");
    let metrics = fetch_metrics(admin)?;
    for name in ["rpc_server_call_duration_seconds", "otel_sdk_exporter_span_exported_total"] {
        ensure!(metrics.contains(name), "no `{name}` at {admin}: {metrics}");
    }
    Ok(format!("{traced}; health and reflection of {services}, and metrics"))
}

fn wait_for_trace(collector: &Collector, search: &TracedSearch) -> Result<String> {
    let end = Instant::now() + PATIENCE;
    loop {
        std::thread::sleep(Duration::from_millis(100));
        match search.spans(&collector.spans()) {
            Ok(spans) => return describe_spans(&spans),
            Err(error) if Instant::now() > end => return Err(error),
            Err(_) => {}
        }
    }
}

/// A store on a server of its own is called as a client, and the span names both.
fn describe_spans(spans: &[&SentSpan]) -> Result<String> {
    let mut stores = BTreeSet::new();
    for (_, span) in spans {
        let of = |key| text(&span.attributes, key);
        if span.attributes.iter().any(|attribute| attribute.key == "db.system.name") {
            let client = span.kind() == SpanKind::Client;
            ensure!(client, "{} is {:?}", span.name, span.kind());
            stores.insert(format!("{} at {}", of("db.system.name"), of("server.address")));
        }
    }
    ensure!(!stores.is_empty(), "no store was called");
    let stores: Vec<String> = stores.into_iter().collect();
    Ok(format!("one trace of {} spans, and in it {}", spans.len(), stores.join(", ")))
}
