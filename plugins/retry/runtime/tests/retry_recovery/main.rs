//! After a server was slow for a while, callers that repeat their calls recover, or never do, as a simulation and a rule of thumb of others say.
//!
//! The rows of `data/retry_recovery_sim.json` are replayed under simulated time by the real `retry` with its budget, made from settings as an application makes it.
//! The quick ones of the rows that the rule speaks of run always, all others too with `BP_SOAK=1` (`cargo xtask soak retry_recovery`).

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
use serde_json::Value;

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

fn mean_amplification(outcomes: &[Outcome]) -> f64 {
    outcomes.iter().map(|outcome| outcome.amplification).sum::<f64>() / outcomes.len() as f64
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
    let ours = mean_amplification(outcomes);
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

/// How far the rule's answer for a row goes.
fn show_rule(row: &Row, rule: Option<f64>) -> String {
    match rule {
        _ if !row.is_fluid() => "silent".to_owned(),
        Some(seconds) => format!("{seconds:.0}"),
        None => "never".to_owned(),
    }
}

/// The rows that can be replayed, with their settings and what the rule says.
fn replayable() -> Vec<(Row, Value, Option<f64>)> {
    let mut rows = Vec::new();
    for row in Row::all() {
        match row.budget() {
            Budget::Missing(why) => println!("not replayed: {}: {why}", row.name()),
            Budget::Settings { settings, unearned } => {
                let rule = row.fluid_recovery(unearned);
                rows.push((row, settings, rule));
            }
        }
    }
    rows
}

#[test]
fn recovery_takes_as_long_as_in_the_simulation() {
    let all = std::env::var_os("BP_SOAK").is_some();
    let mut rows = replayable();
    assert_eq!(rows.len(), 60, "nine of the 69 have no counterpart");
    rows.retain(|(row, ..)| all || row.is_quick());
    assert_eq!(rows.len(), if all { 60 } else { 20 });
    let scenarios: Vec<Scenario> =
        rows.iter().map(|(row, settings, _)| row.scenario(settings)).collect();
    let mut faults = Vec::new();
    for ((row, settings, rule), outcomes) in rows.iter().zip(run_all(&scenarios)) {
        println!(
            "{}, as {}\n    recovered after {} s; simulation {}; rule {}; attempts per call {:.2}; simulation {:.2}",
            row.name(),
            settings["budget"]["kind"],
            show(&recoveries(&outcomes)),
            show(&row.recovered_s),
            show_rule(row, *rule),
            mean_amplification(&outcomes),
            row.amplification(),
        );
        if let Some(fault) = judge(row, *rule, &outcomes) {
            faults.push(format!("{}: {fault}", row.name()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The control, in which only the budget is another: without a limit, no row that recovers passes.
#[test]
fn without_a_limit_the_same_rows_do_not_recover() {
    let rows = replayable();
    let mut loads = 0;
    for (unlimited, settings, _) in rows.iter().filter(|(row, ..)| row.budget == "no budget") {
        let recovering: Vec<_> = rows
            .iter()
            .filter(|(row, _, rule)| {
                row.is_quick()
                    && row.lambda_rps.total_cmp(&unlimited.lambda_rps).is_eq()
                    && row.budget != "no retry"
                    && rule.is_some_and(|rule| rule * (1.0 + TOLERANCE) < HORIZON)
            })
            .collect();
        if !unlimited.is_quick() || recovering.is_empty() {
            continue;
        }
        loads += 1;
        let outcomes = &run_all(&[unlimited.scenario(settings)])[0];
        for (row, _, rule) in recovering {
            assert!(judge(row, *rule, outcomes).is_some(), "{} passes", row.name());
        }
    }
    assert_eq!(loads, 2, "80 and 90 calls a second recover");
}

#[test]
fn a_seed_repeats_itself() {
    let (row, settings, _) = &replayable()[0];
    let scenario = row.scenario(settings);
    assert_eq!(scenario.run(5), scenario.run(5));
    assert_ne!(scenario.run(5), scenario.run(6));
}
