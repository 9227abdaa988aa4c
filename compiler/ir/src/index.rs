//! From keys to petgraph's indices: found by hash, walked in order.

use std::collections::BTreeMap;
use std::hash::Hash;

use indexmap::IndexMap;

/// A map that is asked for single keys many times more often than it is walked.
#[derive(Debug, Clone)]
pub(crate) struct Index<K, V> {
    found: IndexMap<K, V>,
    ordered: BTreeMap<K, V>,
}

impl<K, V> Default for Index<K, V> {
    fn default() -> Self {
        Self { found: IndexMap::new(), ordered: BTreeMap::new() }
    }
}

impl<K: Clone + Ord + Hash, V: Copy> Index<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.found.get(key).copied()
    }

    pub(crate) fn contains(&self, key: &K) -> bool {
        self.found.contains_key(key)
    }

    pub(crate) fn insert(&mut self, key: &K, value: V) {
        self.found.insert(key.clone(), value);
        self.ordered.insert(key.clone(), value);
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        self.ordered.remove(key);
        self.found.swap_remove(key)
    }

    /// Every value, by key.
    pub(crate) fn values(&self) -> impl Iterator<Item = V> {
        self.ordered.values().copied()
    }

    /// Keys from one on, in order, with their values.
    pub(crate) fn from(&self, first: K) -> impl Iterator<Item = (&K, V)> {
        self.ordered.range(first..).map(|(key, value)| (key, *value))
    }
}
