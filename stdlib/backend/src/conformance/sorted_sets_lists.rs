//! Cases of the suite of sorted sets: order, ranks and ranges.

use std::sync::Arc;

use bytes::Bytes;

use super::sorted_sets::{Factory, SCORES, bytes, list, name, scored};
use super::{Verdict, cases, expect_equal};
use crate::{BackendError, ScoreOrder, ScoreRange, ScoredMember, SortedSets};

use ScoreOrder::{HighestFirst, LowestFirst};

cases! { pub(super) const CASES: dyn SortedSets = [
    members_are_ordered_by_score,
    ties_are_ordered_by_bytes,
    a_changed_score_changes_the_place,
    ranks_count_from_both_ends,
    ranges_by_rank_have_a_start_and_a_count,
    ranges_by_score_have_the_bounds_that_they_say,
    ranges_by_score_skip_and_count_in_their_order,
    every_score_bounds_a_range,
    a_crossed_range_is_empty,
    a_large_set_is_listed_page_by_page,
] }

/// The members of a list, as text.
fn texts(found: &[ScoredMember]) -> String {
    let text = |one: &ScoredMember| String::from_utf8_lossy(&one.member).into_owned();
    found.iter().map(text).collect::<Vec<_>>().join(" ")
}

async fn by_score(
    sets: &Arc<dyn SortedSets>,
    scores: ScoreRange,
    order: ScoreOrder,
) -> Result<String, BackendError> {
    Ok(texts(&sets.list_by_score(name("s"), scores, order, 0, 100).await?))
}

async fn members_are_ordered_by_score(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    // Neither in the order of members nor in that of the scores' text.
    let members = [("a", 10.0), ("b", 9.0), ("c", -10.0), ("d", -9.5), ("e", 0.5), ("f", 1e3)];
    sets.put_members(name("s"), scored(&members), None).await?;
    let order = [("c", -10.0), ("d", -9.5), ("e", 0.5), ("b", 9.0), ("a", 10.0), ("f", 1e3)];
    expect_equal("lowest first", &list(&sets, "s").await?, &scored(&order))?;
    let mut reverse = order;
    reverse.reverse();
    let found = sets.list_by_rank(name("s"), HighestFirst, 0, 100).await?;
    expect_equal("highest first", &found, &scored(&reverse))
}

async fn ties_are_ordered_by_bytes(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let ordered: [&[u8]; 10] =
        [b"", b"\0", b"\0\0", b"10", b"9", b"B", b"a", b"aa", "é".as_bytes(), &[0xff]];
    let at = |score| ordered.iter().rev().map(move |one| ScoredMember::new(one.to_vec(), score));
    sets.put_members(name("s"), at(3.0).collect(), None).await?;
    let mut expected: Vec<_> = at(3.0).collect();
    let found = sets.list_by_rank(name("s"), HighestFirst, 0, 100).await?;
    expect_equal("highest first", &found, &expected)?;
    let found = sets.list_by_score(name("s"), ScoreRange::ALL, HighestFirst, 0, 100).await?;
    expect_equal("highest first by score", &found, &expected)?;
    expected.reverse();
    expect_equal("lowest first", &list(&sets, "s").await?, &expected)?;
    let only = ScoreRange::ALL.at_least(3.0).at_most(3.0);
    let found = sets.list_by_score(name("s"), only, LowestFirst, 0, 100).await?;
    expect_equal("lowest first by score", &found, &expected)?;
    for (rank, member) in (0..).zip(ordered) {
        let found = sets.get_rank(name("s"), Bytes::copy_from_slice(member), LowestFirst).await?;
        expect_equal("rank", &found, &Some(rank))?;
    }
    Ok(())
}

async fn a_changed_score_changes_the_place(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    sets.put_members(name("s"), scored(&[("a", 1.0), ("b", 2.0), ("c", 3.0)]), None).await?;
    sets.increment_score(name("s"), bytes("a"), 1.5, None).await?;
    expect_equal("grown", &texts(&list(&sets, "s").await?), &"b a c".to_owned())?;
    sets.put_members(name("s"), scored(&[("c", -1.0)]), None).await?;
    expect_equal("put", &texts(&list(&sets, "s").await?), &"c b a".to_owned())?;
    sets.increment_score(name("s"), bytes("b"), 0.5, None).await?;
    expect_equal("to a tie", &texts(&list(&sets, "s").await?), &"c a b".to_owned())?;
    let rank = sets.get_rank(name("s"), bytes("b"), LowestFirst).await?;
    expect_equal("rank", &rank, &Some(2))
}

