//! The types of the methods of sorted sets: members with scores, orders, ranges of scores.

use bp_macros::Data;
use bytes::Bytes;

/// A member of a sorted set and its score.
#[derive(Debug, Clone, PartialEq, Data)]
#[data(crate = ::bp_runtime)]
pub struct ScoredMember {
    /// Any bytes; unique in its set.
    pub member: Bytes,
    /// Finite.
    pub score: f64,
}

impl ScoredMember {
    /// A member of this score.
    pub fn new(member: impl Into<Bytes>, score: f64) -> Self {
        Self { member: member.into(), score }
    }
}

/// From which end of a sorted set members are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Data)]
#[data(crate = ::bp_runtime)]
pub enum ScoreOrder {
    /// By rising score, and by rising bytes where scores are equal.
    #[default]
    LowestFirst,
    /// By falling score, and by falling bytes where scores are equal.
    HighestFirst,
}

/// One end of a range of scores.
#[derive(Debug, Clone, Copy, PartialEq, Default, Data)]
#[data(crate = ::bp_runtime)]
pub enum ScoreBound {
    /// The range has no end on this side.
    #[default]
    Unbounded,
    /// The range ends with this score, which is in it.
    Included(f64),
    /// The range ends before this score, which is not in it.
    Excluded(f64),
}

/// Which scores. Built as `ScoreRange::ALL.at_least(10.0).below(20.0)`.
///
/// A range whose ends have crossed has no scores.
#[derive(Debug, Clone, Copy, PartialEq, Default, Data)]
#[data(crate = ::bp_runtime)]
pub struct ScoreRange {
    /// The lower end.
    pub lower: ScoreBound,
    /// The upper end.
    pub upper: ScoreBound,
}

impl ScoreRange {
    /// Every score.
    pub const ALL: Self = Self { lower: ScoreBound::Unbounded, upper: ScoreBound::Unbounded };

    /// Only this score and higher ones.
    pub fn at_least(self, score: f64) -> Self {
        Self { lower: ScoreBound::Included(score), ..self }
    }

    /// Only scores higher than this.
    pub fn above(self, score: f64) -> Self {
        Self { lower: ScoreBound::Excluded(score), ..self }
    }

    /// Only this score and lower ones.
    pub fn at_most(self, score: f64) -> Self {
        Self { upper: ScoreBound::Included(score), ..self }
    }

    /// Only scores lower than this.
    pub fn below(self, score: f64) -> Self {
        Self { upper: ScoreBound::Excluded(score), ..self }
    }
}
