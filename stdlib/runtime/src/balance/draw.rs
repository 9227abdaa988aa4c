//! Drawing one or two of several, evenly or by weight, as a function of a seed.

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
    let product = u128::from(bits) * u128::from(to_u64(count));
    usize::try_from(product >> 32).unwrap_or(0)
}

/// The next seed of the same call.
pub(super) fn next_seed(seed: u64) -> u64 {
    // SplitMix64's output function (Steele, Lea and Flood, 2014).
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The sums of the weights up to and with each one.
pub(super) fn sum_up(weights: impl Iterator<Item = u32>) -> Vec<usize> {
    let sums = weights.scan(0_usize, |sum, weight| {
        *sum = sum.saturating_add(usize::try_from(weight).unwrap_or(usize::MAX));
        Some(*sum)
    });
    sums.collect()
}

/// The first position whose sum is greater than `drawn`.
pub(super) fn find_in_sums(sums: &[usize], drawn: usize) -> usize {
    sums.partition_point(|sum| *sum <= drawn)
}

/// Draws two positions of at least two, the second by weight from what the first leaves.
pub(super) fn draw_two_by_weight(sums: &[usize], seed: u64) -> (usize, usize) {
    let total = sums.last().copied().unwrap_or(0);
    let first = find_in_sums(sums, draw_one(total, seed));
    let end = sums.get(first).copied().unwrap_or(total);
    let before = first.checked_sub(1).and_then(|i| sums.get(i)).copied().unwrap_or(0);
    let rest = draw_one(total.saturating_sub(end - before), seed << 32);
    let drawn = if rest >= before { rest + (end - before) } else { rest };
    (first, find_in_sums(sums, drawn))
}

fn to_u64(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
