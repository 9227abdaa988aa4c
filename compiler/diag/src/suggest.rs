//! "Did you mean": the candidate nearest to a mistyped name.

/// The candidate at the least edit distance from `typed`, if that is at most a third of its length (at least 1, and less than all of it); ties go to the first in the given order.
///
/// What was typed is never an answer: a name that exists and does not fit is not a typing error.
///
/// A swap of two neighbours is one edit, and a long common beginning counts for the candidate: `retries` is nearer to `retry` than to `metrics`.
pub fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = typed.chars().count();
    let limit = (length / 3).max(1).min(length.saturating_sub(1));
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates.into_iter().filter(|c| *c != typed) {
        let same = typed
            .chars()
            .map(fold)
            .zip(candidate.chars().map(fold))
            .take_while(|(a, b)| a == b)
            .count();
        let bonus = if same >= 4 { same / 2 } else { 0 };
        let distance = edit_distance(typed, candidate).saturating_sub(bonus);
        if distance <= limit && best.is_none_or(|(d, _)| distance < d) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, c)| c)
}

/// As [`nearest`], where no other candidate is as near and few letters differ: what a fix may write unseen.
pub fn nearest_certain<'a>(
    typed: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let best = nearest(typed, candidates.iter().copied())?;
    let distance = edit_distance(typed, best);
    let rivals = candidates.iter().filter(|c| **c != best);
    let alone = rivals.map(|c| edit_distance(typed, c)).all(|d| d > distance);
    (alone && distance <= 2 && typed.chars().count() > 2).then_some(best)
}

fn fold(c: char) -> char {
    if c == '-' { '_' } else { c.to_ascii_lowercase() }
}

/// Optimal string alignment in characters; `-` and `_` count as the same.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().map(fold).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (i, ca) in a.chars().map(fold).enumerate() {
        let mut next = vec![i + 1];
        for (j, cb) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX - 1);
            let mut cost = (at(&row, j) + usize::from(ca != *cb))
                .min(at(&row, j + 1) + 1)
                .min(at(&next, j) + 1);
            let left = j.checked_sub(1).and_then(|j| b.get(j).map(|c| (j, *c)));
            if let Some((k, left)) = left
                && previous == Some(*cb)
                && left == ca
            {
                cost = cost.min(at(&before, k) + 1);
            }
            next.push(cost);
        }
        before = std::mem::replace(&mut row, next);
        previous = Some(ca);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_slip_and_not_a_stranger() {
        assert_eq!(nearest("attemps", ["budget", "attempts"]), Some("attempts"));
        assert_eq!(nearest("rate-db", ["rate_db"]), Some("rate_db"));
        assert_eq!(nearest("zzz", ["attempts"]), None);
        assert_eq!(nearest("crat", ["users", "cart"]), Some("cart"));
        assert_eq!(nearest("retries", ["metrics", "retry"]), Some("retry"));
        assert_eq!(nearest("e", ["b"]), None);
        assert_eq!(nearest("", ["b"]), None);
        assert_eq!(nearest("item", ["item"]), None);
        assert_eq!(nearest("item", ["item", "items"]), Some("items"));
        assert_eq!(nearest_certain("attemps", ["budget", "attempts"]), Some("attempts"));
        // Either may be meant.
        assert_eq!(nearest_certain("cart", ["cart1", "cart2"]), None);
        assert_eq!(nearest("cart", ["cart1", "cart2"]), Some("cart1"));
        assert_eq!(nearest_certain("retries", ["metrics", "retry"]), None);
    }
}
