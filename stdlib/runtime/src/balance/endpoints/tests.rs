use std::collections::BTreeSet;
use std::sync::atomic::AtomicUsize;

use super::super::attributes::EndpointEntry;
use super::super::choice::{P2c, RoundRobin};
use super::super::draw::draw_two;
use super::super::fixtures::{Bench, all_choices, entries, rules};
use super::*;
use crate::clock::{ManualClock, RealClock};

fn addresses(count: usize) -> Vec<EndpointEntry> {
    (0..count).map(|i| EndpointEntry::new(format!("h{i}:1"))).collect()
}

fn bench(choice: Arc<dyn Choice>, count: usize) -> Bench<String> {
    Bench::new(rules(choice), Arc::new(RealClock), &addresses(count))
}

/// In the caller's order.
fn order(bench: &Bench<String>) -> Vec<String> {
    bench.endpoints.current.load().set.iter().map(|one| one.address().to_owned()).collect()
}

fn outstanding(bench: &Bench<String>) -> Vec<usize> {
    bench.endpoints.current.load().set.iter().map(ListedEndpoint::outstanding).collect()
}

fn address<T>(picked: &Picked<T>) -> String {
    picked.state().address().to_string()
}

#[test]
fn nobody_is_unknown() {
    assert_eq!(bench(Arc::new(P2c), 0).try_pick(0, &[]).unwrap_err(), NotPicked::Unknown);
}

#[test]
fn of_two_the_one_with_fewer_outstanding_requests_is_taken_and_of_equals_the_first() {
    let all = bench(Arc::new(P2c), 3);
    let order = order(&all);
    // Both of these seeds draw the first two; in either order the first of equals wins.
    let (forth, back) = (0, 1 << 63);
    assert_eq!([draw_two(3, forth), draw_two(3, back)], [(0, 1), (1, 0)]);
    assert_eq!(all.draw(back), order[0]);
    let held = all.pick(forth);
    assert_eq!(address(&held), order[0]);
    // Now the first is busy.
    assert_eq!(all.draw(0), order[1]);
    drop(held);
    assert_eq!(all.draw(0), order[0]);
}

/// For any loads and any seed, the choice is that of the contract: of the two drawn, fewest outstanding, then the lower index.
#[test]
fn the_contract_holds_for_random_loads_and_seeds() {
    let mut rng = fastrand::Rng::with_seed(3);
    for _ in 0..2_000 {
        let count = rng.usize(2..12);
        let all = bench(Arc::new(P2c), count);
        for endpoint in all.endpoints.current.load().set.iter() {
            (0..rng.usize(0..4)).for_each(|_| endpoint.state().begin_request());
        }
        let (seed, loads, order) = (rng.u64(..), outstanding(&all), order(&all));
        let (a, b) = draw_two(count, seed);
        let expected = [a, b].into_iter().min_by_key(|i| (loads[*i], *i)).unwrap();
        assert_eq!(all.draw(seed), order[expected]);
    }
}

#[test]
fn those_who_take_turns_take_them_in_order() {
    let all = bench(Arc::<RoundRobin>::default(), 3);
    let drawn: Vec<_> = (0..6).map(|seed| all.draw(seed)).collect();
    assert_eq!(drawn, [order(&all), order(&all)].concat());
}

#[test]
fn load_is_even_when_requests_stay_open() {
    let all = bench(Arc::new(P2c), 4);
    let mut rng = fastrand::Rng::with_seed(7);
    let held: Vec<_> = (0..400).map(|_| all.pick(rng.u64(..))).collect();
    assert!(outstanding(&all).iter().all(|n| (95..=105).contains(n)), "{:?}", outstanding(&all));
    drop(held);
    assert_eq!(outstanding(&all), [0; 4]);
}

