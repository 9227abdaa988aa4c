use std::collections::BTreeSet;
use std::convert::Infallible;

use super::*;

fn addresses(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("h{i}:1")).collect()
}

fn endpoints(choice: Choice, count: usize) -> Endpoints<String> {
    let all = Endpoints::new(choice, 7);
    list(&all, &addresses(count));
    all
}

fn list(all: &Endpoints<String>, addresses: &[String]) {
    all.replace(addresses, |a| Ok::<_, Infallible>(a.to_owned())).unwrap();
}

/// In the caller's order.
fn order(all: &Endpoints<String>) -> Vec<String> {
    all.members.load().iter().map(|m| m.address.to_string()).collect()
}

fn outstanding(all: &Endpoints<String>) -> Vec<usize> {
    all.members.load().iter().map(|m| m.outstanding.load(Ordering::Relaxed)).collect()
}

#[test]
fn nobody_is_none() {
    assert!(endpoints(Choice::P2c, 0).pick(0, &[]).is_none());
}

#[test]
fn of_two_the_one_with_fewer_outstanding_requests_is_taken_and_of_equals_the_first() {
    let all = endpoints(Choice::P2c, 3);
    let order = order(&all);
    // Both of these seeds draw the first two; in either order the first of equals wins.
    let (forth, back) = (0, 1 << 63);
    assert_eq!([draw_two(3, forth), draw_two(3, back)], [(0, 1), (1, 0)]);
    assert_eq!(all.pick(back, &[]).unwrap().address(), order[0]);
    let held = all.pick(forth, &[]).unwrap();
    assert_eq!(held.address(), order[0]);
    // Now the first is busy.
    assert_eq!(all.pick(0, &[]).unwrap().address(), order[1]);
    drop(held);
    assert_eq!(all.pick(0, &[]).unwrap().address(), order[0]);
}

/// For any loads and any seed, the choice is that of the contract: of the two drawn, fewest outstanding, then the lower index.
#[test]
fn the_contract_holds_for_random_loads_and_seeds() {
    let mut rng = fastrand::Rng::with_seed(3);
    for _ in 0..2_000 {
        let count = rng.usize(2..12);
        let all = endpoints(Choice::P2c, count);
        for member in all.members.load().iter() {
            member.outstanding.store(rng.usize(0..4), Ordering::Relaxed);
        }
        let (seed, loads, order) = (rng.u64(..), outstanding(&all), order(&all));
        let (a, b) = draw_two(count, seed);
        let expected = [a, b].into_iter().min_by_key(|i| (loads[*i], *i)).unwrap();
        assert_eq!(all.pick(seed, &[]).unwrap().address(), order[expected]);
    }
}

#[test]
fn load_is_even_when_requests_stay_open() {
    let all = endpoints(Choice::P2c, 4);
    let mut rng = fastrand::Rng::with_seed(7);
    let held: Vec<_> = (0..400).map(|_| all.pick(rng.u64(..), &[]).unwrap()).collect();
    assert!(outstanding(&all).iter().all(|n| (95..=105).contains(n)), "{:?}", outstanding(&all));
    drop(held);
    assert_eq!(outstanding(&all), [0; 4]);
}

#[test]
fn one_that_cannot_be_reached_is_skipped_until_a_probe_reaches_it() {
    for choice in [Choice::P2c, Choice::RoundRobin, Choice::Random] {
        let all = endpoints(choice, 3);
        let mut rng = fastrand::Rng::with_seed(5);
        let mut seen = || -> BTreeSet<String> {
            (0..100).map(|_| all.pick(rng.u64(..), &[]).unwrap().address().to_owned()).collect()
        };
        let picked = all.pick(0, &[]).unwrap();
        let gone = picked.address().to_owned();
        let probe = picked.mark_unreachable().unwrap();
        assert!(picked.mark_unreachable().is_none(), "there is one probe at a time");
        assert!(!seen().contains(&gone));
        assert_eq!(all.ready(), 2);
        assert!(probe.record(false), "it must be probed again");
        assert!(!seen().contains(&gone));
        assert!(!probe.record(true));
        drop(picked);
        // The others must be busy for every choice to come back to it.
        let _held: Vec<_> = (0..20).map(|i| all.pick(next_seed(i), &[]).unwrap()).collect();
        assert!(seen().contains(&gone), "{choice:?}");
        assert!(
            all.pick(0, &[]).unwrap().mark_unreachable().is_some(),
            "a probe can be made again"
        );
    }
}

