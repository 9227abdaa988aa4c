//! gRPC's retries: cases for what the proposal A6 says in words.

use std::time::Duration;

use bp_runtime::Instant;
use bp_runtime::policy::{Backoff, Jitter, RetryBudget, RetryBudgetSettings};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Format, read};
use crate::replay::{Comparison, Replay};

/// Cases of `retry_throttling` and of `retry_backoff`.
pub(crate) const FORMAT: Format = Format {
    name: "grpc_retry",
    recognized_by: "`retry_throttling` or `retry_backoff`: retries of gRPC, proposal A6",
    recognize: |file| {
        ["retry_throttling", "retry_backoff"].iter().any(|key| file.get(key).is_some())
    },
    replay: |file, replay| {
        let file: File = read(file)?;
        for case in &file.retry_throttling {
            replay.begin_case(&case.name);
            replay_throttling(case, replay);
        }
        for case in &file.retry_backoff {
            replay.begin_case(&case.name);
            replay_backoff(case, replay);
        }
        if file.hedging.is_some() {
            replay.skip("hedging", "no policy sends an attempt before the one before has failed");
        }
        if file.pushback.is_some() {
            replay.skip(
                "pushback",
                "a server's word is obeyed as in AWS's specification: between the own pause and 5 s more, and the next pause goes on growing",
            );
        }
        Ok(())
    },
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    retry_throttling: Vec<ThrottlingCase>,
    #[serde(default)]
    retry_backoff: Vec<BackoffCase>,
    hedging: Option<IgnoredAny>,
    pushback: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThrottlingCase {
    name: String,
    max_tokens: f64,
    token_ratio: f64,
    steps: Vec<ThrottlingStep>,
}

/// So many RPCs that ended alike, and how it is after the last of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThrottlingStep {
    rpc: End,
    times: u32,
    token_count: f64,
    may_retry: bool,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum End {
    Success,
    /// With a status that may be repeated.
    Retryable,
    /// With a status that may not, such as `INVALID_ARGUMENT`.
    Fatal,
    /// The server said not to repeat it.
    PushedBack,
}

impl End {
    fn describe(self) -> &'static str {
        match self {
            Self::Success => "successful",
            Self::Retryable => "failed, may be repeated",
            Self::Fatal => "failed, may not be repeated",
            Self::PushedBack => "failed, the server said not to repeat it",
        }
    }
}

fn replay_throttling(case: &ThrottlingCase, replay: &mut Replay) {
    let ThrottlingCase { max_tokens, token_ratio, .. } = *case;
    let settings = RetryBudgetSettings::GrpcThrottling { max_tokens, token_ratio };
    let now = Instant::now();
    let mut budget = RetryBudget::new(now);
    for step in &case.steps {
        for _ in 0..step.times {
            match step.rpc {
                End::Success => budget.deposit(now, &settings, None),
                End::Retryable | End::PushedBack => budget.record_failure(now, &settings),
                End::Fatal => {}
            }
        }
        let left = budget.left(now, &settings);
        let may_retry = budget.withdraw(now, &settings, false).is_some();
        let found = Comparison::default().number("token_count", left, Some(step.token_count)).word(
            "may_retry",
            may_retry,
            step.may_retry,
        );
        replay.step(format!("{} {}", step.times, step.rpc.describe()), found);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BackoffCase {
    name: String,
    initial_backoff_ms: u64,
    max_backoff_ms: u64,
    backoff_multiplier: f64,
    steps: Vec<BackoffStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BackoffStep {
    /// From 1.
    retry: u32,
    /// What was drawn between 0 and 1.
    random: f64,
    delay_ms: f64,
}

fn replay_backoff(case: &BackoffCase, replay: &mut Replay) {
    let backoff = Backoff {
        init: Duration::from_millis(case.initial_backoff_ms),
        max: Duration::from_millis(case.max_backoff_ms),
        multiplier: case.backoff_multiplier,
        jitter: Jitter::Full,
    };
    for step in &case.steps {
        let pause = backoff.pause(step.retry.saturating_sub(1), step.random);
        let millis = pause.as_secs_f64() * 1e3;
        let found = Comparison::default().number("delay_ms", millis, Some(step.delay_ms));
        replay.step(format!("retry {}, {} drawn", step.retry, step.random), found);
    }
}