#[test]
fn one_that_cannot_be_reached_is_skipped_until_a_probe_reaches_it() {
    for choice in all_choices() {
        let name = format!("{choice:?}");
        let all = bench(choice, 3);
        let mut rng = fastrand::Rng::with_seed(5);
        let mut seen = || -> BTreeSet<String> { (0..100).map(|_| all.draw(rng.u64(..))).collect() };
        let picked = all.pick(0);
        let gone = address(&picked);
        let probe = picked.state().mark_unreachable().unwrap();
        assert!(picked.state().mark_unreachable().is_none(), "there is one probe at a time");
        assert!(!seen().contains(&gone));
        assert_eq!(all.endpoints.ready(), 2);
        assert!(probe.record(false, &RealClock), "it must be probed again");
        assert!(!seen().contains(&gone));
        assert!(!probe.record(true, &RealClock));
        drop(picked);
        // The others must be busy for every choice to come back to it.
        let _held: Vec<_> = (0..20).map(|i| all.pick(next_seed(i))).collect();
        assert!(seen().contains(&gone), "{name}");
        assert!(all.pick(0).state().mark_unreachable().is_some(), "a probe can be made again");
    }
}

#[test]
fn pauses_double_until_a_call_is_answered() {
    let all = bench(Arc::new(P2c), 1);
    let picked = all.pick(0);
    let state = picked.state();
    let probe = state.mark_unreachable().unwrap();
    let mut pauses = Vec::new();
    for _ in 0..8 {
        pauses.push(probe.pause(0.0).as_millis());
        // Calls that are tried in between do not count.
        assert!(state.mark_unreachable().is_none());
        assert!(probe.record(false, &RealClock));
    }
    assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    assert_eq!(probe.pause(0.999).as_millis(), 2502);
    assert!(!probe.record(true, &RealClock));
    // It can be connected to and fails again: no better than before.
    assert_eq!(state.mark_unreachable().unwrap().pause(0.0).as_millis(), 5000);
    assert!(state.mark_reached(&RealClock));
    assert!(!state.mark_reached(&RealClock), "it was up");
    assert!(state.mark_unreachable().is_none(), "the last probe was not ended");
}

#[test]
fn an_answer_ends_the_probe() {
    let all = bench(Arc::new(P2c), 2);
    let picked = all.pick(0);
    let probe = picked.state().mark_unreachable().unwrap();
    picked.state().mark_reached(&RealClock);
    assert_eq!(all.endpoints.ready(), 2);
    assert!(!probe.record(false, &RealClock), "a call knows better");
    assert!(picked.state().mark_unreachable().is_some());
}

#[test]
fn when_none_can_be_reached_all_are_candidates_but_none_twice_for_a_call() {
    let all = bench(Arc::new(P2c), 3);
    for seed in 0..3 {
        let mut tried = Vec::new();
        while let Ok(picked) = all.try_pick(seed, &tried) {
            picked.state().mark_unreachable();
            tried.push(picked);
        }
        let distinct: BTreeSet<_> = tried.iter().map(address).collect();
        assert_eq!((tried.len(), distinct.len()), (3, 3));
        assert_eq!(all.try_pick(seed, &tried).unwrap_err(), NotPicked::AllPassed);
    }
}

#[test]
fn attempts_go_where_the_call_was_least_often() {
    for choice in all_choices() {
        let mut all = bench(choice, 3);
        let tried = all.call.context.track_endpoints();
        let mut rounds = Vec::new();
        for seed in 0..9 {
            let picked = all.pick(next_seed(seed));
            tried.record(picked.state().address());
            rounds.push(address(&picked));
        }
        for round in rounds.chunks(3) {
            let distinct: BTreeSet<_> = round.iter().collect();
            assert_eq!(distinct.len(), 3, "each once before any again: {rounds:?}");
        }
    }
}

#[test]
fn an_endpoint_that_can_be_used_comes_before_one_that_was_not_tried() {
    let mut all = bench(Arc::new(P2c), 3);
    let tried = all.call.context.track_endpoints();
    let down: Vec<_> = order(&all).into_iter().skip(1).collect();
    for endpoint in all.endpoints.current.load().set.iter() {
        if down.contains(&endpoint.address().to_owned()) {
            endpoint.state().mark_unreachable();
        } else {
            tried.record(endpoint.state().address());
        }
    }
    for seed in 0..20 {
        assert_eq!(all.draw(next_seed(seed)), order(&all)[0]);
    }
}

