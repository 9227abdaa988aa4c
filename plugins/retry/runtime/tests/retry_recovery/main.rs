//! After a server was slow for a while, callers that repeat their calls recover, or never do, as a simulation and a rule of thumb of others say.
//!
//! The rows of `data/retry_recovery_sim.json` are replayed by the real `retry`, with its real settings and budget, under simulated time.
//! The rows that the rule speaks of run always, all others too with `BP_SOAK=1` (`cargo xtask soak retry_recovery`).

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    reason = "a failed step of a test ends it, and its table is for people"
)]

mod events;
mod replay;
mod row;
mod server;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use replay::{Outcome, Scenario};
use row::{Budget, Row};
use serde_json::json;

const SEEDS: [u64; 3] = [1, 2, 3];
/// The last second after the slowness in which a recovery is seen.
const HORIZON: f64 = 290.0;
/// How far from the fluid rule the median of the seeds may be.
const TOLERANCE: f64 = 0.25;

/// Runs every scenario with every seed, on all processors; the order of the answers is that of the scenarios.
fn run_all(scenarios: &[Scenario]) -> Vec<Vec<Outcome>> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(vec![None; scenarios.len() * SEEDS.len()]);
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(scenario) = scenarios.get(index / SEEDS.len()) else { return };
            let outcome = scenario.run(SEEDS[index % SEEDS.len()]);
            done.lock().unwrap()[index] = Some(outcome);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let outcomes: Vec<Outcome> = done.into_inner().unwrap().into_iter().flatten().collect();
    outcomes.chunks(SEEDS.len()).map(<[Outcome]>::to_vec).collect()
}

fn recoveries(outcomes: &[Outcome]) -> Vec<Option<usize>> {
    outcomes.iter().map(|outcome| outcome.recovered).collect()
}

/// Of three; one that did not recover is the slowest.
fn median(recoveries: &[Option<usize>]) -> Option<usize> {
    let mut sorted: Vec<usize> = recoveries.iter().map(|s| s.unwrap_or(usize::MAX)).collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().filter(|s| *s != usize::MAX)
}

/// What is wrong with the outcomes of a row, if anything.
fn judge(row: &Row, rule: Option<f64>, outcomes: &[Outcome]) -> Option<String> {
    let ours = recoveries(outcomes);
    let never = row.recovered_s.iter().all(Option::is_none);
    if !row.is_fluid() {
        return differs_in_magnitude(median(&row.recovered_s), median(&ours))
            .then(|| "another order of magnitude than the simulation".to_owned());
    }
    if never && ours.iter().any(Option::is_some) {
        return Some("it recovers, and the simulation did not".to_owned());
    }
    match (rule, median(&ours)) {
        (Some(rule), Some(median)) if (median as f64 - rule).abs() > TOLERANCE * rule => {
            Some(format!("the median, {median} s, is not near the rule's {rule:.0} s"))
        }
        (Some(rule), None) if rule * (1.0 + TOLERANCE) < HORIZON => {
            Some(format!("it does not recover, and by the rule it does after {rule:.0} s"))
        }
        (None, Some(median)) => {
            Some(format!("it recovers after {median} s, and by the rule never"))
        }
        _ if never => differs_in_load(row, outcomes),
        _ => None,
    }
}

/// Whether a system that stays overloaded makes more or fewer attempts than in the simulation, by a twentieth.
fn differs_in_load(row: &Row, outcomes: &[Outcome]) -> Option<String> {
    let ours = outcomes.iter().map(|o| o.amplification).sum::<f64>() / outcomes.len() as f64;
    let theirs = row.amplification();
    ((ours / theirs - 1.0).abs() > 0.05).then(|| {
        format!("{ours:.2} attempts per call at the end, and {theirs:.2} in the simulation")
    })
}

