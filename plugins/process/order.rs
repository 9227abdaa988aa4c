//! In which order processes stop.

use std::collections::{BTreeMap, BTreeSet};

use bp_plugin::Plan;

/// Processes in waves: those of one wave stop together, and the next wave when they are gone.
///
/// A process stops before those that it calls, so that no call goes to a process that is gone.
/// Processes that call each other in a circle have no such order; of them, those that the outside calls stop first, then the others by name.
pub(crate) fn stop_waves(plan: &Plan) -> Vec<Vec<String>> {
    let process_of = |instance: &str| {
        plan.instances
            .get(instance)
            .filter(|i| i.service().is_some())
            .and_then(|i| i.processes.first())
            // An init has ended by then.
            .filter(|name| plan.processes.contains_key(*name))
    };
    let mut callees: BTreeMap<&String, BTreeSet<&String>> =
        plan.processes.keys().map(|name| (name, BTreeSet::new())).collect();
    for edge in plan.edges.values() {
        if let (Some(caller), Some(callee)) = (process_of(&edge.caller), process_of(&edge.callee))
            && caller != callee
        {
            callees.entry(caller).or_default().insert(callee);
        }
    }
    let entry: BTreeSet<&String> =
        plan.listeners.values().filter(|l| l.entry).map(|l| &l.process).collect();
    waves(&callees, &entry)
}

fn waves(
    callees: &BTreeMap<&String, BTreeSet<&String>>,
    entry: &BTreeSet<&String>,
) -> Vec<Vec<String>> {
    // How many callers of each are left. A large circle takes as many waves as it has members, so no wave may look at all processes.
    let mut callers: BTreeMap<&String, usize> = callees.keys().map(|name| (*name, 0)).collect();
    for callee in callees.values().flatten() {
        *callers.entry(*callee).or_default() += 1;
    }
    let mut ready: BTreeSet<&String> =
        callers.iter().filter(|(_, count)| **count == 0).map(|(name, _)| *name).collect();
    let mut waves = Vec::new();
    while !callers.is_empty() {
        let mut wave: Vec<&String> = std::mem::take(&mut ready).into_iter().collect();
        if wave.is_empty() {
            wave = entry.iter().copied().filter(|name| callers.contains_key(name)).collect();
        }
        if wave.is_empty() {
            wave = callers.keys().copied().take(1).collect();
        }
        for name in &wave {
            callers.remove(name);
        }
        for callee in wave.iter().filter_map(|name| callees.get(name)).flatten() {
            if let Some(count) = callers.get_mut(callee) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.insert(callee);
                }
            }
        }
        waves.push(wave.into_iter().cloned().collect());
    }
    waves
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(calls: &[(&str, &str)], entry: &[&str]) -> Vec<Vec<String>> {
        let names: BTreeSet<String> = calls
            .iter()
            .flat_map(|(a, b)| [*a, *b])
            .chain(entry.iter().copied())
            .map(str::to_owned)
            .collect();
        let name = |n: &str| names.get(n).unwrap();
        let mut callees: BTreeMap<&String, BTreeSet<&String>> =
            names.iter().map(|n| (n, BTreeSet::new())).collect();
        for (caller, callee) in calls {
            callees.entry(name(caller)).or_default().insert(name(callee));
        }
        waves(&callees, &entry.iter().map(|n| name(n)).collect())
    }

    #[test]
    fn callers_stop_first() {
        let waves = order(&[("front", "mid"), ("mid", "back"), ("front", "back")], &["front"]);
        assert_eq!(waves, [["front"], ["mid"], ["back"]]);
        let two = order(&[("a", "c"), ("b", "c")], &[]);
        assert_eq!(two, [vec!["a", "b"], vec!["c"]]);
    }

    #[test]
    fn a_circle_is_opened_at_its_entry_or_by_name() {
        let waves = order(&[("a", "b"), ("b", "a"), ("b", "c")], &["b"]);
        assert_eq!(waves, [vec!["b"], vec!["a", "c"]]);
        assert_eq!(order(&[("x", "y"), ("y", "x")], &[]), [["x"], ["y"]]);
        assert_eq!(order(&[], &["only"]), [["only"]]);
    }
}
