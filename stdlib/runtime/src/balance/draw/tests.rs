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
