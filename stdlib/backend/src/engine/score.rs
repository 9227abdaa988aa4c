//! Scores of sorted sets: which are valid, how they are ordered and added.

use std::cmp::Ordering;

use crate::{BackendError, ScoreBound, ScoreRange};

/// A score in its order; one that a set holds is finite and not `-0.0`.
#[derive(Debug, Clone, Copy)]
pub struct Score(f64);

impl Score {
    /// The score of a member that is missing.
    pub const ZERO: Self = Self(0.0);

    /// The score as a set holds it: `-0.0` becomes `0.0`, so that equal scores have equal bits.
    ///
    /// # Errors
    /// [`BackendError::Invalid`] when it is not finite.
    pub fn new(score: f64) -> Result<Self, BackendError> {
        if !score.is_finite() {
            return Err(BackendError::Invalid(format!("a score of {score}: it must be finite")));
        }
        // Adding zero changes negative zero alone.
        Ok(Self(score + 0.0))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The score after adding `by`.
    ///
    /// # Errors
    /// [`BackendError::Invalid`] when the sum is not finite.
    pub fn increase(self, by: Self) -> Result<Self, BackendError> {
        let sum = self.0 + by.0;
        if sum.is_finite() { Ok(Self(sum)) } else { Err(overflow(by)) }
    }
}

/// The error of an increment whose sum is not finite.
pub fn overflow(by: Score) -> BackendError {
    BackendError::Invalid(format!("a score grows by {} beyond what is finite", by.0))
}

impl PartialEq for Score {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// The lowest score of a range, and the lowest one above it; the range is empty unless the first is lower.
///
/// # Errors
/// [`BackendError::Invalid`] for a bound that is not finite.
pub fn to_half_open(range: &ScoreRange) -> Result<(Score, Score), BackendError> {
    let from = match range.lower {
        ScoreBound::Unbounded => Score(f64::NEG_INFINITY),
        ScoreBound::Included(score) => Score::new(score)?,
        ScoreBound::Excluded(score) => next_up(Score::new(score)?),
    };
    let to = match range.upper {
        ScoreBound::Unbounded => Score(f64::INFINITY),
        ScoreBound::Included(score) => next_up(Score::new(score)?),
        ScoreBound::Excluded(score) => Score::new(score)?,
    };
    Ok((from, to))
}

/// The next higher score; infinity, which no member has, is above the highest.
fn next_up(score: Score) -> Score {
    Score(score.0.next_up() + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_are_equal_scores() {
        assert_eq!(Score::new(-0.0).unwrap(), Score::ZERO);
        assert!(Score::new(-0.0).unwrap().get().is_sign_positive());
        let ordered = [f64::MIN, -1.0, -5e-324, 0.0, 5e-324, 1.0, f64::MAX];
        for pair in ordered.windows(2) {
            assert!(Score::new(pair[0]).unwrap() < Score::new(pair[1]).unwrap(), "{pair:?}");
        }
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(matches!(Score::new(bad), Err(BackendError::Invalid(_))), "{bad}");
        }
    }

    #[test]
    fn a_half_open_range_has_the_scores_of_the_range() {
        let has = |range: ScoreRange, score: f64| {
            let (from, to) = to_half_open(&range).unwrap();
            let score = Score::new(score).unwrap();
            from <= score && score < to
        };
        for at in [f64::MIN, -2.5, -5e-324, 0.0, -0.0, 5e-324, 7.0, f64::MAX] {
            assert!(has(ScoreRange::ALL, at), "{at}");
            assert!(has(ScoreRange::ALL.at_least(at).at_most(at), at), "{at}");
            assert!(!has(ScoreRange::ALL.above(at), at), "{at}");
            assert!(!has(ScoreRange::ALL.below(at), at), "{at}");
            if at < f64::MAX {
                assert!(has(ScoreRange::ALL.above(at), at.next_up()), "{at}");
                assert!(!has(ScoreRange::ALL.at_most(at), at.next_up()), "{at}");
            }
        }
        let (from, to) = to_half_open(&ScoreRange::ALL.at_least(2.0).below(1.0)).unwrap();
        assert!(from > to);
    }
}
