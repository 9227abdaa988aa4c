//! The compile half of `retry`: further attempts, within a budget.
//!
//! An attempt is repeated when it was not processed, or when the method is idempotent.
//! The budget is a share of the calls that succeed, so a failing callee gets at most that share of extra calls.

use bp_plugin::{ClientSlot, Literal, Metadata, Reach, Setting, SettingKind};

/// `retry = { attempts = 3, budget = 0.1 }`.
pub static PLUGIN: Metadata = Metadata::wrapper(
    "retry",
    ClientSlot::Retry,
    Reach::Remote,
    "Repeats an attempt that failed, within a budget.",
)
.settings(&[
    Setting::new("attempts", SettingKind::Count, "Most attempts, the first included.")
        .default(Literal::Int(3))
        .bounds(Literal::Int(1), Literal::Int(5))
        .tunable(),
    Setting::new(
        "budget",
        SettingKind::Table { settings: BUDGET, shorthand: Some("ratio") },
        "How many further attempts there may be.",
    ),
    Setting::new(
        "backoff",
        SettingKind::Table { settings: BACKOFF, shorthand: Some("init") },
        "How long to wait before a further attempt.",
    ),
])
.shorthand("attempts")
.ordered(&[("backoff.init", "backoff.max")])
.about(include_str!("../../README.md"))
.needs(&["calls to survive the crash or restart of a callee"])
.runtime("bp-rt-retry", "plugins/retry/runtime");

/// Finagle's retry budget: 20 % and 10 a second, credits that expire after 10 s; ours is stricter on the share.
const BUDGET: &[Setting] = &[
    Setting::new("ratio", SettingKind::Ratio, "Further attempts as a share of calls.")
        .default(Literal::Float(0.1))
        .tunable(),
    Setting::new("min_per_sec", SettingKind::Count, "Further attempts that are always granted.")
        .default(Literal::Int(10))
        .bounds(Literal::Int(0), Literal::Int(10_000))
        .tunable(),
    Setting::new("ttl", SettingKind::Duration, "How long a call's share may be saved.")
        .default(Literal::Text("10s"))
        .bounds(Literal::Text("1s"), Literal::Text("60s"))
        .tunable(),
];

/// gRPC's backoff: `random(0, min(init × multiplier^(n−1), max))`.
const BACKOFF: &[Setting] = &[
    Setting::new("init", SettingKind::Duration, "Longest wait before the second attempt.")
        .default(Literal::Text("50ms"))
        .bounds(Literal::Text("0s"), Literal::Text("60s"))
        .tunable(),
    Setting::new("max", SettingKind::Duration, "Longest wait before any attempt.")
        .default(Literal::Text("1s"))
        .bounds(Literal::Text("0s"), Literal::Text("60s"))
        .tunable(),
    Setting::new("multiplier", SettingKind::Float, "Growth of the wait with each attempt.")
        .default(Literal::Float(2.0))
        .bounds(Literal::Float(1.0), Literal::Float(10.0))
        .tunable(),
    Setting::new(
        "jitter",
        SettingKind::OneOf(&["full", "none"]),
        "Whether the wait is drawn from zero up to the longest.",
    )
    .default(Literal::Text("full"))
    .tunable(),
];

#[cfg(test)]
mod tests {
    use bp_plugin::{Plugin, Registry};

    #[test]
    fn the_declaration_is_sound() {
        assert_eq!(Registry::new([&super::PLUGIN as &dyn Plugin]).faults(), Vec::<String>::new());
    }
}
