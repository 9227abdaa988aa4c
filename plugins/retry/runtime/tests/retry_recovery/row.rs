//! The rows of the simulation that is replayed, and the settings of `retry` that each budget means.

use serde::Deserialize;
use serde_json::{Value, json};

use super::replay::Scenario;

/// The slowness leaves so much of the capacity, for so many seconds.
const SPEED: f64 = 0.1;
const SLOW_SECONDS: f64 = 20.0;
/// The share of every budget that has one.
const RATIO: f64 = 0.1;

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
    /// By `settings` of `retry`.
    Settings { settings: Value, unearned: Unearned },
    /// In no way, and why.
    Missing(&'static str),
}

/// The further attempts that a budget pays although no call succeeds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unearned {
    pub(crate) per_sec: f64,
    pub(crate) per_call: f64,
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
            None => "unbounded queue".to_owned(),
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

    /// Whether it is one of those that take seconds together.
    pub(crate) fn is_quick(&self) -> bool {
        self.is_fluid() && self.mu_rps <= 100.0
    }

    /// The mean amplification of the last 50 s in the simulation.
    pub(crate) fn amplification(&self) -> f64 {
        let all = &self.amplification_last_50_s;
        all.iter().sum::<f64>() / all.len() as f64
    }

    pub(crate) fn scenario(&self, settings: &Value) -> Scenario {
        Scenario {
            capacity: self.mu_rps,
            load: self.lambda_rps,
            queue: self.queue_limit(),
            drops_expired: self.server_drops_expired,
            settings: settings.clone(),
        }
    }

    /// The settings that the row's budget means.
    pub(crate) fn budget(&self) -> Budget {
        let one_percent = 0.01 * self.lambda_rps;
        match self.budget.as_str() {
            "no retry" => settings(1, &share(0), 0.0, 0.0),
            "no budget" => settings(3, &without_limit(), 0.0, 2.0),
            "funded by successes, 0.1, no floor" => settings(3, &share(0), 0.0, 0.0),
            // A floor is a whole number; 1 % of these rows' 80 to 95 calls a second is nearly one.
            "funded by successes, 0.1, floor 1 % of rate" => settings(3, &share(1), 1.0, 0.0),
            "AWS 2.1: 500, 14" => {
                let budget = json!({
                    "kind": "aws_quota",
                    "quota": 500,
                    "transient_cost": 14,
                    "throttled_cost": 5,
                    "refund": 1,
                });
                settings(3, &budget, 0.0, 0.0)
            }
            "ratio 0.1, 10/s floor (bp default)"
            | "funded by calls, 0.1, floor 10/s (bp default)" => self.paid_by_calls(10.0),
            "ratio 0.1, floor 1 % of rate" => self.paid_by_calls(one_percent),
            "ratio 0.1, no floor" => self.paid_by_calls(0.0),
            "20 % of active, floor 3" => {
                Budget::Missing("`retry` has no budget that is a share of the calls in flight")
            }
            other => panic!("{other}: what does this budget mean?"),
        }
    }

    /// No setting lets calls pay, because that keeps an overload alive.
    ///
    /// Calls that arrive at a steady rate pay at a steady rate, though, and that is what `rate` does; so it stands for them here.
    fn paid_by_calls(&self, floor: f64) -> Budget {
        let per_sec = RATIO * self.lambda_rps + floor;
        // As much as ten seconds pay may be saved.
        let burst = (10.0 * per_sec).round() as u64;
        let budget = json!({ "kind": "rate", "per_sec": per_sec, "burst": burst });
        settings(3, &budget, floor, RATIO)
    }

    /// Seconds until the backlog is worked off, by the fluid rule; none if it only grows.
    ///
    /// The floor counts for every budget that has one, as in the file's `recoverable_iff`.
    pub(crate) fn fluid_recovery(&self, unearned: Unearned) -> Option<f64> {
        let backlog = SLOW_SECONDS * (self.lambda_rps - SPEED * self.mu_rps);
        let attempts = self.lambda_rps * (1.0 + unearned.per_call) + unearned.per_sec;
        let spare = self.mu_rps - attempts;
        (spare > 0.0).then(|| backlog / spare)
    }
}

/// `retry` with everything but its budget as in the simulation's model.
fn settings(attempts: u32, budget: &Value, per_sec: f64, per_call: f64) -> Budget {
    let settings = json!({
        "attempts": attempts,
        "budget": budget,
        "backoff": { "init": "50ms", "max": "1s", "multiplier": 2.0, "jitter": "full" },
    });
    Budget::Settings { settings, unearned: Unearned { per_sec, per_call } }
}

fn share(min_per_sec: u32) -> Value {
    json!({ "kind": "share", "ratio": RATIO, "min_per_sec": min_per_sec, "ttl": "10s" })
}

/// No budget of ours is without a limit; this one's is five times what the largest row can use.
fn without_limit() -> Value {
    share(10_000)
}
