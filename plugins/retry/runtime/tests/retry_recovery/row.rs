//! The rows of the simulation that is replayed, and the settings of `retry` that each budget means.

use serde::Deserialize;
use serde_json::{Value, json};

use super::replay::Scenario;

/// The slowness leaves so much of the capacity, for so many seconds.
const SPEED: f64 = 0.1;
const SLOW_SECONDS: f64 = 20.0;

/// The file.
#[derive(Debug, Deserialize)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Row>,
}

/// One system and budget, with what the simulation found for three seeds.
#[derive(Debug, Deserialize)]
pub(crate) struct Row {
    pub(crate) mu_rps: f64,
    pub(crate) lambda_rps: f64,
    pub(crate) budget: String,
    queue: Value,
    pub(crate) server_drops_expired: bool,
    pub(crate) recovered_s: Vec<Option<usize>>,
    amplification_last_50_s: Vec<f64>,
}

/// How a budget of the simulation is said in a wiring.
#[derive(Debug)]
pub(crate) enum Budget {
    /// The settings of `retry`, and the further attempts that are paid while no call succeeds: a second, and per call.
    Settings { retry: Value, floor: f64, per_call: f64 },
    /// There are none, and why.
    None(&'static str),
}

impl Row {
    pub(crate) fn all() -> Vec<Self> {
        let rows: Rows =
            serde_json::from_str(include_str!("data/retry_recovery_sim.json")).unwrap();
        rows.rows
    }

    pub(crate) fn name(&self) -> String {
        let queue = match self.queue_limit() {
            Some(most) => format!("queue {most}"),
            None => "any queue".to_owned(),
        };
        let drops = if self.server_drops_expired { ", drops expired" } else { "" };
        let Self { mu_rps, lambda_rps, budget, .. } = self;
        format!("{lambda_rps} of {mu_rps} a second, {queue}{drops}: {budget}")
    }

    pub(crate) fn queue_limit(&self) -> Option<usize> {
        self.queue.as_u64().and_then(|most| usize::try_from(most).ok())
    }

    /// Whether the fluid rule speaks of it.
    pub(crate) fn is_fluid(&self) -> bool {
        self.mu_rps >= 100.0 && self.queue_limit().is_none() && !self.server_drops_expired
    }

    /// The mean amplification of the last 50 s in the simulation.
    pub(crate) fn amplification(&self) -> f64 {
        let all = &self.amplification_last_50_s;
        all.iter().sum::<f64>() / all.len() as f64
    }

    pub(crate) fn scenario(&self, retry: &Value) -> Scenario {
        Scenario {
            capacity: self.mu_rps,
            load: self.lambda_rps,
            queue: self.queue_limit(),
            drops_expired: self.server_drops_expired,
            retry: retry.clone(),
        }
    }

    /// The settings that the row's budget means.
    pub(crate) fn budget(&self) -> Budget {
        let one_percent = 0.01 * self.lambda_rps;
        let ratio = 0.1;
        match self.budget.as_str() {
            "no retry" => {
                Budget::Settings { retry: retry(1, &share(ratio, 1)), floor: 0.0, per_call: 0.0 }
            }
            // No rule of ours is without bounds; this one is ten times beyond what any row can use.
            "no budget" => Budget::Settings {
                retry: retry(3, &share(ratio, 10_000)),
                floor: 0.0,
                per_call: 2.0,
            },
            "funded by successes, 0.1, no floor" => {
                Budget::Settings { retry: retry(3, &share(ratio, 0)), floor: 0.0, per_call: 0.0 }
            }
            // Our floor is a whole number; 1 % of the rows' 80 to 95 calls a second is nearly one.
            "funded by successes, 0.1, floor 1 % of rate" => Budget::Settings {
                retry: retry(3, &share(ratio, 1)),
                floor: one_percent,
                per_call: 0.0,
            },
            "AWS 2.1: 500, 14" => Budget::Settings {
                retry: retry(
                    3,
                    &json!({
                        "kind": "aws_quota",
                        "quota": 500,
                        "transient_cost": 14,
                        "throttled_cost": 5,
                        "refund": 1,
                    }),
                ),
                floor: 0.0,
                per_call: 0.0,
            },
            "ratio 0.1, 10/s floor (bp default)"
            | "funded by calls, 0.1, floor 10/s (bp default)" => self.paid_by_calls(ratio, 10.0),
            "ratio 0.1, floor 1 % of rate" => self.paid_by_calls(ratio, one_percent),
            "ratio 0.1, no floor" => self.paid_by_calls(ratio, 0.0),
            "20 % of active, floor 3" => {
                Budget::None("`retry` has no budget that is a share of the calls in flight")
            }
            other => panic!("{other}: what does this budget mean?"),
        }
    }

    /// No setting pays by calls, since that keeps an overload alive; but calls that arrive at a steady rate pay at a steady rate, which `rate` does whatever becomes of the calls.
    fn paid_by_calls(&self, ratio: f64, floor: f64) -> Budget {
        let per_sec = ratio * self.lambda_rps + floor;
        // What ten seconds pay may be saved.
        let burst = (10.0 * per_sec).round() as u64;
        let budget = json!({ "kind": "rate", "per_sec": per_sec, "burst": burst.max(1) });
        Budget::Settings { retry: retry(3, &budget), floor, per_call: ratio }
    }

    /// Seconds until the backlog is worked off, by the fluid rule; none if it only grows.
    pub(crate) fn fluid_recovery(&self, floor: f64, per_call: f64) -> Option<f64> {
        let backlog = SLOW_SECONDS * (self.lambda_rps - SPEED * self.mu_rps);
        let spare = self.mu_rps - self.lambda_rps * (1.0 + per_call) - floor;
        (spare > 0.0).then(|| backlog / spare)
    }
}

fn share(ratio: f64, min_per_sec: u32) -> Value {
    json!({ "kind": "share", "ratio": ratio, "min_per_sec": min_per_sec, "ttl": "10s" })
}

fn retry(attempts: u32, budget: &Value) -> Value {
    json!({
        "attempts": attempts,
        "budget": budget,
        "backoff": { "init": "50ms", "max": "1s", "multiplier": 2.0, "jitter": "full" },
    })
}