/// Ten seconds more or less are chance, and what takes longer than a run is as long as it.
fn differs_in_magnitude(theirs: Option<usize>, ours: Option<usize>) -> bool {
    let scale = |seconds: Option<usize>| seconds.map_or(HORIZON, |s| s as f64).min(HORIZON) + 10.0;
    (scale(ours) / scale(theirs)).log10().abs() > 1.0
}

fn show(recoveries: &[Option<usize>]) -> String {
    let each = |s: &Option<usize>| s.map_or_else(|| "never".to_owned(), |s| s.to_string());
    recoveries.iter().map(each).collect::<Vec<_>>().join(" ")
}

#[test]
fn recovery_takes_as_long_as_in_the_simulation() {
    let soak = std::env::var_os("BP_SOAK").is_some();
    let mut replayed = Vec::new();
    for row in Row::all() {
        match row.budget() {
            Budget::None(why) => println!("not replayed: {}: {why}", row.name()),
            Budget::Settings { retry, floor, per_call } => {
                if soak || (row.mu_rps <= 100.0 && row.is_fluid()) {
                    let rule = row.fluid_recovery(floor, per_call);
                    replayed.push((row.scenario(&retry), row, rule));
                }
            }
        }
    }
    let scenarios: Vec<Scenario> = replayed.iter().map(|(s, ..)| s.clone()).collect();
    let mut faults = Vec::new();
    for ((_, row, rule), outcomes) in replayed.iter().zip(run_all(&scenarios)) {
        let fluid = rule.filter(|_| row.is_fluid()).map_or_else(
            || if row.is_fluid() { "never" } else { "none" }.to_owned(),
            |rule| format!("{rule:.0}"),
        );
        println!(
            "{}\n    ours {}; simulation {}; rule {fluid}; attempts per call {:.2}, simulation {:.2}",
            row.name(),
            show(&recoveries(&outcomes)),
            show(&row.recovered_s),
            outcomes.iter().map(|o| o.amplification).sum::<f64>() / outcomes.len() as f64,
            row.amplification(),
        );
        if let Some(fault) = judge(row, *rule, &outcomes) {
            faults.push(format!("{}: {fault}", row.name()));
        }
    }
    assert!(replayed.len() >= 20, "{} rows were replayed", replayed.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The control: without its budget, no row that recovers passes.
#[test]
fn without_a_budget_the_same_rows_do_not_recover() {
    let rows: Vec<(Row, f64)> = Row::all()
        .into_iter()
        .filter(|row| row.is_fluid() && row.mu_rps <= 100.0 && row.budget != "no retry")
        .filter_map(|row| match row.budget() {
            Budget::Settings { floor, per_call, .. } => {
                let rule = row.fluid_recovery(floor, per_call)?;
                (rule < HORIZON / (1.0 + TOLERANCE)).then_some((row, rule))
            }
            Budget::None(_) => None,
        })
        .collect();
    assert!(!rows.is_empty());
    let unlimited = json!({
        "attempts": 3,
        "budget": { "kind": "share", "ratio": 0.1, "min_per_sec": 10_000, "ttl": "10s" },
    });
    let scenarios: Vec<Scenario> = rows.iter().map(|(row, _)| row.scenario(&unlimited)).collect();
    for ((row, rule), outcomes) in rows.iter().zip(run_all(&scenarios)) {
        assert_eq!(recoveries(&outcomes), [None; SEEDS.len()], "{}", row.name());
        assert!(judge(row, Some(*rule), &outcomes).is_some(), "{} passes", row.name());
    }
}

#[test]
fn a_seed_repeats_itself() {
    let row = Row::all().into_iter().find(|row| row.mu_rps <= 10.0).unwrap();
    let Budget::Settings { retry, .. } = row.budget() else { panic!("{}", row.name()) };
    let scenario = row.scenario(&retry);
    assert_eq!(scenario.run(5), scenario.run(5));
    assert_ne!(scenario.run(5).amplification, scenario.run(6).amplification);
}
