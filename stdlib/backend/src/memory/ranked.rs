//! A sorted sequence that knows the position of every element.

use std::ops::Range;

/// Most elements of a chunk: moving so many to make place for one is as fast as finding the chunk.
const MOST: usize = 512;

/// Elements in their order, each once.
///
/// They are in chunks, so a position is found by adding the chunks' lengths; a `BTreeSet` would walk over the elements.
#[derive(Debug)]
pub(super) struct Ranked<T> {
    /// In order; none is empty.
    chunks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Ranked<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }
}

impl<T: Ord> Ranked<T> {
    /// The bytes that are allocated for elements and chunks, used or not.
    #[cfg(test)]
    pub(super) fn allocated(&self) -> usize {
        let slots: usize = self.chunks.iter().map(Vec::capacity).sum();
        slots * size_of::<T>() + self.chunks.capacity() * size_of::<Vec<T>>()
    }

    /// How many elements there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The first element.
    pub(super) fn first(&self) -> Option<&T> {
        self.chunks.first()?.first()
    }

    /// The last element.
    pub(super) fn last(&self) -> Option<&T> {
        self.chunks.last()?.last()
    }

    /// How many elements at the beginning are before some point of the order.
    pub(super) fn count_before(&self, is_before: impl Fn(&T) -> bool) -> usize {
        let at = self.chunks.partition_point(|chunk| chunk.last().is_some_and(&is_before));
        let before: usize = self.chunks.iter().take(at).map(Vec::len).sum();
        before + self.chunks.get(at).map_or(0, |chunk| chunk.partition_point(is_before))
    }

    /// Adds an element that is not there.
    pub(super) fn insert(&mut self, element: T) {
        let at = self.find_chunk(&element).min(self.chunks.len().saturating_sub(1));
        self.len += 1;
        let Some(chunk) = self.chunks.get_mut(at) else {
            self.chunks.push(vec![element]);
            return;
        };
        if chunk.len() == chunk.capacity() {
            // Less than twice as much, because most chunks keep what they have.
            chunk.reserve_exact((chunk.len() / 16).max(4));
        }
        chunk.insert(chunk.partition_point(|other| *other < element), element);
        if chunk.len() > MOST {
            let upper = chunk.split_off(MOST / 2);
            // With rising elements the lower half is never filled again.
            chunk.shrink_to_fit();
            self.chunks.insert(at + 1, upper);
        }
    }

    /// Removes an element, which may be missing.
    pub(super) fn remove(&mut self, element: &T) {
        let at = self.find_chunk(element);
        let Some(chunk) = self.chunks.get_mut(at) else { return };
        let Ok(place) = chunk.binary_search(element) else { return };
        chunk.remove(place);
        self.len -= 1;
        if chunk.is_empty() {
            self.chunks.remove(at);
            return;
        }
        self.join_if_small(at);
        if let Some(before) = at.checked_sub(1) {
            self.join_if_small(before);
        }
    }

    /// Joins a small chunk and the next, so that there are never many chunks for few elements.
    fn join_if_small(&mut self, at: usize) {
        if let Some([chunk, next]) = self.chunks.get_mut(at..at + 2)
            && chunk.len() + next.len() <= MOST / 2
        {
            chunk.append(next);
            self.chunks.remove(at + 1);
        }
    }

    /// The elements at these positions.
    pub(super) fn list(&self, positions: Range<usize>) -> Vec<&T> {
        let mut found = Vec::new();
        let mut begin = 0;
        for chunk in &self.chunks {
            if begin >= positions.end {
                break;
            }
            let from = positions.start.saturating_sub(begin).min(chunk.len());
            let to = (positions.end - begin).min(chunk.len());
            found.extend(chunk.get(from..to).unwrap_or_default());
            begin += chunk.len();
        }
        found
    }

    /// The chunk where an element is or belongs; one behind the last when it is greater than all.
    fn find_chunk(&self, element: &T) -> usize {
        self.chunks.partition_point(|chunk| chunk.last().is_some_and(|last| last < element))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn check(ranked: &Ranked<u32>, expected: &BTreeSet<u32>) {
        assert_eq!(ranked.len(), expected.len());
        assert_eq!((ranked.first(), ranked.last()), (expected.first(), expected.last()));
        assert!(ranked.list(0..usize::MAX).into_iter().eq(expected));
        let most = ranked.chunks.iter().map(Vec::len).max().unwrap_or_default();
        let least = ranked.chunks.iter().map(Vec::len).min().unwrap_or(1);
        assert!(most <= MOST && least > 0, "{least} to {most}");
        for (position, element) in expected.iter().enumerate().step_by(97) {
            assert_eq!(ranked.count_before(|other| other < element), position);
            assert_eq!(ranked.count_before(|other| other <= element), position + 1);
            let some = ranked.list(position..position + 700);
            assert!(some.into_iter().eq(expected.iter().skip(position).take(700)));
        }
        assert_eq!(ranked.count_before(|_| true), expected.len());
    }

    #[test]
    fn it_has_what_a_tree_has() {
        let (mut ranked, mut expected) = (Ranked::default(), BTreeSet::new());
        check(&ranked, &expected);
        // Three orders of insertion and of removal: up, down and scattered.
        for step in [1, 9_999, 7_919_u32] {
            for at in 0..10_000_u32 {
                let element = at * step % 10_000;
                if expected.insert(element) {
                    ranked.insert(element);
                }
                if at % 2_500 == 0 {
                    check(&ranked, &expected);
                }
            }
            check(&ranked, &expected);
            for at in 0..10_000_u32 {
                let element = at * step % 10_000;
                ranked.remove(&element);
                ranked.remove(&element);
                expected.remove(&element);
                if at % 2_500 == 2_499 || at > 9_990 {
                    check(&ranked, &expected);
                }
            }
            assert!(ranked.chunks.is_empty());
        }
    }

    #[test]
    fn few_elements_are_in_few_chunks() {
        let mut ranked = Ranked::default();
        for element in 0..100_000_u32 {
            ranked.insert(element);
        }
        for element in (0..100_000).filter(|element| element % 500 != 0) {
            ranked.remove(&element);
        }
        assert_eq!(ranked.len(), 200);
        assert!(ranked.chunks.len() <= 3, "{}", ranked.chunks.len());
    }
}
