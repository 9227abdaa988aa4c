//! Cases of the suite of sorted sets: what holds of one set, and of sets beside entries.
//!
//! Ranges and ranks are in `sorted_sets_lists`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{StoreFactory, Verdict, cases, expect_equal, expect_holds, expect_invalid};
use crate::{
    BackendError, MAX_KEY_BYTES, MAX_MEMBER_BYTES, MAX_MEMBERS_PER_CALL, MAX_TTL, ScoreOrder,
    ScoreRange, ScoredMember, SortedSets,
};

use ScoreOrder::{HighestFirst, LowestFirst};

pub(super) type Factory = Arc<dyn StoreFactory<dyn SortedSets>>;

cases! { pub(super) const CASES: dyn SortedSets = [
    a_missing_set_is_an_empty_one,
    put_members_stores_scores,
    put_members_replaces_scores_and_takes_the_last,
    no_members_make_no_set,
    add_member_adds_only_what_is_new,
    of_racing_additions_one_is_new,
    increment_score_starts_at_zero,
    sums_are_those_of_floats,
    a_sum_beyond_the_range_changes_nothing,
    concurrent_increments_all_count,
    every_finite_score_keeps_its_bits,
    negative_zero_is_zero,
    a_score_that_is_not_finite_is_invalid,
    any_bytes_are_a_member,
    members_are_told_apart_exactly,
    the_longest_member_fits_and_a_longer_one_is_invalid,
    any_characters_are_a_name,
    the_longest_name_fits_and_others_are_invalid,
    more_members_than_a_call_takes_are_invalid,
    a_time_to_live_out_of_range_is_invalid,
    one_bad_member_fails_the_whole_call,
    remove_member_says_whether_it_was_there,
    of_racing_removals_one_claims_the_member,
    a_set_ends_with_its_last_member,
    remove_set_removes_all_and_may_repeat,
    trim_keeps_the_first_of_the_order,
    sets_and_entries_of_one_name_are_apart,
    sets_of_different_names_are_apart,
    stores_are_apart,
    a_set_expires_whole_and_not_early,
    a_set_that_exists_keeps_its_expiry,
    an_expired_set_is_missing_for_every_method,
    a_reopened_store_has_its_sets,
    large_calls_are_atomic,
] }

pub(super) fn name(set: &str) -> String {
    set.to_owned()
}

pub(super) fn scored(members: &[(&str, f64)]) -> Vec<ScoredMember> {
    members
        .iter()
        .map(|(member, score)| ScoredMember::new(member.as_bytes().to_vec(), *score))
        .collect()
}

pub(super) fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// All members of a small set.
pub(super) async fn list(
    sets: &Arc<dyn SortedSets>,
    set: &str,
) -> Result<Vec<ScoredMember>, BackendError> {
    sets.list_by_rank(name(set), LowestFirst, 0, MAX_MEMBERS_PER_CALL).await
}

/// A time to live that is long enough for the steps of a case on a slow machine.
const LIFE: Duration = Duration::from_secs(6);

async fn a_missing_set_is_an_empty_one(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let m = bytes("m");
    expect_equal("score", &sets.get_score(name("s"), m.clone()).await?, &None)?;
    expect_equal("rank", &sets.get_rank(name("s"), m.clone(), LowestFirst).await?, &None)?;
    expect_equal("by rank", &list(&sets, "s").await?, &Vec::new())?;
    let by_score = sets.list_by_score(name("s"), ScoreRange::ALL, HighestFirst, 0, 10).await?;
    expect_equal("by score", &by_score, &Vec::new())?;
    expect_equal("count", &sets.count_members(name("s"), ScoreRange::ALL).await?, &0)?;
    expect_holds("nothing to remove", !sets.remove_member(name("s"), m).await?)?;
    sets.trim_set(name("s"), LowestFirst, 3).await?;
    sets.remove_set(name("s")).await?;
    Ok(())
}

async fn put_members_stores_scores(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    sets.put_members(name("s"), scored(&[("b", 2.5), ("a", 7.0)]), None).await?;
    expect_equal("members", &list(&sets, "s").await?, &scored(&[("b", 2.5), ("a", 7.0)]))?;
    expect_equal("score", &sets.get_score(name("s"), bytes("a")).await?, &Some(7.0))?;
    expect_equal("another", &sets.get_score(name("s"), bytes("c")).await?, &None)?;
    expect_equal("count", &sets.count_members(name("s"), ScoreRange::ALL).await?, &2)
}

