//! Choosing one of several endpoints, as a function of their load and of a seed.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::candidates::{Candidate, Candidates};
use crate::call::Call;

/// How an endpoint is chosen among those that a call may go to.
///
/// A plugin gives one for each edge, by [`WrapperPlugin::balance`](crate::WrapperPlugin::balance).
/// It runs for every call, so it must be quick; those here neither allocate nor look at all endpoints while all are well.
pub trait Choice: Send + Sync + fmt::Debug {
    /// The candidate that `call` goes to. `seed` is random.
    fn choose<'a>(&self, call: &Call, candidates: &Candidates<'a>, seed: u64) -> Candidate<'a>;
}

/// Power of two choices: of two drawn at random, the one with fewer outstanding requests for its weight; of equals, the first in order
/// (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct P2c;

impl Choice for P2c {
    fn choose<'a>(&self, _: &Call, candidates: &Candidates<'a>, seed: u64) -> Candidate<'a> {
        match candidates.draw_two(seed) {
            None => candidates.draw(seed),
            Some((first, second)) if second.load() < first.load() => second,
            Some((first, _)) => first,
        }
    }
}

/// Any, by weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Random;

impl Choice for Random {
    fn choose<'a>(&self, _: &Call, candidates: &Candidates<'a>, seed: u64) -> Candidate<'a> {
        candidates.draw(seed)
    }
}

/// Round robin, by weight: the heaviest has every turn, and a lighter one leaves out as many as its weight is less
/// (the static stride scheduler of gRPC's weighted round robin, which keeps no list and takes no lock).
#[derive(Debug, Default)]
pub struct RoundRobin {
    /// By the first candidate: calls that may go to other endpoints than others, such as those of a shard, have turns of their own.
    turns: [AtomicUsize; 16],
}

/// The weight of the heaviest in turns.
const STRIDE: u64 = 65_535;

impl Choice for RoundRobin {
    fn choose<'a>(&self, _: &Call, candidates: &Candidates<'a>, seed: u64) -> Candidate<'a> {
        let (count, heaviest) = (candidates.count().max(1), candidates.heaviest());
        let first = candidates.get(0).position();
        let Some(turns) = self.turns.get(first % self.turns.len()) else {
            return candidates.draw(seed);
        };
        // The heaviest is among any `count` turns in a row, unless other calls take them.
        for _ in 0..count.saturating_mul(2) {
            let turn = turns.fetch_add(1, Ordering::Relaxed);
            let candidate = candidates.get(turn % count);
            let (round, index) = (to_u64(turn / count), to_u64(turn % count));
            if is_its_turn(candidate.weight() / heaviest, round, index) {
                return candidate;
            }
        }
        candidates.draw(seed)
    }
}

/// Whether a candidate takes its place in this round, where `share` is its weight as a part of the heaviest one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 65535")]
fn is_its_turn(share: f64, round: u64, index: u64) -> bool {
    let stride = ((share * 65_535.0).round() as u64).clamp(1, STRIDE);
    // Those of equal weight are half a round apart, so that they do not all leave out the same rounds.
    let offset = index.wrapping_mul(STRIDE / 2);
    stride.wrapping_mul(round).wrapping_add(offset) % STRIDE >= STRIDE - stride
}

fn to_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
