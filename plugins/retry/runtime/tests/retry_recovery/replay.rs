//! One run: calls arrive by chance, go through the chain with `retry` in it, and reach a server that was slow for a while.

use std::sync::Arc;
use std::time::Duration;

use bp_runtime::{
    BoxFuture, Call, Clock, Codec, Context, Edge, Encoded, Endpoint, Interface, Method, Next,
    SeededRng, Settings, SharedState, Side, Surroundings, System, Wrapper, WrapperContext,
    WrapperPlugin,
};
use serde_json::Value;

use super::events::{EventClock, EventLoop};
use super::server::{Capacity, Server, exponential};

/// The seconds of a run, of the slowness in it, and of what is said about its end.
const SECONDS: usize = 350;
const SLOW: (usize, usize) = (30, 50);
const LAST: usize = 50;
/// What is left of the server's rate while it is slow.
const SPEED: f64 = 0.1;
/// So many seconds in a row must be good, and so many of a second's calls must succeed.
const GOOD_SECONDS: usize = 10;
const GOOD_SHARE: f64 = 0.9;

static INTERFACE: Interface = Interface {
    path: "t::T",
    wire_name: "t.T",
    methods: &[Method { name: "get", index: 0, idempotent: true, arguments: &[], remote: true }],
};

/// A system to replay.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    /// Calls a second that the server is able to answer.
    pub(crate) capacity: f64,
    /// Calls a second that arrive.
    pub(crate) load: f64,
    pub(crate) queue: Option<usize>,
    pub(crate) drops_expired: bool,
    /// The settings of `retry`.
    pub(crate) settings: Value,
}

/// What a run showed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Outcome {
    /// Seconds from the end of the slowness until the calls of ten seconds in a row succeed.
    pub(crate) recovered: Option<usize>,
    /// Attempts per call in the last 50 s.
    pub(crate) amplification: f64,
}

impl Scenario {
    /// Runs it; the same seed gives the same outcome.
    pub(crate) fn run(&self, seed: u64) -> Outcome {
        let clock = EventClock::new();
        let start = clock.now();
        let second = |n: usize| start + Duration::from_secs(n as u64);
        let capacity = Capacity {
            rate: self.capacity,
            queue: self.queue,
            drops_expired: self.drops_expired,
            slow: (second(SLOW.0), second(SLOW.1), SPEED),
        };
        let server = Arc::new(Server::new(capacity, clock.clone(), seed.wrapping_mul(3)));
        let edge = edge();
        let chain: Arc<[_]> = [self.wrapper(&edge, &clock, seed)].into();
        let arrivals = SeededRng::new(seed.wrapping_mul(7));
        let mut events = EventLoop::new(clock);
        let mut calls = [0_u32; SECONDS];
        let mut successes = [0_u32; SECONDS];
        let mut attempts_before = 0;
        let gap = || Duration::from_secs_f64(exponential(&arrivals, self.load));
        let mut at = start + gap();
        for (n, calls) in calls.iter_mut().enumerate() {
            if n == SECONDS - LAST {
                attempts_before = server.attempts();
            }
            while at < second(n + 1) {
                events.run_until(at, |end| count(&mut successes, end));
                *calls += 1;
                events.spawn(call(edge.clone(), chain.clone(), server.clone(), n));
                at += gap();
            }
            events.run_until(second(n + 1), |end| count(&mut successes, end));
        }
        let last: u32 = calls[SECONDS - LAST..].iter().sum();
        let attempts = server.attempts() - attempts_before;
        // The calls of the last seconds may succeed yet.
        events.run_until(second(SECONDS + 10), |end| count(&mut successes, end));
        Outcome {
            recovered: find_recovery(&calls, &successes),
            amplification: attempts as f64 / f64::from(last),
        }
    }

    /// The real `retry`, as an application makes it.
    fn wrapper(&self, edge: &Arc<Edge>, clock: &EventClock, seed: u64) -> Arc<dyn Wrapper> {
        let cx = WrapperContext {
            edge: edge.clone(),
            side: Side::Client,
            interface: &INTERFACE,
            system: System::default(),
            settings: Settings::of("edge a->b: retry", self.settings.clone()),
            endpoint: None,
            shared: SharedState::default(),
            surroundings: Surroundings {
                clock: Arc::new(clock.clone()),
                rng: Arc::new(SeededRng::new(seed)),
                ..Surroundings::default()
            },
        };
        bp_rt_retry::plugin().client(&cx).unwrap().unwrap()
    }
}

/// Makes a call in the second `n`, and tells whether it succeeded.
fn call(
    edge: Arc<Edge>,
    chain: Arc<[Arc<dyn Wrapper>]>,
    server: Arc<dyn Endpoint>,
    n: usize,
) -> BoxFuture<'static, (usize, bool)> {
    let call = Call {
        edge,
        interface: &INTERFACE,
        method: &INTERFACE.methods[0],
        context: Context::empty(),
        arguments: Arc::new(Encoded { codec: Codec::Json, bytes: "{}".into() }),
    };
    Box::pin(async move { (n, Next::new(&chain, &*server).run(call).await.is_ok()) })
}

/// A call counts where it began, so that no second has more successes than calls.
fn count(successes: &mut [u32; SECONDS], (n, succeeded): (usize, bool)) {
    successes[n] += u32::from(succeeded);
}

fn find_recovery(calls: &[u32; SECONDS], successes: &[u32; SECONDS]) -> Option<usize> {
    let good = |n: usize| f64::from(successes[n]) >= GOOD_SHARE * f64::from(calls[n]);
    (0..=SECONDS - SLOW.1 - GOOD_SECONDS)
        .find(|after| (0..GOOD_SECONDS).all(|n| good(SLOW.1 + after + n)))
}

fn edge() -> Arc<Edge> {
    Arc::new(Edge {
        key: "a->b".into(),
        caller: "a".into(),
        callee: "b".into(),
        cyclic: false,
        remote: true,
        server: false,
    })
}