async fn put_members_replaces_scores_and_takes_the_last(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    sets.put_members(name("s"), scored(&[("a", 1.0), ("b", 2.0)]), None).await?;
    sets.put_members(name("s"), scored(&[("a", 3.0), ("c", 9.0), ("c", 0.5)]), None).await?;
    let expected = scored(&[("c", 0.5), ("b", 2.0), ("a", 3.0)]);
    expect_equal("members", &list(&sets, "s").await?, &expected)
}

async fn no_members_make_no_set(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    sets.put_members(name("s"), Vec::new(), Some(LIFE)).await?;
    sets.put_members(name("s"), scored(&[("a", 1.0)]), None).await?;
    sets.put_members(name("s"), Vec::new(), None).await?;
    expect_equal("members", &list(&sets, "s").await?, &scored(&[("a", 1.0)]))?;
    expect_invalid("no name", sets.put_members(String::new(), Vec::new(), None).await)?;
    stores.pass(LIFE + stores.granularity() + Duration::from_millis(50)).await;
    expect_equal("no expiry", &list(&sets, "s").await?, &scored(&[("a", 1.0)]))
}

async fn add_member_adds_only_what_is_new(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    expect_holds("first", sets.add_member(name("s"), bytes("a"), 1.0, None).await?)?;
    expect_holds("again", !sets.add_member(name("s"), bytes("a"), 1.0, None).await?)?;
    expect_holds("with another score", !sets.add_member(name("s"), bytes("a"), 5.0, None).await?)?;
    expect_holds("with time", !sets.add_member(name("s"), bytes("a"), 5.0, Some(LIFE)).await?)?;
    expect_holds("another", sets.add_member(name("s"), bytes("b"), 5.0, Some(LIFE)).await?)?;
    let expected = scored(&[("a", 1.0), ("b", 5.0)]);
    expect_equal("members", &list(&sets, "s").await?, &expected)?;
    sets.remove_member(name("s"), bytes("a")).await?;
    expect_holds("once more", sets.add_member(name("s"), bytes("a"), 6.0, None).await?)
}

async fn of_racing_additions_one_is_new(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    for round in 0..5 {
        let racers: Vec<_> = (0..8)
            .map(|racer| {
                let sets = sets.clone();
                let member = Bytes::from(format!("m{round}"));
                let ttl = (racer % 2 == 0).then_some(LIFE);
                tokio::spawn(async move {
                    let score = f64::from(racer);
                    let new = sets.add_member(name("s"), member, score, ttl).await?;
                    Ok::<_, BackendError>(new.then_some(score))
                })
            })
            .collect();
        let mut winners = Vec::new();
        for racer in racers {
            winners.extend(racer.await??);
        }
        expect_equal("winners", &winners.len(), &1)?;
        let kept = sets.get_score(name("s"), Bytes::from(format!("m{round}"))).await?;
        expect_equal("the winner's score", &kept, &winners.pop())?;
    }
    Ok(())
}

async fn increment_score_starts_at_zero(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let by = |by| sets.increment_score(name("s"), bytes("m"), by, None);
    expect_equal("first", &by(2.5).await?, &2.5)?;
    expect_equal("down", &by(-4.0).await?, &-1.5)?;
    expect_equal("by nothing", &by(0.0).await?, &-1.5)?;
    expect_equal("stored", &sets.get_score(name("s"), bytes("m")).await?, &Some(-1.5))?;
    let zero = sets.increment_score(name("s"), bytes("z"), 0.0, None).await?;
    expect_equal("by nothing, missing", &zero, &0.0)?;
    expect_equal("is there", &sets.get_score(name("s"), bytes("z")).await?, &Some(0.0))?;
    sets.put_members(name("s"), scored(&[("p", 40.0)]), None).await?;
    let sum = sets.increment_score(name("s"), bytes("p"), 2.0, Some(LIFE)).await?;
    expect_equal("what was put", &sum, &42.0)
}

