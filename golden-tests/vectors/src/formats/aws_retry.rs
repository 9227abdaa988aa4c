//! The retry behaviour of AWS's SDKs, from the tables of their specification.
//!
//! Quota, backoff, the server's word and the rate are the runtime's machines; which responses may be repeated, and how many attempts a call has, is said here as the specification says it.

mod adaptive;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bp_runtime::policy::{Backoff, Jitter, RetryBudget, RetryBudgetSettings, Withdrawal, obey};
use bp_runtime::{Instant, RetryAfter};
use serde::Deserialize;

use self::adaptive::Adaptive;
use super::{Format, read};
use crate::replay::{Comparison, Replay};

/// Cases of `new_standard` (specification 2.1), `old_standard` (2.0) and `adaptive`.
pub(crate) const FORMAT: Format = Format {
    name: "aws_retry",
    recognized_by: "`new_standard`, `old_standard` or `adaptive`: retries of AWS's SDKs",
    recognize: |file| {
        ["new_standard", "old_standard", "adaptive"].iter().any(|key| file.get(key).is_some())
    },
    replay: |file, replay| {
        let file: File = read(file)?;
        for (standard, groups) in [(&NEW, &file.new_standard), (&OLD, &file.old_standard)] {
            for (name, case) in groups.values().flatten() {
                replay.begin_case(format!("{} / {name}", standard.name));
                replay_case(standard, case, replay).with_context(|| name.clone())?;
            }
        }
        file.adaptive.replay(replay)
    },
};

/// Cases by name, in groups by name.
type Groups = BTreeMap<String, BTreeMap<String, Case>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    new_standard: Groups,
    #[serde(default)]
    old_standard: Groups,
    #[serde(default)]
    adaptive: Adaptive,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    given: Given,
    #[serde(default)]
    responses: Vec<Step>,
    /// Calls at the same time, one list of responses each.
    #[serde(default)]
    threads: Vec<Vec<Step>>,
    expected_final_quota: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    max_attempts: Option<u32>,
    initial_retry_tokens: Option<f64>,
    /// What is drawn where the specification draws a random number.
    exponential_base: f64,
    exponential_power: Option<f64>,
    /// In seconds.
    max_backoff_time: Option<f64>,
    service: Option<String>,
    /// Whether the caller polls, and so calls again however the call ended.
    #[serde(default)]
    long_polling: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    response: Response,
    expected: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    status_code: u16,
    error_code: Option<String>,
    #[serde(default)]
    headers: Headers,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Headers {
    #[serde(rename = "x-amz-retry-after")]
    retry_after: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    outcome: String,
    retry_quota: Option<f64>,
    /// In seconds.
    delay: Option<f64>,
}

/// The error codes by which a service refuses because of load.
const THROTTLING: &[&str] = &[
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];
const TIMEOUTS: &[&str] = &["RequestTimeout", "RequestTimeoutException"];

impl Response {
    fn is_one_of(&self, codes: &[&str]) -> bool {
        self.error_code.as_deref().is_some_and(|code| codes.contains(&code))
    }

    fn is_throttled(&self) -> bool {
        self.is_one_of(THROTTLING)
    }

    fn is_timeout(&self) -> bool {
        self.is_one_of(TIMEOUTS)
    }

    fn may_retry(&self) -> bool {
        let is_transient = matches!(self.status_code, 500 | 502 | 503 | 504);
        is_transient || self.is_throttled() || self.is_timeout()
    }
}

/// What differs between the two versions of the specification.
struct Standard {
    name: &'static str,
    /// What an attempt costs after most failures, and after those of which `costs_other` holds.
    cost: f64,
    other_cost: f64,
    costs_other: fn(&Response) -> bool,
    backoff: fn(&Given, &Response) -> Result<Backoff>,
    attempts: fn(&Given) -> u32,
}

