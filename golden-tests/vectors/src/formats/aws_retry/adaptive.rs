//! The rate of the adaptive mode: the cubic function alone, and the limiter that measures and follows it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use bp_runtime::Instant;
use bp_runtime::policy::{ClientRateLimiter, CubicRate};
use serde::Deserialize;

use super::seconds;
use crate::replay::{Comparison, Replay};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Adaptive {
    #[serde(default, rename = "adaptiveRetryCubicTestCases")]
    cubic: BTreeMap<String, CubicCase>,
    #[serde(default, rename = "adaptiveRetryE2eTestCases")]
    whole: BTreeMap<String, LimiterCase>,
}

impl Adaptive {
    pub(super) fn replay(&self, replay: &mut Replay) -> Result<()> {
        for (name, case) in &self.cubic {
            replay.begin_case(format!("adaptive / {name}"));
            replay_cubic(case, replay).with_context(|| name.clone())?;
        }
        for (name, case) in &self.whole {
            replay.begin_case(format!("adaptive / {name}"));
            replay_limiter(case, replay).with_context(|| name.clone())?;
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CubicCase {
    given: CubicGiven,
    cases: Vec<CubicStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CubicGiven {
    last_max_rate: f64,
    last_throttle_time: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CubicStep {
    response: Answer,
    timestamp: f64,
    calculated_rate: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimiterCase {
    cases: Vec<LimiterStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LimiterStep {
    response: Answer,
    timestamp: f64,
    measured_tx_rate: f64,
    new_token_bucket_rate: f64,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Success,
    Throttle,
}

impl Answer {
    fn describe(self, timestamp: f64) -> String {
        let answer = match self {
            Self::Success => "success",
            Self::Throttle => "throttle",
        };
        format!("{answer} at {timestamp} s")
    }
}

fn replay_cubic(case: &CubicCase, replay: &mut Replay) -> Result<()> {
    let start = Instant::now();
    let CubicGiven { last_max_rate, last_throttle_time } = case.given;
    let mut cubic = CubicRate::new(last_max_rate, start + seconds(last_throttle_time)?);
    // What the client sends at when it is refused.
    let mut rate = last_max_rate;
    for step in &case.cases {
        let now = start + seconds(step.timestamp)?;
        rate = match step.response {
            Answer::Success => cubic.succeed(now),
            Answer::Throttle => cubic.throttle(now, rate),
        };
        let found =
            Comparison::default().number("calculated_rate", rate, Some(step.calculated_rate));
        replay.step(step.response.describe(step.timestamp), found);
    }
    Ok(())
}

fn replay_limiter(case: &LimiterCase, replay: &mut Replay) -> Result<()> {
    let start = Instant::now();
    let mut limiter = ClientRateLimiter::new(start);
    for step in &case.cases {
        let now = start + seconds(step.timestamp)?;
        match step.response {
            Answer::Success => limiter.record_success(now),
            Answer::Throttle => limiter.record_throttling(now),
        }
        let found = Comparison::default()
            .number("measured_tx_rate", limiter.measured_rate(), Some(step.measured_tx_rate))
            .number("new_token_bucket_rate", limiter.rate(), Some(step.new_token_bucket_rate));
        replay.step(step.response.describe(step.timestamp), found);
    }
    Ok(())
}