async fn sums_are_those_of_floats(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let terms = [
        (0.1, 0.2),
        (1e16, 1.0),
        (9_007_199_254_740_992.0, 1.0),
        (-1e300, 1e-300),
        (0.3, -0.1),
        (5e-324, 5e-324),
        (1.0 / 3.0, 1e5 / 7.0),
        (-2.5, 2.5),
    ];
    for (at, (one, other)) in terms.into_iter().enumerate() {
        let member = Bytes::from(at.to_string());
        sets.increment_score(name("s"), member.clone(), one, None).await?;
        let sum = sets.increment_score(name("s"), member.clone(), other, None).await?;
        let expected: f64 = one + other;
        expect_equal(&format!("{one} + {other}"), &sum.to_bits(), &expected.to_bits())?;
        let stored = sets.get_score(name("s"), member).await?;
        expect_equal("stored", &stored.map(f64::to_bits), &Some(expected.to_bits()))?;
    }
    Ok(())
}

async fn a_sum_beyond_the_range_changes_nothing(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    for (member, most) in [("high", f64::MAX), ("low", f64::MIN)] {
        let by = |by| sets.increment_score(name("s"), bytes(member), by, None);
        expect_equal("most", &by(most).await?, &most)?;
        expect_invalid("beyond", by(most / 1e10).await)?;
        expect_equal("unchanged", &by(0.0).await?, &most)?;
        expect_equal("back", &by(-most).await?, &0.0)?;
    }
    Ok(())
}

async fn concurrent_increments_all_count(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let sets = sets.clone();
            let ttl = (task % 2 == 0).then_some(LIFE * 10);
            tokio::spawn(async move {
                let mut sums = Vec::new();
                for _ in 0..25 {
                    sums.push(sets.increment_score(name("s"), bytes("m"), 0.5, ttl).await?);
                }
                Ok::<_, BackendError>(sums)
            })
        })
        .collect();
    let mut sums = BTreeSet::new();
    for task in tasks {
        sums.extend(task.await??.into_iter().map(f64::to_bits));
    }
    let expected = (1..=200).map(|step| (f64::from(step) / 2.0).to_bits()).collect();
    expect_equal("distinct sums", &sums, &expected)
}

/// Ordered, from the lowest to the highest.
pub(super) const SCORES: [f64; 16] = [
    f64::MIN,
    -1e300,
    -9_007_199_254_740_993.0,
    -1.5,
    -0.1,
    -f64::MIN_POSITIVE,
    -5e-324,
    0.0,
    5e-324,
    0.1,
    0.300_000_000_000_000_04,
    1.0 / 3.0,
    17.0,
    9_007_199_254_740_993.0,
    1.234_567_890_123_456_7e200,
    f64::MAX,
];

async fn every_finite_score_keeps_its_bits(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    for (at, score) in SCORES.into_iter().enumerate() {
        let member = Bytes::from(at.to_string());
        let stored = vec![ScoredMember::new(member.clone(), score)];
        sets.put_members(name("put"), stored, None).await?;
        sets.add_member(name("added"), member.clone(), score, None).await?;
        sets.increment_score(name("grown"), member.clone(), score, None).await?;
        for set in ["put", "added", "grown"] {
            let found = sets.get_score(name(set), member.clone()).await?;
            let what = format!("{score:e} {set}");
            expect_equal(&what, &found.map(f64::to_bits), &Some(score.to_bits()))?;
        }
    }
    for set in ["put", "added", "grown"] {
        let found: Vec<_> = list(&sets, set).await?.iter().map(|one| one.score.to_bits()).collect();
        expect_equal(set, &found, &SCORES.map(f64::to_bits).to_vec())?;
    }
    Ok(())
}

async fn negative_zero_is_zero(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    sets.put_members(name("s"), scored(&[("b", -0.0), ("a", 0.0)]), None).await?;
    sets.add_member(name("s"), bytes("c"), -0.0, None).await?;
    sets.increment_score(name("s"), bytes("d"), -0.0, None).await?;
    let found = list(&sets, "s").await?;
    let expected = scored(&[("a", 0.0), ("b", 0.0), ("c", 0.0), ("d", 0.0)]);
    expect_equal("a tie", &found, &expected)?;
    expect_holds("no sign", found.iter().all(|one| one.score.is_sign_positive()))?;
    for bound in [0.0, -0.0] {
        let from = ScoreRange::ALL.at_least(bound).at_most(bound);
        expect_equal("in the range", &sets.count_members(name("s"), from).await?, &4)?;
        let beyond = ScoreRange::ALL.above(bound);
        expect_equal("not above", &sets.count_members(name("s"), beyond).await?, &0)?;
        let below = ScoreRange::ALL.below(bound);
        expect_equal("not below", &sets.count_members(name("s"), below).await?, &0)?;
    }
    Ok(())
}