#[test]
fn replaced_endpoints_keep_their_state_and_newcomers_are_dialled() {
    let all = bench(Arc::new(P2c), 3);
    let before = order(&all);
    let held = all.pick(0);
    let stays = address(&held);
    let leaves = before.iter().find(|a| **a != stays).unwrap();
    let now: Vec<_> = before.iter().filter(|a| *a != leaves).map(String::as_str).collect();
    let now = entries(now.into_iter().chain(["new:1"]));
    let mut dialled = Vec::new();
    let replace = |list: &[EndpointEntry],
                   dial: &mut dyn FnMut(&str) -> Result<String, &'static str>| {
        all.endpoints.replace(list, all.clock.now(), |entry, _| dial(&entry.address))
    };
    replace(&now, &mut |a| {
        dialled.push(a.to_owned());
        Ok(a.to_owned())
    })
    .unwrap();
    assert_eq!(dialled, ["new:1"]);
    assert_eq!(outstanding(&all).iter().sum::<usize>(), 1, "the request is still counted");
    assert!(!order(&all).contains(leaves));
    drop(held);
    assert_eq!(outstanding(&all), [0; 3]);
    assert_eq!(replace(&entries(["bad:1"]), &mut |_| Err("no")), Err("no"));
    assert_eq!(all.endpoints.len(), 3, "they stay unchanged");
    replace(&[], &mut |_| Err("nothing must be dialled")).unwrap();
    assert_eq!(all.endpoints.len(), 0);
}

#[test]
fn a_changed_attribute_is_seen_and_the_client_is_kept() {
    let all = Bench::of(Arc::new(P2c), &["a:1;zone=x", "b:1"]);
    let _held = [all.pick(0), all.pick(1)];
    let dialled = AtomicUsize::new(0);
    let version = all.endpoints.current.load().set.version();
    let list = entries(["a:1;zone=y;weight=3", "b:1"]);
    let dial = |_: &EndpointEntry, _: &_| {
        dialled.fetch_add(1, Ordering::Relaxed);
        Err::<String, _>("no")
    };
    all.endpoints.replace(&list, all.clock.now(), dial).unwrap();
    assert_eq!(dialled.into_inner(), 0);
    let current = all.endpoints.current.load();
    assert_ne!(current.set.version(), version);
    let a = current.set.iter().find(|one| one.address() == "a:1").unwrap();
    assert_eq!(a.entry().to_string(), "a:1;zone=y;weight=3");
    assert_eq!(outstanding(&all), [1, 1]);
}

#[test]
fn callers_differ_in_their_order_and_not_in_the_addresses_order() {
    let mut firsts = BTreeSet::new();
    for caller in 0..40 {
        let endpoints = Endpoints::new(rules(Arc::new(P2c)), caller);
        let all =
            Bench { endpoints, call: bench(Arc::new(P2c), 0).call, clock: Arc::new(RealClock) };
        all.replace(&addresses(4));
        let forward = order(&all);
        let mut turned = addresses(4);
        turned.reverse();
        all.replace(&turned);
        assert_eq!(order(&all), forward);
        let shared: Vec<_> = {
            let current = all.endpoints.current.load();
            current.set.iter_by_address().map(|(_, one)| one.address().to_owned()).collect()
        };
        assert_eq!(shared, ["h0:1", "h1:1", "h2:1", "h3:1"]);
        firsts.insert(forward[0].clone());
    }
    assert_eq!(firsts.len(), 4, "no endpoint is everybody's first");
}

#[test]
fn the_next_priority_is_used_only_when_the_first_cannot_be() {
    for choice in all_choices() {
        let all = Bench::of(choice, &["a:1", "b:1", "c:1;priority=1", "d:1;priority=2"]);
        let seen = || -> BTreeSet<String> { (0..60).map(|i| all.draw(next_seed(i))).collect() };
        let set = |all: &Bench<String>, address: &str| {
            let current = all.endpoints.current.load();
            current.set.iter().find(|one| one.address() == address).unwrap().state().clone()
        };
        // Busy, so that every choice comes to all.
        let held: Vec<_> = (0..9).map(|i| all.pick(next_seed(i))).collect();
        assert!(seen().iter().all(|one| one == "a:1" || one == "b:1"), "{:?}", seen());
        drop(held);
        let (a, b) = (set(&all, "a:1"), set(&all, "b:1"));
        let _ = a.mark_unreachable();
        assert_eq!(seen(), ["b:1".to_owned()].into());
        let probe = b.mark_unreachable().unwrap();
        assert_eq!(seen(), ["c:1".to_owned()].into());
        probe.record(true, &RealClock);
        assert_eq!(seen(), ["b:1".to_owned()].into());
    }
}

