//! Calls across processes: generated code against hand-written tonic, in alternating rounds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bp_data::Codec;
use bp_std::rt::{Environment, Hosting, Running};
use prost::Message as _;

use crate::app::{self, Wrapped};
use crate::children::ChildServer;
use crate::report::{Sample, median_micros};
use crate::workflow::{Desk, Rates, RatesImpl};
use crate::{handwritten, load};

/// Calls of a round that go one after the other; few, so that the sides of a round see the same machine.
const IN_TURN: u32 = 100;
/// Calls of a round that go at once, and how many at any time.
const AT_ONCE: (u32, u32) = (480, 32);

/// A caller and its server.
enum Pair {
    Hand { client: handwritten::Client, server: ChildServer },
    Ours { desk: Arc<dyn Desk>, server: ChildServer, _caller: Running },
}

impl Pair {
    fn hand() -> Result<Self> {
        let server = ChildServer::new(&["hand"])?;
        Ok(Self::Hand { client: handwritten::Client::connect(&server.address)?, server })
    }

    async fn ours(wrapped: Wrapped, collector: &str) -> Result<Self> {
        let name = match wrapped {
            Wrapped::Bare => "bare".to_owned(),
            Wrapped::Sampling(sampling) => sampling.to_string(),
        };
        let server = ChildServer::new(&["ours", &name, collector])?;
        let environment = Environment::default().with("BP_ADDR_RATES_GRPC", &server.address);
        let caller = app::app(&app::remote(wrapped, collector))
            .start(environment, Hosting::Process("desk".to_owned()))
            .await
            .map_err(anyhow::Error::msg)?;
        let desk = caller.instance::<dyn Desk>("desk").context("no desk")?;
        Ok(Self::Ours { desk, server, _caller: caller })
    }

    async fn load(&self, calls: u32, at_once: u32) -> Result<Vec<Duration>> {
        match self {
            Self::Hand { client, .. } => load::complete(calls, client.load(calls, at_once).await),
            Self::Ours { desk, .. } => load::complete(calls, desk.load(calls, at_once).await),
        }
    }

    /// One round: the median latency of calls in turn in microseconds, then calls a second at once; and what both cost
    /// the two processes, in microseconds of processor time a call.
    async fn round(&self) -> Result<Round> {
        let (Self::Hand { server, .. } | Self::Ours { server, .. }) = self;
        let before = read_processor_time(std::process::id())? + read_processor_time(server.id())?;
        let latency = median_micros(&self.load(IN_TURN, 1).await?);
        let start = Instant::now();
        self.load(AT_ONCE.0, AT_ONCE.1).await?;
        let throughput = f64::from(AT_ONCE.0) / start.elapsed().as_secs_f64();
        let after = read_processor_time(std::process::id())? + read_processor_time(server.id())?;
        let processor = (after - before) * 1e6 / f64::from(IN_TURN + AT_ONCE.0);
        Ok(Round { latency, throughput, processor })
    }
}

struct Round {
    latency: f64,
    throughput: f64,
    processor: f64,
}

/// Seconds of processor time of all threads of a process. Only Linux has it; elsewhere it is 0.
fn read_processor_time(process: u32) -> Result<f64> {
    let mut nanos = 0_u64;
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { return Ok(0.0) };
    for thread in threads {
        // The time of a thread that has just ended is lost.
        let Ok(text) = std::fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        nanos += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanos).as_secs_f64())
}

/// The results of one kind of call, compared with the hand-written one of the same round.
#[derive(Default)]
pub(crate) struct RoundResults {
    pub(crate) latency: Sample,
    pub(crate) throughput: Sample,
    pub(crate) processor: Sample,
    pub(crate) latency_ratio: Sample,
    pub(crate) throughput_ratio: Sample,
    pub(crate) processor_ratio: Sample,
}

/// The hand-written pair, a second one like it, then ours without wrappers, at 1 % and at full sampling.
pub(crate) const NAMES: [&str; 5] = ["hand", "hand again", "bare", "1 %", "100 %"];

/// Measures all in alternating rounds.
pub(crate) async fn measure(rounds: usize, collector: &str) -> Result<Vec<RoundResults>> {
    check_same_bytes().await?;
    let pairs = [
        Pair::hand()?,
        Pair::hand()?,
        Pair::ours(Wrapped::Bare, collector).await?,
        Pair::ours(Wrapped::Sampling(0.01), collector).await?,
        Pair::ours(Wrapped::Sampling(1.0), collector).await?,
    ];
    let mut found: Vec<RoundResults> = pairs.iter().map(|_| RoundResults::default()).collect();
    for round in 0..=rounds {
        // Every other round runs in the opposite order, so that no pair always runs after a busier one.
        let mut order: Vec<usize> = (0..pairs.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        let mut results: Vec<Option<Round>> = pairs.iter().map(|_| None).collect();
        for place in order {
            if let (Some(pair), Some(result)) = (pairs.get(place), results.get_mut(place)) {
                *result = Some(pair.round().await?);
            }
        }
        // The first round connects and warms up.
        if round == 0 {
            continue;
        }
        let results: Vec<Round> = results.into_iter().flatten().collect();
        let Some(hand) = results.first() else { continue };
        for (found, result) in found.iter_mut().zip(&results) {
            found.latency.add(result.latency);
            found.throughput.add(result.throughput);
            found.processor.add(result.processor);
            found.latency_ratio.add(result.latency / hand.latency);
            found.throughput_ratio.add(result.throughput / hand.throughput);
            found.processor_ratio.add(result.processor / hand.processor);
        }
    }
    Ok(found)
}

/// For profilers: `number` calls by one side, whose server is a process of its own.
pub(crate) async fn make_calls(side: &str, number: u32) -> Result<()> {
    let collector = ChildServer::new(&["collector"])?;
    let pair = match side {
        "hand" => Pair::hand()?,
        wrapped => {
            let collector = format!("http://{}", collector.address);
            Pair::ours(crate::children::parse(wrapped)?, &collector).await?
        }
    };
    pair.load(number, 1).await?;
    Ok(())
}

/// Both sides must send the same bytes, or the comparison is meaningless.
async fn check_same_bytes() -> Result<()> {
    let (hotels, stay) = crate::workflow::question();
    let answer = RatesImpl { factor: 3 }
        .get_rates(hotels, stay)
        .await
        .map_err(|e| anyhow::anyhow!("{e}"))?;
    let ours = bp_data::encode(Codec::Protobuf, &answer);
    let theirs = handwritten::answer(handwritten::question())?.encode_to_vec();
    ensure!(ours == theirs, "the two sides encode different answers: {ours:?} and {theirs:?}");
    Ok(())
}