async fn a_score_that_is_not_finite_is_invalid(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let (set, m) = (|| name("s"), bytes("m"));
        expect_invalid("put", sets.put_members(set(), scored(&[("m", bad)]), None).await)?;
        expect_invalid("add", sets.add_member(set(), m.clone(), bad, None).await)?;
        expect_invalid("increment", sets.increment_score(set(), m, bad, None).await)?;
        let all = ScoreRange::ALL;
        for range in [all.at_least(bad), all.above(bad), all.at_most(bad), all.below(bad)] {
            expect_invalid("count", sets.count_members(set(), range).await)?;
            let listed = sets.list_by_score(set(), range, LowestFirst, 0, 1).await;
            expect_invalid("list", listed)?;
        }
    }
    expect_equal("nothing", &list(&sets, "s").await?, &Vec::new())
}

async fn any_bytes_are_a_member(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let all: Vec<u8> = (0..=255).collect();
    let members = [
        Bytes::new(),
        Bytes::from_static(b"\0"),
        Bytes::from_static(b" \r\n"),
        Bytes::from_static(b"-inf"),
        Bytes::from(all),
        Bytes::from_static(&[0xff, 0xfe]),
        bytes("größe 数 🦀"),
    ];
    for (at, member) in (0..).zip(&members) {
        let score = f64::from(at);
        expect_holds("new", sets.add_member(name("s"), member.clone(), score, None).await?)?;
        let found = sets.get_score(name("s"), member.clone()).await?;
        expect_equal("score", &found, &Some(score))?;
    }
    let found: Vec<_> = list(&sets, "s").await?.into_iter().map(|one| one.member).collect();
    expect_equal("members", &found, &members.to_vec())?;
    for (at, member) in (0..).zip(&members) {
        let rank = sets.get_rank(name("s"), member.clone(), LowestFirst).await?;
        expect_equal("rank", &rank, &Some(at))?;
    }
    for member in members {
        expect_holds("was there", sets.remove_member(name("s"), member).await?)?;
    }
    Ok(())
}

async fn members_are_told_apart_exactly(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let near = ["a", "A", "a ", " a", "a\0", "aa", "\u{e9}", "e\u{301}"];
    for (at, member) in (0..).zip(near) {
        sets.put_members(name("s"), scored(&[(member, f64::from(at))]), None).await?;
    }
    for (at, member) in (0..).zip(near) {
        let found = sets.get_score(name("s"), bytes(member)).await?;
        expect_equal(member, &found, &Some(f64::from(at)))?;
    }
    Ok(())
}

async fn the_longest_member_fits_and_a_longer_one_is_invalid(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let longest = Bytes::from(vec![b'm'; MAX_MEMBER_BYTES]);
    sets.add_member(name("s"), longest.clone(), 1.0, None).await?;
    sets.increment_score(name("s"), longest.clone(), 1.0, None).await?;
    let expected = vec![ScoredMember::new(longest.clone(), 2.0)];
    expect_equal("the longest", &list(&sets, "s").await?, &expected)?;
    let bad = Bytes::from(vec![b'm'; MAX_MEMBER_BYTES + 1]);
    let put = vec![ScoredMember::new(bad.clone(), 1.0)];
    expect_invalid("put", sets.put_members(name("s"), put, None).await)?;
    expect_invalid("add", sets.add_member(name("s"), bad.clone(), 1.0, None).await)?;
    expect_invalid("increment", sets.increment_score(name("s"), bad.clone(), 1.0, None).await)?;
    expect_invalid("score", sets.get_score(name("s"), bad.clone()).await)?;
    expect_invalid("rank", sets.get_rank(name("s"), bad.clone(), LowestFirst).await)?;
    expect_invalid("remove", sets.remove_member(name("s"), bad).await)?;
    expect_equal("unchanged", &list(&sets, "s").await?, &expected)
}

