//! Which endpoints of a set a call may go to, before one of them is chosen.

use super::endpoint_set::EndpointSet;
use crate::call::Call;

/// Narrows the endpoints that a call may go to: to a shard, to a zone, to a subset.
///
/// A plugin gives one for each edge, by [`WrapperPlugin::selector`](crate::WrapperPlugin::selector); several narrow one after the other, in the order of their slots.
/// It runs once for every call, and once more for each endpoint that did not take the call, so it must be quick.
pub trait Selector: Send + Sync {
    /// Removes from `selection` the endpoints that this call must not go to.
    ///
    /// It sees the state of each endpoint, so that it can leave others in when those that it prefers are down.
    fn select(&self, call: &Call, endpoints: &EndpointSet, selection: &mut Selection);

    /// What happens when no endpoint is left.
    fn if_empty(&self) -> IfEmpty {
        IfEmpty::Fail
    }
}

/// What happens when a selector leaves no endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfEmpty {
    /// The call ends as unavailable, not processed: the right answer where only these endpoints have what the call needs.
    Fail,
    /// The selector counts for nothing: the right answer where these endpoints are only better than the others.
    Ignore,
}

/// A set of positions in an [`EndpointSet`]. It allocates nothing for up to 64 endpoints, or while all are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    len: usize,
    bits: Bits,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Bits {
    All,
    Few(u64),
    Many(Vec<u64>),
}

impl Selection {
    /// All of `len` positions.
    pub fn all(len: usize) -> Self {
        Self { len, bits: Bits::All }
    }

    /// Whether a position is in.
    pub fn contains(&self, position: usize) -> bool {
        if position >= self.len {
            return false;
        }
        let (word, bit) = locate(position);
        match &self.bits {
            Bits::All => true,
            Bits::Few(bits) => bits & bit != 0,
            Bits::Many(words) => words.get(word).is_some_and(|bits| bits & bit != 0),
        }
    }

    /// Leaves only the positions that `keep` is true for.
    pub fn retain(&mut self, mut keep: impl FnMut(usize) -> bool) {
        for position in 0..self.len {
            if self.contains(position) && !keep(position) {
                self.remove(position);
            }
        }
    }

    /// Takes a position out.
    pub fn remove(&mut self, position: usize) {
        if position >= self.len {
            return;
        }
        if matches!(self.bits, Bits::All) {
            self.bits = list_all(self.len);
        }
        let (word, bit) = locate(position);
        match &mut self.bits {
            Bits::All => {}
            Bits::Few(bits) => *bits &= !bit,
            Bits::Many(words) => {
                if let Some(bits) = words.get_mut(word) {
                    *bits &= !bit;
                }
            }
        }
    }

    /// How many positions are in.
    pub fn len(&self) -> usize {
        let count = |bits: &u64| usize::try_from(bits.count_ones()).unwrap_or(0);
        match &self.bits {
            Bits::All => self.len,
            Bits::Few(bits) => count(bits),
            Bits::Many(words) => words.iter().map(count).sum(),
        }
    }

    /// Whether no position is in.
    pub fn is_empty(&self) -> bool {
        match &self.bits {
            Bits::All => self.len == 0,
            Bits::Few(bits) => *bits == 0,
            Bits::Many(words) => words.iter().all(|bits| *bits == 0),
        }
    }

    /// The positions that are in, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        (0..self.len).filter(|position| self.contains(*position))
    }

    /// Whether every position is in.
    pub(super) fn is_all(&self) -> bool {
        matches!(self.bits, Bits::All)
    }
}

/// The bits of `len` positions, all in.
fn list_all(len: usize) -> Bits {
    let last = |count: usize| match count {
        64.. => u64::MAX,
        count => (1_u64 << count) - 1,
    };
    if len <= 64 {
        return Bits::Few(last(len));
    }
    Bits::Many((0..len.div_ceil(64)).map(|word| last(len - word * 64)).collect())
}

/// The word and the bit of a position.
fn locate(position: usize) -> (usize, u64) {
    (position / 64, 1 << (position % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_sets_lose_what_is_taken_out() {
        for len in [0, 1, 3, 63, 64, 65, 128, 200] {
            let mut selection = Selection::all(len);
            assert_eq!((selection.len(), selection.is_empty()), (len, len == 0));
            assert!(!selection.contains(len), "{len} is none of its positions");
            selection.remove(len);
            assert!(selection.is_all());
            selection.retain(|position| position % 3 == 0);
            let expected: Vec<_> = (0..len).filter(|p| p % 3 == 0).collect();
            assert_eq!(selection.iter().collect::<Vec<_>>(), expected);
            assert_eq!(selection.len(), expected.len());
            selection.retain(|position| position % 2 == 1);
            assert!(selection.iter().all(|position| position % 6 == 3));
            selection.retain(|_| false);
            assert!(selection.is_empty());
        }
    }

    #[test]
    fn a_selection_that_keeps_everything_stays_compact() {
        let mut selection = Selection::all(500);
        selection.retain(|_| true);
        assert!(selection.is_all());
    }
}