const NEW: Standard = Standard {
    name: "new_standard",
    cost: 14.0,
    other_cost: 5.0,
    costs_other: Response::is_throttled,
    backoff: |given, response| {
        let init = match (response.is_throttled(), given.is_dynamo()) {
            (true, _) => Duration::from_secs(1),
            (false, true) => Duration::from_millis(25),
            (false, false) => Duration::from_millis(50),
        };
        given.backoff(init, Jitter::Full)
    },
    attempts: |given| if given.is_dynamo() { 4 } else { 3 },
};

const OLD: Standard = Standard {
    name: "old_standard",
    cost: 5.0,
    other_cost: 10.0,
    costs_other: Response::is_timeout,
    // It draws what is multiplied, and so before the longest pause limits it.
    backoff: |given, _| given.backoff(seconds(given.exponential_base)?, Jitter::None),
    attempts: |_| 3,
};

impl Given {
    fn is_dynamo(&self) -> bool {
        self.service.as_deref() == Some("dynamodb")
    }

    fn backoff(&self, init: Duration, jitter: Jitter) -> Result<Backoff> {
        let max = seconds(self.max_backoff_time.unwrap_or(20.0))?;
        Ok(Backoff { init, max, multiplier: self.exponential_power.unwrap_or(2.0), jitter })
    }
}

/// A client: its calls share one quota.
struct Client<'c> {
    standard: &'c Standard,
    given: &'c Given,
    budget: RetryBudget,
    now: Instant,
}

/// A call that is under way.
#[derive(Default)]
struct CallState {
    attempt: u32,
    paid: Option<Withdrawal>,
}

impl<'c> Client<'c> {
    fn new(standard: &'c Standard, given: &'c Given) -> Self {
        let now = Instant::now();
        let mut client = Self { standard, given, budget: RetryBudget::new(now), now };
        if let Some(tokens) = given.initial_retry_tokens {
            // A quota begins full; this one was fuller once.
            client.budget.left(now, &client.settings(tokens));
        }
        client
    }

    fn settings(&self, capacity: f64) -> RetryBudgetSettings {
        RetryBudgetSettings::AwsQuota {
            capacity,
            retry_cost: self.standard.cost,
            throttled_cost: self.standard.other_cost,
            success_refund: 1.0,
        }
    }

    fn quota(&self) -> RetryBudgetSettings {
        self.settings(500.0)
    }

    fn left(&mut self) -> f64 {
        self.budget.left(self.now, &self.quota())
    }

    /// What the call does after a response: the outcome in the specification's words, and how long it waits.
    fn respond(
        &mut self,
        call: &mut CallState,
        response: &Response,
    ) -> Result<(&'static str, Option<Duration>)> {
        let (now, quota) = (self.now, self.quota());
        let CallState { attempt, paid } = std::mem::take(call);
        if (200..300).contains(&response.status_code) {
            self.budget.deposit(now, &quota, paid);
            return Ok(("success", None));
        }
        if !response.may_retry() {
            return Ok(("fail_request", None));
        }
        self.budget.record_failure(now, &quota);
        let most = self.given.max_attempts.unwrap_or((self.standard.attempts)(self.given));
        if attempt + 1 >= most {
            return Ok(("max_attempts_exceeded", None));
        }
        let backoff = (self.standard.backoff)(self.given, response)?;
        let word = response.headers.retry_after.as_deref();
        let word = word.and_then(|millis| millis.parse().ok()).map(Duration::from_millis);
        let own = backoff.pause(attempt, self.given.exponential_base);
        let pause = obey(own, word.map(RetryAfter::After));
        let costs_other = (self.standard.costs_other)(response);
        match self.budget.withdraw(now, &quota, costs_other) {
            Some(withdrawal) => {
                *call = CallState { attempt: attempt + 1, paid: Some(withdrawal) };
                Ok(("retry_request", pause))
            }
            // A poll is followed by another in any case, which must not come at once.
            None => Ok(("retry_quota_exceeded", pause.filter(|_| self.given.long_polling))),
        }
    }