async fn any_characters_are_a_name(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let names = ["a b", "a:b", ":", "a\nb", "größe", "数 🦀", "*", "a\0", "{x}"];
    for (at, set) in (0..).zip(names) {
        sets.put_members(name(set), scored(&[("m", f64::from(at))]), None).await?;
    }
    for (at, set) in (0..).zip(names) {
        expect_equal(set, &list(&sets, set).await?, &scored(&[("m", f64::from(at))]))?;
    }
    Ok(())
}

async fn the_longest_name_fits_and_others_are_invalid(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    for set in ["s".repeat(MAX_KEY_BYTES), "é".repeat(MAX_KEY_BYTES / 2)] {
        sets.put_members(set.clone(), scored(&[("m", 1.0)]), None).await?;
        expect_equal("longest", &list(&sets, &set).await?, &scored(&[("m", 1.0)]))?;
    }
    for bad in [String::new(), "s".repeat(MAX_KEY_BYTES + 1)] {
        let (set, m, all) = (|| bad.clone(), bytes("m"), ScoreRange::ALL);
        expect_invalid("put", sets.put_members(set(), scored(&[("m", 1.0)]), None).await)?;
        expect_invalid("add", sets.add_member(set(), m.clone(), 1.0, None).await)?;
        expect_invalid("increment", sets.increment_score(set(), m.clone(), 1.0, None).await)?;
        expect_invalid("score", sets.get_score(set(), m.clone()).await)?;
        expect_invalid("rank", sets.get_rank(set(), m.clone(), LowestFirst).await)?;
        expect_invalid("by rank", sets.list_by_rank(set(), LowestFirst, 0, 1).await)?;
        expect_invalid("by score", sets.list_by_score(set(), all, LowestFirst, 0, 1).await)?;
        expect_invalid("count", sets.count_members(set(), all).await)?;
        expect_invalid("remove", sets.remove_member(set(), m).await)?;
        expect_invalid("trim", sets.trim_set(set(), LowestFirst, 1).await)?;
        expect_invalid("remove set", sets.remove_set(set()).await)?;
    }
    Ok(())
}

async fn more_members_than_a_call_takes_are_invalid(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let many = |count: u32| -> Vec<_> {
        (0..count).map(|at| ScoredMember::new(at.to_string(), 1.0)).collect()
    };
    expect_invalid("put", sets.put_members(name("s"), many(MAX_MEMBERS_PER_CALL + 1), None).await)?;
    expect_equal("nothing", &sets.count_members(name("s"), ScoreRange::ALL).await?, &0)?;
    sets.put_members(name("s"), many(MAX_MEMBERS_PER_CALL), Some(LIFE * 10)).await?;
    sets.put_members(name("s"), many(MAX_MEMBERS_PER_CALL), None).await?;
    expect_equal("listed", &list(&sets, "s").await?.len(), &1000)?;
    for count in [MAX_MEMBERS_PER_CALL + 1, u32::MAX] {
        let by_rank = sets.list_by_rank(name("s"), LowestFirst, 0, count).await;
        expect_invalid("by rank", by_rank)?;
        let by_score = sets.list_by_score(name("s"), ScoreRange::ALL, LowestFirst, 0, count).await;
        expect_invalid("by score", by_score)?;
    }
    Ok(())
}

async fn a_time_to_live_out_of_range_is_invalid(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    for ttl in [Duration::ZERO, MAX_TTL + Duration::from_nanos(1), Duration::MAX] {
        let (set, m, ttl) = (|| name("s"), bytes("m"), Some(ttl));
        expect_invalid("put", sets.put_members(set(), scored(&[("m", 1.0)]), ttl).await)?;
        expect_invalid("put none", sets.put_members(set(), Vec::new(), ttl).await)?;
        expect_invalid("add", sets.add_member(set(), m.clone(), 1.0, ttl).await)?;
        expect_invalid("increment", sets.increment_score(set(), m, 1.0, ttl).await)?;
    }
    expect_equal("nothing", &list(&sets, "s").await?, &Vec::new())?;
    sets.add_member(name("s"), bytes("m"), 1.0, Some(MAX_TTL)).await?;
    expect_equal("the longest", &list(&sets, "s").await?, &scored(&[("m", 1.0)]))?;
    sets.add_member(name("n"), bytes("m"), 1.0, Some(Duration::from_nanos(1))).await?;
    stores.pass(stores.granularity() + Duration::from_millis(50)).await;
    expect_equal("the shortest", &list(&sets, "n").await?, &Vec::new())
}

