//! Analyses of the plan: what works as written but causes trouble under load.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bp_contract::units::format_duration;
use bp_diag::catalog::analysis as codes;
use bp_diag::{Diagnostics, Span};
use bp_ir::{Ir, NodeKey};
use bp_plan::{EdgePlan, Meaning, Plan, Value};

/// With more calls than this from one request, retries make an overload worse: two levels with three attempts each give nine.
const MOST_CALLS: u64 = 9;

/// Runs every analysis.
pub(crate) fn analyse(plan: &Plan, ir: &Ir, diagnostics: &mut Diagnostics) {
    check_amplification(plan, ir, diagnostics);
    check_inversion(plan, ir, diagnostics);
}

/// The wrappers of an edge that have a setting with a meaning, outermost first, with its value; a value that is known only at start-up is left out.
fn find_meant<'a>(
    plan: &'a Plan,
    edge: &'a EdgePlan,
    meaning: Meaning,
) -> impl Iterator<Item = (&'a str, &'a Value)> {
    edge.client.iter().filter_map(move |wrapper| {
        let path = plan.plugins.get(&wrapper.plugin)?.means.get(&meaning)?;
        Some((wrapper.plugin.as_str(), wrapper.settings.get(path)?))
    })
}

/// The most calls of the callee that one call through an edge may cause, and the innermost wrapper that repeats calls.
fn read_attempts<'a>(plan: &'a Plan, edge: &'a EdgePlan) -> (u64, Option<&'a str>) {
    find_meant(plan, edge, Meaning::Attempts)
        .filter_map(|(plugin, value)| Some((plugin, u64::try_from(value.as_integer()?).ok()?)))
        .filter(|(_, attempts)| *attempts > 1)
        .fold((1, None), |(product, _), (plugin, attempts)| {
            (product.saturating_mul(attempts), Some(plugin))
        })
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
            let (attempts, repeats) = read_attempts(plan, edge);
            let calls = product.saturating_mul(attempts);
            let known = worst.get(edge.callee.as_str()).map_or(0, |(n, _)| *n);
            if calls > known {
                worst.insert(&edge.callee, (calls, Some(key)));
            }
            // Reported only where the limit is first passed; further down, every path would repeat it.
            if let Some(repeats) = repeats
                && calls > MOST_CALLS
                && product <= MOST_CALLS
                && reported.insert(&edge.callee)
            {
                let repeating = plan.plugins.get(repeats).map_or(repeats, |plugin| &plugin.key);
                diagnostics.push(codes::retry_amplification(
                    (repeating, find_span(ir, key, repeats)),
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
        steps.push(format!("{} ({})", edge.callee, read_attempts(plan, edge).0));
        at = worst.get(edge.caller.as_str()).and_then(|(_, by)| *by);
        if at.is_none() || steps.len() > 20 {
            steps.push(edge.caller.clone());
            break;
        }
    }
    steps.reverse();
    steps.join(" → ")
}

/// The time after which a call through an edge is given up.
#[derive(Debug, Clone, Copy)]
struct Patience<'a> {
    after: Duration,
    edge: &'a str,
    /// The wrapper that gives up first.
    plugin: &'a str,
}

impl<'a> Patience<'a> {
    fn of(plan: &'a Plan, key: &'a str, edge: &'a EdgePlan) -> Option<Self> {
        find_meant(plan, edge, Meaning::Deadline)
            .filter_map(|(plugin, value)| {
                Some(Self { after: value.as_duration()?, edge: key, plugin })
            })
            .min_by_key(|patience| patience.after)
    }

    fn find_span(&self, ir: &Ir) -> Option<Span> {
        find_span(ir, self.edge, self.plugin)
    }
}

/// An edge into a service that gives up before an edge out of it.
///
/// For each service the longest timeout of its callers counts: the inner timeout is useless only if even that one ends earlier.
fn check_inversion(plan: &Plan, ir: &Ir, diagnostics: &mut Diagnostics) {
    let mut patient: BTreeMap<&str, Option<Patience<'_>>> = BTreeMap::new();
    for (key, edge) in &plan.edges {
        let wait = Patience::of(plan, key, edge);
        patient
            .entry(&edge.callee)
            .and_modify(|longest| {
                // A caller without a timeout has no limit.
                *longest = match (*longest, wait) {
                    (Some(a), Some(b)) => Some(if b.after > a.after { b } else { a }),
                    _ => None,
                };
            })
            .or_insert(wait);
    }
    for (key, edge) in &plan.edges {
        let Some(inner) = Patience::of(plan, key, edge) else { continue };
        let Some(Some(outer)) = patient.get(edge.caller.as_str()) else { continue };
        // A background task has no caller, and its timeout applies.
        let works = plan
            .instances
            .get(&edge.caller)
            .and_then(|i| plan.implementations.get(&i.service()?.implementation))
            .is_some_and(|i| i.task.is_some());
        if inner.after > outer.after && !works {
            diagnostics.push(codes::deadline_inversion(
                inner.find_span(ir),
                outer.edge,
                &format_duration(outer.after),
                key,
                &format_duration(inner.after),
                outer.find_span(ir),
            ));
        }
    }
}
