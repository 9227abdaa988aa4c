//! The same load for both sides of a comparison.

use std::fmt::Debug;
use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Makes `calls` calls in `at_once` tasks, each one call after the other, and gives every call's latency.
pub(crate) async fn run<T, E, C, F>(calls: u32, at_once: u32, call: C) -> Result<Vec<Duration>, E>
where
    T: Send,
    E: Send + 'static,
    C: Fn() -> F + Clone + Send + 'static,
    F: Future<Output = Result<T, E>> + Send,
{
    let tasks: Vec<_> = (0..at_once)
        .map(|_| {
            let call = call.clone();
            tokio::spawn(async move {
                let mut took = Vec::with_capacity((calls / at_once) as usize);
                for _ in 0..calls / at_once {
                    let start = Instant::now();
                    black_box(call().await?);
                    took.push(start.elapsed());
                }
                Ok(took)
            })
        })
        .collect();
    let mut all = Vec::with_capacity(calls as usize);
    for task in tasks {
        match task.await {
            Ok(took) => all.extend(took?),
            // A task that panicked has said so; its calls are missing, which the caller counts.
            Err(_) => return Ok(Vec::new()),
        }
    }
    Ok(all)
}

/// All latencies of a load, or its first error.
pub(crate) fn complete<E: Debug>(
    calls: u32,
    load: Result<Vec<Duration>, E>,
) -> Result<Vec<Duration>> {
    match load {
        Ok(took) if took.len() == calls as usize => Ok(took),
        Ok(took) => bail!("{} of {calls} calls ended", took.len()),
        Err(error) => bail!("a call failed: {error:?}"),
    }
}