#[test]
fn pauses_double_until_a_call_is_answered() {
    let all = endpoints(Choice::P2c, 1);
    let picked = all.pick(0, &[]).unwrap();
    let probe = picked.mark_unreachable().unwrap();
    let mut pauses = Vec::new();
    for _ in 0..8 {
        pauses.push(probe.pause(0.0).as_millis());
        // Calls that are tried in between do not count.
        assert!(picked.mark_unreachable().is_none());
        assert!(probe.record(false));
    }
    assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    assert_eq!(probe.pause(0.999).as_millis(), 2502);
    assert!(!probe.record(true));
    // It can be connected to and fails again: no better than before.
    assert_eq!(picked.mark_unreachable().unwrap().pause(0.0).as_millis(), 5000);
    assert!(picked.mark_reached());
    assert!(!picked.mark_reached(), "it was up");
    assert!(picked.mark_unreachable().is_none(), "the last probe was not ended");
}

#[test]
fn an_answer_ends_the_probe() {
    let all = endpoints(Choice::P2c, 2);
    let picked = all.pick(0, &[]).unwrap();
    let probe = picked.mark_unreachable().unwrap();
    picked.mark_reached();
    assert_eq!(all.ready(), 2);
    assert!(!probe.record(false), "a call knows better");
    assert!(picked.mark_unreachable().is_some());
}

#[test]
fn when_none_can_be_reached_all_are_candidates_but_none_twice_for_a_call() {
    let all = endpoints(Choice::P2c, 3);
    for seed in 0..3 {
        let mut tried = Vec::new();
        while let Some(picked) = all.pick(seed, &tried) {
            picked.mark_unreachable();
            tried.push(picked);
        }
        let distinct: BTreeSet<_> = tried.iter().map(Picked::address).collect();
        assert_eq!((tried.len(), distinct.len()), (3, 3));
    }
}

#[test]
fn replaced_endpoints_keep_their_state_and_newcomers_are_dialled() {
    let all = endpoints(Choice::P2c, 3);
    let before = order(&all);
    let held = all.pick(0, &[]).unwrap();
    let stays = held.address().to_owned();
    let leaves = before.iter().find(|a| **a != stays).unwrap();
    let now: Vec<String> =
        before.iter().filter(|a| *a != leaves).cloned().chain(["new:1".to_owned()]).collect();
    let mut dialled = Vec::new();
    all.replace(&now, |a| {
        dialled.push(a.to_owned());
        Ok::<_, Infallible>(a.to_owned())
    })
    .unwrap();
    assert_eq!(dialled, ["new:1"]);
    assert_eq!(outstanding(&all).iter().sum::<usize>(), 1, "the request is still counted");
    assert!(!order(&all).contains(leaves));
    drop(held);
    assert_eq!(outstanding(&all), [0; 3]);
    assert_eq!(all.replace(&["bad:1".to_owned()], |_| Err("no")), Err("no"));
    assert_eq!(all.len(), 3, "they stay unchanged");
    all.replace(&[], |_| Err("nothing must be dialled")).unwrap();
    assert!(all.is_empty());
}

#[test]
fn callers_differ_in_their_order_and_not_in_the_addresses_order() {
    let mut firsts = BTreeSet::new();
    for caller in 0..40 {
        let all = Endpoints::new(Choice::P2c, caller);
        list(&all, &addresses(4));
        let forward = order(&all);
        let mut turned = addresses(4);
        turned.reverse();
        list(&all, &turned);
        assert_eq!(order(&all), forward);
        firsts.insert(forward[0].clone());
    }
    assert_eq!(firsts.len(), 4, "no endpoint is everybody's first");
}