/// How many of `draws` calls that end at once go to each endpoint, by address.
fn count_draws(all: &Bench<String>, draws: u32) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    let mut rng = fastrand::Rng::with_seed(11);
    for _ in 0..draws {
        *counts.entry(all.draw(rng.u64(..))).or_default() += 1;
    }
    counts
}

fn assert_near(count: u32, expected: u32) {
    let ratio = f64::from(count) / f64::from(expected);
    assert!((0.9..1.1).contains(&ratio), "{count}, expected {expected}");
}

#[test]
fn idle_endpoints_get_calls_by_their_weights() {
    for choice in all_choices() {
        let all = Bench::of(choice, &["a:1", "b:1;weight=2", "c:1;weight=5", "d:1;weight=2"]);
        let counts = count_draws(&all, 10_000);
        for (address, expected) in [("a:1", 1000), ("b:1", 2000), ("c:1", 5000), ("d:1", 2000)] {
            assert_near(counts[address], expected);
        }
        // Without one, the others keep their proportions.
        let current = all.endpoints.current.load();
        let gone = current.set.iter().find(|one| one.address() == "c:1").unwrap();
        let _ = gone.state().mark_unreachable();
        let counts = count_draws(&all, 10_000);
        assert_near(counts["a:1"], 2000);
        assert_near(counts["b:1"], 4000);
        assert!(!counts.contains_key("c:1"));
    }
}

#[test]
fn open_requests_are_spread_by_weight() {
    let all = Bench::of(Arc::new(P2c), &["a:1", "b:1;weight=3", "c:1;weight=6"]);
    let mut rng = fastrand::Rng::with_seed(7);
    let held: Vec<_> = (0..1000).map(|_| all.pick(rng.u64(..))).collect();
    for (address, expected) in [("a:1", 100), ("b:1", 300), ("c:1", 600)] {
        let count = held.iter().filter(|picked| &**picked.state().address() == address).count();
        assert_near(u32::try_from(count).unwrap(), expected);
    }
}

#[test]
fn a_newcomer_starts_slowly_and_so_does_one_that_comes_back() {
    for choice in all_choices() {
        let clock = ManualClock::new();
        let mut rules = rules(choice);
        rules.slow_start = Duration::from_secs(10);
        let all = Bench::new(rules, Arc::new(clock.clone()), &entries(["a:1", "b:1", "c:1"]));
        assert!(all.endpoints.disturbances.is_none(), "those of the first list start at once");
        all.replace(&entries(["a:1", "b:1", "c:1", "d:1"]));
        let share =
            || f64::from(count_draws(&all, 8_000).get("d:1").copied().unwrap_or(0)) / 8_000.0;
        // A tenth of a full share, then half of one, then all; of idle ones `p2c` prefers the first in order, so it is only compared.
        let (begin, half) = (share(), {
            clock.advance(Duration::from_secs(5));
            share()
        });
        clock.advance(Duration::from_secs(5));
        let full = share();
        assert!(begin < half * 0.4 && half < full * 0.85, "{begin} {half} {full}");
        assert!(all.endpoints.disturbances.is_none(), "it is over");

        let current = all.endpoints.current.load();
        let d = current.set.iter().find(|one| one.address() == "d:1").unwrap().state();
        let probe = d.mark_unreachable().unwrap();
        clock.advance(Duration::from_mins(1));
        assert!(!probe.record(true, &clock));
        assert!(share() < half * 0.4, "it comes back slowly");
    }
}

#[test]
fn what_leaves_the_set_disturbs_it_no_longer() {
    let clock = ManualClock::new();
    let mut rules = rules(Arc::new(P2c));
    rules.slow_start = Duration::from_secs(10);
    let all = Bench::new(rules, Arc::new(clock.clone()), &entries(["a:1", "b:1"]));
    all.replace(&entries(["a:1", "b:1", "c:1"]));
    let _ = all.pick(0).state().mark_unreachable();
    assert!(!all.endpoints.disturbances.is_none());
    all.replace(&entries(["d:1"]));
    clock.advance(Duration::from_secs(10));
    let _ = all.pick(0);
    let current = all.endpoints.current.load();
    current.set.iter().for_each(|one| assert!(one.state().share(&clock) >= 1.0));
    assert!(all.endpoints.disturbances.is_none());
}
