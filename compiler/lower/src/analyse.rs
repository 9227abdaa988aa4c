//! Analyses of the plan: what works as written but causes trouble under load.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bp_contract::units::format_duration;
use bp_diag::catalog::analysis as codes;
use bp_diag::{Diagnostics, Span};
use bp_ir::{Ir, NodeKey};
use bp_plan::{EdgePlan, Plan, Value};

/// With more calls than this from one request, retries make an overload worse: two levels with three attempts each give nine.
const MOST_CALLS: u64 = 9;

/// Runs every analysis.
pub(crate) fn analyse(plan: &Plan, ir: &Ir, diagnostics: &mut Diagnostics) {
    check_amplification(plan, ir, diagnostics);
    check_inversion(plan, ir, diagnostics);
}

/// A setting of a wrapper on an edge, by plugin.
fn find_setting<'a>(edge: &'a EdgePlan, plugin: &str, path: &str) -> Option<&'a Value> {
    edge.client.iter().find(|w| w.plugin == plugin)?.settings.get(path)
}

fn read_attempts(edge: &EdgePlan) -> u64 {
    find_setting(edge, "retry", "attempts")
        .and_then(Value::as_integer)
        .and_then(|n| u64::try_from(n).ok())
        .unwrap_or(1)
        .max(1)
}

fn find_span(ir: &Ir, edge: &str, plugin: &str) -> Option<Span> {
    ir.node(&NodeKey::part(edge, plugin)).and_then(|n| n.origin.span)
}

/// The most calls of each service that one call of a root may cause, by the path that causes them.
///
/// It follows the components' order, callers first; edges inside a component are left out, because the plan has no bound for the calls of a cycle.
fn check_amplification(plan: &Plan, ir: &Ir, diagnostics: &mut Diagnostics) {
    let mut order: Vec<(u32, &str)> = plan
        .instances
        .iter()
        .filter_map(|(name, i)| i.service().map(|s| (s.order, name.as_str())))
        .collect();
    order.sort_unstable();
    let mut outgoing: BTreeMap<&str, Vec<(&str, &EdgePlan)>> = BTreeMap::new();
    for (key, edge) in plan.edges.iter().filter(|(_, e)| !e.cyclic) {
        outgoing.entry(&edge.caller).or_default().push((key, edge));
    }
    // The worst product at each service, and the edge that it came by.
    let mut worst: BTreeMap<&str, (u64, Option<&str>)> = BTreeMap::new();
    let mut reported: BTreeSet<&str> = BTreeSet::new();
    let callers = std::iter::once("client").chain(order.iter().rev().map(|(_, name)| *name));
    for caller in callers {
        let (product, _) = worst.get(caller).copied().unwrap_or((1, None));
        for (key, edge) in outgoing.get(caller).into_iter().flatten() {
            let calls = product.saturating_mul(read_attempts(edge));
            let known = worst.get(edge.callee.as_str()).map_or(0, |(n, _)| *n);
            if calls > known {
                worst.insert(&edge.callee, (calls, Some(key)));
            }
            // Reported only where the limit is first passed; further down, every path would repeat it.
            if calls > MOST_CALLS && product <= MOST_CALLS && reported.insert(&edge.callee) {
                diagnostics.push(codes::retry_amplification(
                    find_span(ir, key, "retry"),
                    &format_path(plan, &worst, key),
                    calls,
                    MOST_CALLS,
                    &edge.callee,
                ));
            }
        }
    }
}

/// `client → a (3) → b (3)`: the path that ends with an edge, attempts in brackets.
fn format_path(plan: &Plan, worst: &BTreeMap<&str, (u64, Option<&str>)>, last: &str) -> String {
    let mut steps: Vec<String> = Vec::new();
    let mut at = Some(last);
    while let Some(edge) = at.and_then(|key| plan.edges.get(key)) {
        steps.push(format!("{} ({})", edge.callee, read_attempts(edge)));
        at = worst.get(edge.caller.as_str()).and_then(|(_, by)| *by);
        if at.is_none() || steps.len() > 20 {
            steps.push(edge.caller.clone());
            break;
        }
    }
    steps.reverse();
    steps.join(" → ")
}

fn read_timeout(edge: &EdgePlan) -> Option<Duration> {
    find_setting(edge, "timeout", "after").and_then(Value::as_duration)
}

/// An edge into a service that gives up before an edge out of it.
///
/// For each service the longest timeout of its callers counts: the inner timeout is useless only if even that one ends earlier.
fn check_inversion(plan: &Plan, ir: &Ir, diagnostics: &mut Diagnostics) {
    let mut patient: BTreeMap<&str, Option<(Duration, &str)>> = BTreeMap::new();
    for (key, edge) in &plan.edges {
        let wait = read_timeout(edge).map(|after| (after, key.as_str()));
        patient
            .entry(&edge.callee)
            .and_modify(|longest| {
                // A caller without a timeout has no limit.
                *longest = match (*longest, wait) {
                    (Some(a), Some(b)) => Some(if b.0 > a.0 { b } else { a }),
                    _ => None,
                };
            })
            .or_insert(wait);
    }
    for (key, edge) in &plan.edges {
        let Some(inner) = read_timeout(edge) else { continue };
        let Some(Some((outer, by))) = patient.get(edge.caller.as_str()) else { continue };
        // A background task has no caller, and its timeout applies.
        let works = plan
            .instances
            .get(&edge.caller)
            .and_then(|i| plan.implementations.get(&i.service()?.implementation))
            .is_some_and(|i| i.task.is_some());
        if inner > *outer && !works {
            diagnostics.push(codes::deadline_inversion(
                find_span(ir, key, "timeout"),
                by,
                &format_duration(*outer),
                key,
                &format_duration(inner),
                find_span(ir, by, "timeout"),
            ));
        }
    }
}