async fn ranks_count_from_both_ends(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let members = [("a", 1.0), ("b", 2.0), ("c", 2.0), ("d", 5.0)];
    sets.put_members(name("s"), scored(&members), None).await?;
    for (rank, (member, _)) in (0..).zip(members) {
        let low = sets.get_rank(name("s"), bytes(member), LowestFirst).await?;
        let high = sets.get_rank(name("s"), bytes(member), HighestFirst).await?;
        expect_equal(member, &(low, high), &(Some(rank), Some(3 - rank)))?;
    }
    expect_equal("missing", &sets.get_rank(name("s"), bytes("x"), HighestFirst).await?, &None)
}

async fn ranges_by_rank_have_a_start_and_a_count(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let members = [("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0), ("e", 5.0)];
    sets.put_members(name("s"), scored(&members), None).await?;
    for (order, start, count, expected) in [
        (LowestFirst, 0, 0, ""),
        (LowestFirst, 0, 1, "a"),
        (LowestFirst, 1, 2, "b c"),
        (LowestFirst, 3, 2, "d e"),
        (LowestFirst, 3, 1000, "d e"),
        (LowestFirst, 4, 0, ""),
        (LowestFirst, 5, 3, ""),
        (LowestFirst, u64::MAX, 1000, ""),
        (LowestFirst, u64::MAX >> 1, 1000, ""),
        (HighestFirst, 0, 2, "e d"),
        (HighestFirst, 2, 2, "c b"),
        (HighestFirst, 4, 9, "a"),
        (HighestFirst, 5, 1, ""),
        (HighestFirst, u64::MAX, 1, ""),
    ] {
        let found = sets.list_by_rank(name("s"), order, start, count).await?;
        let what = format!("{count} from {start} {order:?}");
        expect_equal(&what, &texts(&found), &expected.to_owned())?;
        let found = sets.list_by_score(name("s"), ScoreRange::ALL, order, start, count).await?;
        expect_equal(&format!("{what}, by score"), &texts(&found), &expected.to_owned())?;
    }
    Ok(())
}

async fn ranges_by_score_have_the_bounds_that_they_say(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let members = [("a", -2.0), ("b", 0.0), ("c", 1.5), ("d", 1.5), ("e", 4.0)];
    sets.put_members(name("s"), scored(&members), None).await?;
    let all = ScoreRange::ALL;
    for (range, expected) in [
        (all, "a b c d e"),
        (all.at_least(0.0), "b c d e"),
        (all.above(0.0), "c d e"),
        (all.at_most(1.5), "a b c d"),
        (all.below(1.5), "a b"),
        (all.at_least(1.5).at_most(1.5), "c d"),
        (all.above(-2.0).below(4.0), "b c d"),
        (all.at_least(-2.0).at_most(4.0), "a b c d e"),
        (all.above(0.1).below(1.4), ""),
        (all.above(4.0), ""),
        (all.below(-2.0), ""),
        (all.at_least(f64::MIN).at_most(f64::MAX), "a b c d e"),
    ] {
        let what = format!("{range:?}");
        expect_equal(&what, &by_score(&sets, range, LowestFirst).await?, &expected.to_owned())?;
        let reverse: Vec<_> = expected.split_whitespace().rev().collect();
        let found = by_score(&sets, range, HighestFirst).await?;
        expect_equal(&format!("{what} reversed"), &found, &reverse.join(" "))?;
        let count = sets.count_members(name("s"), range).await?;
        expect_equal(&format!("{what} counted"), &count, &(reverse.len() as u64))?;
    }
    Ok(())
}

async fn ranges_by_score_skip_and_count_in_their_order(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let members = [("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 3.0), ("e", 4.0), ("f", 5.0)];
    sets.put_members(name("s"), scored(&members), None).await?;
    let range = ScoreRange::ALL.at_least(2.0).below(5.0);
    for (order, skip, count, expected) in [
        (LowestFirst, 0, 2, "b c"),
        (LowestFirst, 2, 2, "d e"),
        (LowestFirst, 3, 9, "e"),
        (LowestFirst, 4, 9, ""),
        (LowestFirst, 1, 0, ""),
        (HighestFirst, 0, 2, "e d"),
        (HighestFirst, 1, 2, "d c"),
        (HighestFirst, 3, 2, "b"),
        (HighestFirst, u64::MAX, 2, ""),
    ] {
        let found = sets.list_by_score(name("s"), range, order, skip, count).await?;
        let what = format!("{count} behind {skip} {order:?}");
        expect_equal(&what, &texts(&found), &expected.to_owned())?;
    }
    Ok(())
}

async fn every_score_bounds_a_range(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    let members =
        (0..).zip(SCORES).map(|(at, score): (u64, _)| ScoredMember::new(at.to_string(), score));
    sets.put_members(name("s"), members.collect(), None).await?;
    let (all, total) = (ScoreRange::ALL, SCORES.len() as u64);
    for (at, score) in (0..).zip(SCORES) {
        for (what, range, expected) in [
            ("at least", all.at_least(score), total - at),
            ("above", all.above(score), total - at - 1),
            ("at most", all.at_most(score), at + 1),
            ("below", all.below(score), at),
            ("only", all.at_least(score).at_most(score), 1),
        ] {
            let what = format!("{what} {score:e}");
            expect_equal(&what, &sets.count_members(name("s"), range).await?, &expected)?;
            let listed = sets.list_by_score(name("s"), range, HighestFirst, 0, 100).await?;
            expect_equal(&what, &(listed.len() as u64), &expected)?;
        }
    }
    Ok(())
}

async fn a_crossed_range_is_empty(stores: Factory) -> Verdict {
    let sets = stores.fresh().await?;
    sets.put_members(name("s"), scored(&[("a", 1.0), ("b", 2.0)]), None).await?;
    let all = ScoreRange::ALL;
    for range in [
        all.at_least(2.0).at_most(1.0),
        all.above(1.0).below(1.0),
        all.at_least(1.0).below(1.0),
        all.above(1.0).at_most(1.0),
        all.at_least(f64::MAX).at_most(f64::MIN),
        all.above(f64::MAX).below(f64::MIN),
        all.above(f64::MAX),
    ] {
        let what = format!("{range:?}");
        for order in [LowestFirst, HighestFirst] {
            expect_equal(&what, &by_score(&sets, range, order).await?, &String::new())?;
        }
        expect_equal(&what, &sets.count_members(name("s"), range).await?, &0)?;
    }
    Ok(())
}

async fn a_large_set_is_listed_page_by_page(stores: Factory) -> Verdict {
    const TOTAL: u32 = 5000;
    let sets = stores.fresh().await?;
    // Seven is prime to the total, so this meets every member once and in another order than the scores'.
    let members: Vec<_> = (0..TOTAL)
        .map(|at| at * 7 % TOTAL)
        .map(|at| ScoredMember::new(format!("member-{at}"), f64::from(at / 2)))
        .collect();
    for part in members.chunks(1000) {
        sets.put_members(name("s"), part.to_vec(), None).await?;
    }
    let mut expected = members;
    expected.sort_by(|a, b| (a.score.total_cmp(&b.score)).then(a.member.cmp(&b.member)));
    expect_equal("count", &sets.count_members(name("s"), ScoreRange::ALL).await?, &5000)?;
    let mut found = Vec::new();
    for start in (0..).step_by(999) {
        let page = sets.list_by_rank(name("s"), LowestFirst, start, 999).await?;
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    expect_equal("by rank", &(found == expected), &true)?;
    expected.reverse();
    let mut found = Vec::new();
    for skip in (0..).step_by(1000) {
        let page = sets.list_by_score(name("s"), ScoreRange::ALL, HighestFirst, skip, 1000).await?;
        if page.is_empty() {
            break;
        }
        found.extend(page);
    }
    expect_equal("by score", &(found == expected), &true)?;
    for (rank, one) in (0..).zip(&found).step_by(617) {
        let answer = sets.get_rank(name("s"), one.member.clone(), HighestFirst).await?;
        expect_equal("rank", &answer, &Some(rank))?;
    }
    sets.trim_set(name("s"), HighestFirst, 10).await?;
    found.truncate(10);
    let left = sets.list_by_rank(name("s"), HighestFirst, 0, 1000).await?;
    expect_equal("trimmed", &left, &found)
}