async fn one_bad_member_fails_the_whole_call(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let bad_score = scored(&[("a", 1.0), ("b", f64::NAN), ("c", 3.0)]);
    expect_invalid("a score", sets.put_members(name("s"), bad_score, None).await)?;
    let mut too_long = scored(&[("a", 1.0)]);
    too_long.push(ScoredMember::new(vec![0; MAX_MEMBER_BYTES + 1], 1.0));
    expect_invalid("a member", sets.put_members(name("s"), too_long, Some(LIFE)).await)?;
    expect_equal("nothing", &list(&sets, "s").await?, &Vec::new())
}

async fn remove_member_says_whether_it_was_there(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    sets.put_members(name("s"), scored(&[("a", 1.0), ("b", 2.0)]), None).await?;
    expect_holds("was there", sets.remove_member(name("s"), bytes("a")).await?)?;
    expect_holds("is gone", !sets.remove_member(name("s"), bytes("a")).await?)?;
    expect_holds("never was", !sets.remove_member(name("s"), bytes("c")).await?)?;
    expect_equal("the others", &list(&sets, "s").await?, &scored(&[("b", 2.0)]))
}

async fn of_racing_removals_one_claims_the_member(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let members: Vec<_> = (0..20).map(|at| ScoredMember::new(at.to_string(), 1.0)).collect();
    sets.put_members(name("s"), members.clone(), None).await?;
    let claimers: Vec<_> = (0..4)
        .map(|_| {
            let (sets, members) = (sets.clone(), members.clone());
            tokio::spawn(async move {
                let mut claimed = Vec::new();
                for ScoredMember { member, .. } in members {
                    if sets.remove_member(name("s"), member.clone()).await? {
                        claimed.push(member);
                    }
                }
                Ok::<_, BackendError>(claimed)
            })
        })
        .collect();
    let mut claimed = Vec::new();
    for claimer in claimers {
        claimed.extend(claimer.await??);
    }
    expect_equal("claims", &claimed.len(), &members.len())?;
    expect_equal("claimed", &claimed.iter().collect::<BTreeSet<_>>().len(), &members.len())
}

async fn a_set_ends_with_its_last_member(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    for way in ["remove", "trim", "remove set"] {
        sets.add_member(name(way), bytes("a"), 1.0, Some(LIFE)).await?;
        match way {
            "remove" => drop(sets.remove_member(name(way), bytes("a")).await?),
            "trim" => sets.trim_set(name(way), HighestFirst, 0).await?,
            _ => sets.remove_set(name(way)).await?,
        }
        // The next set does not have the expiry of the one before.
        sets.add_member(name(way), bytes("b"), 2.0, None).await?;
    }
    stores.pass(LIFE + stores.granularity() + Duration::from_millis(50)).await;
    for way in ["remove", "trim", "remove set"] {
        expect_equal(way, &list(&sets, way).await?, &scored(&[("b", 2.0)]))?;
    }
    Ok(())
}

async fn remove_set_removes_all_and_may_repeat(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    sets.put_members(name("s"), scored(&[("a", 1.0), ("b", 2.0)]), None).await?;
    sets.put_members(name("other"), scored(&[("a", 1.0)]), None).await?;
    sets.remove_set(name("s")).await?;
    sets.remove_set(name("s")).await?;
    expect_equal("removed", &list(&sets, "s").await?, &Vec::new())?;
    expect_equal("another", &list(&sets, "other").await?, &scored(&[("a", 1.0)]))
}

