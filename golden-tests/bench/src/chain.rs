//! What a wrapper costs: chains of different lengths around the same end, in one thread.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result};
use bp_std::rt::{
    BoxFuture, Call, Client, Edge, Endpoint, Infra, Next, Reply, Settings, SharedState, Side,
    Surroundings, System, Wrapper, WrapperContext, WrapperPlugin,
};

use crate::app;
use crate::interfaces::RATES;
use crate::report::Sample;
use crate::workflow::RateError;

/// Passes calls on, in a future of its own, as a wrapper does that looks at the answer.
struct Pass;

impl Wrapper for Pass {
    fn call<'a>(&'a self, call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        Box::pin(async move {
            let answer = next.run(call).await;
            black_box(&answer);
            answer
        })
    }
}

/// Answers `next` at once, as a transport does: without taking the arguments apart.
struct ImmediateEnd;

impl Endpoint for ImmediateEnd {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async move { Reply::of(Ok::<u64, RateError>(u64::from(call.method.index))) })
    }
}

fn edge() -> Edge {
    Edge {
        key: "desk->rates".to_owned(),
        caller: "desk".to_owned(),
        callee: "rates".to_owned(),
        cyclic: false,
        remote: true,
        server: false,
    }
}

fn client(wrappers: Vec<Arc<dyn Wrapper>>) -> Client {
    Client::new(edge(), &RATES, wrappers, Arc::new(ImmediateEnd))
}

fn build_passing_chain(length: usize) -> Client {
    client((0..length).map(|_| Arc::new(Pass) as Arc<dyn Wrapper>).collect())
}

/// A plugin's wrapper on the caller's side.
fn build_plugin_chain(
    id: &str,
    plugin: &dyn WrapperPlugin,
    sampling: f64,
    collector: &str,
) -> Result<Client> {
    let context = WrapperContext {
        edge: Arc::new(edge()),
        side: Side::Client,
        interface: &RATES,
        system: System::default(),
        settings: Settings::of("edge desk->rates", app::settings(id, sampling, collector)),
        shared: SharedState::default(),
        surroundings: Surroundings::default(),
    };
    let wrapper = plugin.client(&context).map_err(anyhow::Error::msg)?;
    Ok(client(vec![wrapper.context("no wrapper on the caller's side")?]))
}

async fn make_calls(client: &Client, calls: u64) -> Result<()> {
    let mut number = 0_u64;
    for _ in 0..calls {
        let answer: Result<u64, RateError> = client.call(1, (black_box(number),)).await;
        number = answer.map_err(|error| anyhow::anyhow!("{error}"))?;
    }
    black_box(number);
    Ok(())
}

/// For callgrind: `number` calls through a chain of `length` wrappers.
pub(crate) async fn count(length: usize, number: u64) -> Result<()> {
    make_calls(&build_passing_chain(length), number).await
}

async fn measure_nanos_per_call(client: &Client, number: u32) -> Result<f64> {
    let start = Instant::now();
    make_calls(client, u64::from(number)).await?;
    Ok(start.elapsed().as_secs_f64() * 1e9 / f64::from(number))
}

/// The results of the rounds, in nanoseconds.
pub(crate) struct Costs {
    /// A call through a chain without wrappers.
    pub(crate) empty: Sample,
    /// The first wrapper that records nothing.
    pub(crate) first: Sample,
    /// Each of eight wrappers that record nothing.
    pub(crate) each: Sample,
    /// Each plugin's own wrapper, by what it is.
    pub(crate) plugins: Vec<(&'static str, Sample)>,
    /// A span that is recorded.
    pub(crate) span: Sample,
}

/// Measures in alternating rounds.
pub(crate) async fn measure(rounds: usize, collector: &str) -> Result<Costs> {
    const CALLS: u32 = 4_000;
    /// So few that the queue of ended spans, which holds 2,048, never overflows; the pause afterwards empties it.
    const SPANS: u32 = 400;
    let (none, one, eight) =
        (build_passing_chain(0), build_passing_chain(1), build_passing_chain(8));
    let tracer = bp_rt_trace::plugin();
    let plugins = [
        ("timeout", build_plugin_chain("timeout", &bp_rt_timeout::plugin(), 0.0, collector)?),
        ("retry", build_plugin_chain("retry", &bp_rt_retry::plugin(), 0.0, collector)?),
        ("metrics", build_plugin_chain("metrics", &bp_rt_metrics::plugin(), 0.0, collector)?),
        ("trace, not sampled", build_plugin_chain("trace", &tracer, 0.0, collector)?),
    ];
    let sampled = build_plugin_chain("trace", &tracer, 1.0, collector)?;
    let mut found = Costs {
        empty: Sample::default(),
        first: Sample::default(),
        each: Sample::default(),
        plugins: plugins.iter().map(|(name, _)| (*name, Sample::default())).collect(),
        span: Sample::default(),
    };
    for round in 0..=rounds {
        let base = measure_nanos_per_call(&none, CALLS).await?;
        let first = measure_nanos_per_call(&one, CALLS).await? - base;
        let each = (measure_nanos_per_call(&eight, CALLS).await? - base) / 8.0;
        let mut costs = Vec::new();
        for (_, client) in &plugins {
            costs.push(measure_nanos_per_call(client, CALLS).await? - base);
        }
        let span = measure_nanos_per_call(&sampled, SPANS).await? - base;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        // The first round warms up.
        if round == 0 {
            continue;
        }
        found.empty.add(base);
        found.first.add(first);
        found.each.add(each);
        found.span.add(span);
        for ((_, sample), cost) in found.plugins.iter_mut().zip(costs) {
            sample.add(cost);
        }
    }
    tracer.flush().await;
    Ok(found)
}
