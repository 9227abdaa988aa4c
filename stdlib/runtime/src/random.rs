//! Randomness as policies see it: real, or seeded in tests and simulation.

use std::fmt;
use std::sync::Mutex;

/// The source of randomness of every policy.
pub trait Rng: Send + Sync + fmt::Debug {
    /// 64 uniform bits.
    fn next_u64(&self) -> u64;

    /// Uniform in `[0, 1)`, with 53 bits.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
    fn unit(&self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `0..bound` (Lemire's multiplication, whose bias below 2⁻³² is accepted); 0 when `bound` is 0.
    fn below(&self, bound: u32) -> u32 {
        let product = (self.next_u64() >> 32) * u64::from(bound);
        u32::try_from(product >> 32).unwrap_or(0)
    }
}

/// The thread's generator, seeded by the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealRng;

impl Rng for RealRng {
    fn next_u64(&self) -> u64 {
        fastrand::u64(..)
    }
}

/// A generator that repeats itself for the same seed.
#[derive(Debug)]
pub struct SeededRng {
    state: Mutex<fastrand::Rng>,
}

impl SeededRng {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { state: Mutex::new(fastrand::Rng::with_seed(seed)) }
    }
}

impl Rng for SeededRng {
    fn next_u64(&self) -> u64 {
        crate::sync::lock(&self.state).u64(..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_ranges_hold() {
        let (one, two) = (SeededRng::new(7), SeededRng::new(7));
        for _ in 0..1000 {
            assert_eq!(one.next_u64(), two.next_u64());
            assert!((0.0..1.0).contains(&one.unit()));
            assert!(two.below(3) < 3);
        }
        assert_eq!(one.below(0), 0);
    }
}