async fn trim_keeps_the_first_of_the_order(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let all = [("a", 1.0), ("b", 1.0), ("c", 2.0), ("d", 2.0), ("e", 3.0)];
    for (order, keep, expected) in [
        (LowestFirst, 0, &all[..0]),
        (LowestFirst, 1, &all[..1]),
        (LowestFirst, 3, &all[..3]),
        (LowestFirst, 5, &all[..]),
        (LowestFirst, u64::MAX, &all[..]),
        (HighestFirst, 0, &all[5..]),
        (HighestFirst, 1, &all[4..]),
        (HighestFirst, 4, &all[1..]),
        (HighestFirst, 6, &all[..]),
        (HighestFirst, u64::MAX, &all[..]),
    ] {
        sets.put_members(name("s"), scored(&all), None).await?;
        sets.trim_set(name("s"), order, keep).await?;
        let what = format!("{keep} {order:?}");
        expect_equal(&what, &list(&sets, "s").await?, &scored(expected))?;
    }
    Ok(())
}

async fn sets_and_entries_of_one_name_are_apart(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    // A set's name can look like whatever an implementation puts before names of another kind.
    for both in ["x", ":x", "x:x", "sets:x", "\0x"] {
        sets.add_member(name(both), bytes("m"), 1.0, None).await?;
        expect_equal("no entry", &sets.get(name(both)).await?, &None)?;
        expect_holds("absent", sets.put_if(name(both), None, bytes("v"), None).await?)?;
        sets.increment_score(name(both), bytes("m"), 1.0, None).await?;
        expect_equal("members", &list(&sets, both).await?, &scored(&[("m", 2.0)]))?;
        sets.remove_set(name(both)).await?;
        expect_equal("the entry stays", &sets.get(name(both)).await?, &Some(bytes("v")))?;
        sets.add_member(name(both), bytes("n"), 1.0, None).await?;
        sets.delete(name(both)).await?;
        expect_equal("the set stays", &list(&sets, both).await?, &scored(&[("n", 1.0)]))?;
        expect_equal("a counter", &sets.increment(name(both), 5, None).await?, &5)?;
    }
    for both in ["x", ":x", "x:x", "sets:x", "\0x"] {
        expect_equal("the set", &list(&sets, both).await?, &scored(&[("n", 1.0)]))?;
        expect_equal("the entry", &sets.get(name(both)).await?, &Some(bytes("5")))?;
    }
    Ok(())
}

async fn sets_of_different_names_are_apart(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    for (at, set) in (0..).zip(["s", "S", "s ", "ss"]) {
        sets.put_members(name(set), scored(&[("m", f64::from(at))]), None).await?;
    }
    sets.remove_set(name("s")).await?;
    for (at, set) in (1..).zip(["S", "s ", "ss"]) {
        expect_equal(set, &list(&sets, set).await?, &scored(&[("m", f64::from(at))]))?;
    }
    Ok(())
}

async fn stores_are_apart(stores: Factory) -> Verdict {
    let (one, two) = (stores.fresh().await?, stores.fresh().await?);
    one.add_member(name("s"), bytes("m"), 1.0, None).await?;
    expect_equal("the other", &list(&two, "s").await?, &Vec::new())?;
    two.increment_score(name("s"), bytes("m"), 5.0, None).await?;
    two.remove_set(name("s")).await?;
    expect_equal("the first", &list(&one, "s").await?, &scored(&[("m", 1.0)]))
}

async fn a_set_expires_whole_and_not_early(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    sets.put_members(name("put"), scored(&[("a", 1.0), ("b", 2.0)]), Some(LIFE)).await?;
    sets.add_member(name("added"), bytes("a"), 1.0, Some(LIFE)).await?;
    sets.increment_score(name("grown"), bytes("a"), 1.0, Some(LIFE)).await?;
    sets.add_member(name("stays"), bytes("a"), 1.0, None).await?;
    stores.pass(LIFE / 4).await;
    for (set, count) in [("put", 2), ("added", 1), ("grown", 1)] {
        expect_equal(set, &list(&sets, set).await?.len(), &count)?;
        sets.add_member(name(set), bytes("later"), 3.0, None).await?;
    }
    stores.pass(LIFE * 3 / 4 + stores.granularity() + Duration::from_millis(50)).await;
    for set in ["put", "added", "grown"] {
        expect_equal(set, &list(&sets, set).await?, &Vec::new())?;
    }
    expect_equal("stays", &list(&sets, "stays").await?, &scored(&[("a", 1.0)]))
}