    fn step(&mut self, call: &mut CallState, step: &Step) -> Result<Comparison> {
        let Step { response, expected } = step;
        let (outcome, pause) = self.respond(call, response)?;
        let pause = pause.map(|pause| pause.as_secs_f64());
        let found = Comparison::default().word("outcome", outcome, &expected.outcome);
        let found = match pause {
            // The pauses of calls at the same time are left open.
            Some(pause) if expected.outcome == "retry_request" => {
                found.number("delay", pause, expected.delay)
            }
            _ => found.number_or_none("delay", pause, expected.delay),
        };
        Ok(found.number("retry_quota", self.left(), expected.retry_quota))
    }
}

fn replay_case(standard: &Standard, case: &Case, replay: &mut Replay) -> Result<()> {
    let calls: Vec<&[Step]> = match (&case.responses[..], &case.threads[..]) {
        (responses @ [_, ..], []) => vec![responses],
        ([], threads @ [_, ..]) => threads.iter().map(Vec::as_slice).collect(),
        _ => bail!("expected either responses or threads"),
    };
    let scenario = Scenario { standard, case, calls };
    let order = scenario.find_order()?;
    let (steps, left) = scenario.run(&order)?;
    for (what, found) in steps {
        replay.step(what, found);
    }
    if case.expected_final_quota.is_some() {
        let found = Comparison::default().number("retry_quota", left, case.expected_final_quota);
        replay.compare("end", found);
    }
    Ok(())
}

/// Calls of one client, at the same time if there are several.
struct Scenario<'c> {
    standard: &'c Standard,
    case: &'c Case,
    calls: Vec<&'c [Step]>,
}

impl Scenario<'_> {
    /// Which call gets its next response, each time: the file does not say it, so the first order whose every step is as the file says; if there is none, one call after the other.
    fn find_order(&self) -> Result<Vec<usize>> {
        let mut order = Vec::new();
        if !self.extend(&mut order)? {
            let calls = self.calls.iter().enumerate();
            order = calls.flat_map(|(index, steps)| steps.iter().map(move |_| index)).collect();
        }
        Ok(order)
    }

    /// Whether the steps of an order that begins so are as the file says; if so, it becomes that order.
    fn extend(&self, order: &mut Vec<usize>) -> Result<bool> {
        let (steps, _) = self.run(order)?;
        if !steps.last().is_none_or(|(_, found)| found.is_same()) {
            return Ok(false);
        }
        if order.len() == self.calls.iter().map(|steps| steps.len()).sum::<usize>() {
            return Ok(true);
        }
        for (index, steps) in self.calls.iter().enumerate() {
            if order.iter().filter(|turn| **turn == index).count() < steps.len() {
                order.push(index);
                if self.extend(order)? {
                    return Ok(true);
                }
                order.pop();
            }
        }
        Ok(false)
    }

    /// Every step of this order, and what is left of the quota.
    fn run(&self, order: &[usize]) -> Result<(Vec<(String, Comparison)>, f64)> {
        let mut client = Client::new(self.standard, &self.case.given);
        let mut calls: Vec<_> =
            self.calls.iter().map(|steps| (CallState::default(), steps.iter())).collect();
        let mut done = Vec::new();
        for index in order {
            let Some((call, steps)) = calls.get_mut(*index) else { continue };
            let Some(step) = steps.next() else { continue };
            let found = client.step(call, step)?;
            let mut what = step.response.status_code.to_string();
            if let Some(code) = &step.response.error_code {
                what = format!("{what} {code}");
            }
            if let Some(word) = &step.response.headers.retry_after {
                what = format!("{what}, retry after {word} ms");
            }
            if self.calls.len() > 1 {
                what = format!("call {}: {what}", index + 1);
            }
            done.push((what, found));
        }
        Ok((done, client.left()))
    }
}

fn seconds(number: f64) -> Result<Duration> {
    Duration::try_from_secs_f64(number).with_context(|| format!("expected seconds, found {number}"))
}
