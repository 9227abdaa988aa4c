use super::*;

/// How often the one at `index` takes its place in 65,535 rounds.
fn count_turns(share: f64, index: u64) -> usize {
    (0..STRIDE).filter(|round| is_its_turn(share, *round, index)).count()
}

#[test]
fn the_heaviest_has_every_turn_and_the_others_have_their_share() {
    for index in 0..5 {
        assert_eq!(count_turns(1.0, index), 65_535);
        assert_eq!(count_turns(0.5, index), 32_768);
        assert_eq!(count_turns(0.1, index), 6_554);
        assert_eq!(count_turns(1e-9, index), 1, "even the lightest has one");
    }
}

#[test]
fn left_out_rounds_are_spread_evenly() {
    let turns: Vec<_> = (0..3000).filter(|round| is_its_turn(0.3, *round, 1)).collect();
    let gaps: Vec<_> = turns.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| (3..=4).contains(gap)), "{gaps:?}");
}