async fn a_set_that_exists_keeps_its_expiry(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    for (set, ttl) in [("stays", None), ("goes", Some(LIFE))] {
        sets.add_member(name(set), bytes("a"), 1.0, ttl).await?;
    }
    let (short, long) = (Some(LIFE / 2), Some(LIFE * 10));
    for (set, ttl) in [("stays", short), ("goes", long)] {
        sets.put_members(name(set), scored(&[("b", 2.0)]), ttl).await?;
        sets.add_member(name(set), bytes("c"), 3.0, ttl).await?;
        sets.increment_score(name(set), bytes("d"), 4.0, ttl).await?;
        sets.trim_set(name(set), HighestFirst, 3).await?;
        sets.remove_member(name(set), bytes("c")).await?;
    }
    stores.pass(LIFE + stores.granularity() + Duration::from_millis(50)).await;
    expect_equal("goes", &list(&sets, "goes").await?, &Vec::new())?;
    let expected = scored(&[("b", 2.0), ("d", 4.0)]);
    expect_equal("stays", &list(&sets, "stays").await?, &expected)
}

async fn an_expired_set_is_missing_for_every_method(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let soon = Some(Duration::from_millis(20));
    for set in ["read", "add", "put", "grow"] {
        sets.put_members(name(set), scored(&[("m", 7.0), ("n", 8.0)]), soon).await?;
    }
    stores.pass(Duration::from_millis(80) + stores.granularity()).await;
    let m = bytes("m");
    expect_equal("score", &sets.get_score(name("read"), m.clone()).await?, &None)?;
    expect_equal("rank", &sets.get_rank(name("read"), m.clone(), LowestFirst).await?, &None)?;
    expect_equal("count", &sets.count_members(name("read"), ScoreRange::ALL).await?, &0)?;
    expect_holds("remove", !sets.remove_member(name("read"), m.clone()).await?)?;
    expect_holds("add", sets.add_member(name("add"), m.clone(), 1.0, None).await?)?;
    sets.put_members(name("put"), scored(&[("m", 1.0)]), None).await?;
    expect_equal("grow", &sets.increment_score(name("grow"), m, 1.0, None).await?, &1.0)?;
    stores.pass(Duration::from_millis(80) + stores.granularity()).await;
    for set in ["add", "put", "grow"] {
        expect_equal(set, &list(&sets, set).await?, &scored(&[("m", 1.0)]))?;
    }
    Ok(())
}

async fn a_reopened_store_has_its_sets(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    sets.put_members(name("s"), scored(&[("a", -0.1), ("b", 1e300), ("c", 3.0)]), None).await?;
    sets.remove_member(name("s"), bytes("c")).await?;
    sets.add_member(name("gone"), bytes("m"), 1.0, None).await?;
    sets.remove_set(name("gone")).await?;
    sets.add_member(name("brief"), bytes("m"), 1.0, Some(LIFE)).await?;
    let Some(sets) = stores.reopen(sets).await? else { return Ok(()) };
    let expected = scored(&[("a", -0.1), ("b", 1e300)]);
    expect_equal("kept", &list(&sets, "s").await?, &expected)?;
    expect_equal("removed", &list(&sets, "gone").await?, &Vec::new())?;
    stores.pass(LIFE + stores.granularity() + Duration::from_millis(50)).await;
    expect_equal("expired", &list(&sets, "brief").await?, &Vec::new())
}

async fn large_calls_are_atomic(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let all = |score: f64| -> Vec<_> {
        (0..MAX_MEMBERS_PER_CALL).map(|at| ScoredMember::new(at.to_string(), score)).collect()
    };
    sets.put_members(name("s"), all(0.0), None).await?;
    let writer = {
        let sets = sets.clone();
        tokio::spawn(async move {
            for round in 1..=10 {
                sets.put_members(name("s"), all(f64::from(round)), Some(LIFE)).await?;
            }
            Ok::<_, BackendError>(())
        })
    };
    while !writer.is_finished() {
        let found = list(&sets, "s").await?;
        let scores: BTreeSet<_> = found.iter().map(|one| one.score.to_bits()).collect();
        expect_equal("scores at one time", &(found.len(), scores.len()), &(1000, 1))?;
        tokio::task::yield_now().await;
    }
    Ok(writer.await??)
}
