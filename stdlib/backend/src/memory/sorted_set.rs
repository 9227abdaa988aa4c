//! One sorted set in memory.

use std::collections::HashMap;
use std::ops::Range;

use bytes::Bytes;

use super::ranked::Ranked;
use super::shelf::Content;
use crate::engine::score::Score;
use crate::{ScoreOrder, ScoredMember};

/// What a member costs beside its bytes: a slot in each of both orders, and its allocation.
pub(super) const MEMBER_OVERHEAD: usize = 160;

/// One set; a set without members is not kept.
#[derive(Debug, Default)]
pub(super) struct SortedSet {
    pub(super) scores: HashMap<Bytes, Score>,
    pub(super) ordered: Ranked<(Score, Bytes)>,
    bytes: usize,
}

impl Content for SortedSet {
    fn bytes(&self) -> usize {
        self.bytes
    }
}

impl SortedSet {
    pub(super) fn put(&mut self, member: &Bytes, score: Score) {
        let member = match self.remove_entry(member) {
            Some(member) => member,
            // A copy, because the argument may be a slice that keeps a whole request in memory.
            None => Bytes::copy_from_slice(member),
        };
        self.bytes += member.len() + MEMBER_OVERHEAD;
        self.ordered.insert((score, member.clone()));
        self.scores.insert(member, score);
    }

    pub(super) fn remove(&mut self, member: &Bytes) -> bool {
        self.remove_entry(member).is_some()
    }

    pub(super) fn remove_entry(&mut self, member: &Bytes) -> Option<Bytes> {
        let entry = self.scores.remove_entry(member).map(|(member, score)| (score, member))?;
        self.ordered.remove(&entry);
        self.bytes -= entry.1.len() + MEMBER_OVERHEAD;
        Some(entry.1)
    }

    pub(super) fn rank(&self, member: &Bytes, order: ScoreOrder) -> Option<usize> {
        let score = *self.scores.get(member)?;
        let before = self.ordered.count_before(|(other, name)| (*other, name) < (score, member));
        Some(match order {
            ScoreOrder::LowestFirst => before,
            ScoreOrder::HighestFirst => self.ordered.len() - 1 - before,
        })
    }

    /// The positions of the members with scores from the first up to, but not with, the second.
    pub(super) fn find_positions(&self, (from, to): (Score, Score)) -> Range<usize> {
        let start = self.ordered.count_before(|(score, _)| *score < from);
        let end = self.ordered.count_before(|(score, _)| *score < to);
        // The ends of an empty range may have crossed.
        start..end.max(start)
    }

    /// Of the members at these positions, in that order, at most `count` after the first `skip`.
    pub(super) fn list(
        &self,
        Range { start, end }: Range<usize>,
        order: ScoreOrder,
        skip: u64,
        count: u32,
    ) -> Vec<ScoredMember> {
        let (skip, count) = (to_usize(skip), to_usize(count.into()));
        let positions = match order {
            ScoreOrder::LowestFirst => {
                let start = start.saturating_add(skip).min(end);
                start..start.saturating_add(count).min(end)
            }
            ScoreOrder::HighestFirst => {
                let end = end.saturating_sub(skip).max(start);
                end.saturating_sub(count).max(start)..end
            }
        };
        let mut found = self.ordered.list(positions);
        if order == ScoreOrder::HighestFirst {
            found.reverse();
        }
        let scored =
            |(score, member): &(Score, Bytes)| ScoredMember::new(member.clone(), score.get());
        found.into_iter().map(scored).collect()
    }

    pub(super) fn trim(&mut self, order: ScoreOrder, keep: usize) {
        while self.ordered.len() > keep {
            let last = match order {
                ScoreOrder::LowestFirst => self.ordered.last(),
                ScoreOrder::HighestFirst => self.ordered.first(),
            };
            let Some((_, member)) = last else { return };
            let member = member.clone();
            self.remove(&member);
        }
    }
}

pub(super) fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

pub(super) fn to_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
