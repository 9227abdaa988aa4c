//! Drawing one of several endpoints, as a function of their load and of a seed.

/// How an endpoint is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Choice {
    /// Power of two choices: of two drawn at random, the one with fewer outstanding requests; of equals, the first in order
    /// (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 2001).
    #[default]
    P2c,
    /// Round robin.
    RoundRobin,
    /// Any.
    Random,
}

/// Draws two different indices below `count`, which is at least two; each pair is equally likely.
///
/// The high half of the seed draws the first, the low half draws the second from the rest (Lemire's multiplication, whose bias below 2⁻³² is accepted).
/// The same seed draws the same indices on any machine.
pub fn draw_two(count: usize, seed: u64) -> (usize, usize) {
    let first = draw_below(count, seed >> 32);
    let second = draw_below(count.saturating_sub(1), seed & 0xffff_ffff);
    (first, if second >= first { second + 1 } else { second })
}

/// Draws one index below `count`.
pub(super) fn draw_one(count: usize, seed: u64) -> usize {
    draw_below(count, seed >> 32)
}

/// `bits` is uniform below 2³².
fn draw_below(count: usize, bits: u64) -> usize {
    let count = u64::try_from(count).unwrap_or(u64::MAX).min(1 << 32);
    usize::try_from((bits * count) >> 32).unwrap_or(0)
}

/// The next seed of the same call.
pub(super) fn next_seed(seed: u64) -> u64 {
    // SplitMix64's output function (Steele, Lea and Flood, 2014).
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_places_are_a_contract() {
        let seeds = [0, 1, 1 << 32, 0x8000_0000_0000_0000, 0x8000_0000_8000_0000, u64::MAX];
        let pairs = seeds.map(|seed| draw_two(12, seed));
        assert_eq!(pairs, [(0, 1), (0, 1), (0, 1), (6, 0), (6, 5), (11, 10)]);
        assert_eq!(draw_two(2, 0), (0, 1));
        assert_eq!(draw_two(2, u64::MAX), (1, 0));
    }

    #[test]
    fn every_pair_is_equally_likely() {
        for count in [2, 3, 7] {
            let mut seen: BTreeMap<(usize, usize), u32> = BTreeMap::new();
            let mut rng = fastrand::Rng::with_seed(1);
            let draws = 20_000_u32;
            for _ in 0..draws {
                let (a, b) = draw_two(count, rng.u64(..));
                assert!(a != b && a < count && b < count);
                *seen.entry((a, b)).or_default() += 1;
            }
            let pairs = count * (count - 1);
            assert_eq!(seen.len(), pairs);
            let fair = f64::from(draws) / f64::from(u32::try_from(pairs).unwrap());
            for (pair, times) in seen {
                let ratio = f64::from(times) / fair;
                assert!((0.85..1.15).contains(&ratio), "{pair:?} of {count}: {ratio}");
            }
        }
    }
}
