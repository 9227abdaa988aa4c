//! A cache in memory.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bp_runtime::{Clock, Instant, RealClock};
use bytes::Bytes;

use super::shelf::{Content, Shelf};
use super::sorted_set::SortedSet;
use crate::engine::validate;
use crate::{BackendError, Cache};

/// The bounds of a [`MemoryCache`]; beyond them the least recently used entries and sorted sets are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// Most entries and sorted sets; a set counts as one, whatever its members.
    pub items: usize,
    /// Most bytes: keys, values and about 128 an entry; names, members and about 128 a set and 160 a member.
    pub bytes: usize,
}

impl Default for CacheLimits {
    /// Any number of entries and sets in 64 MiB.
    fn default() -> Self {
        Self { items: usize::MAX, bytes: 64 * 1024 * 1024 }
    }
}

/// A [`Cache`] with [`SortedSets`](crate::SortedSets) in memory, with exact bounds, least recently used out first.
///
/// Time to live is exact.
/// (It does not use moka or quick_cache, because those apply bounds some time later and have no injected clock.)
#[derive(Debug)]
pub struct MemoryCache {
    clock: Arc<dyn Clock>,
    limits: CacheLimits,
    contents: Mutex<Contents>,
}

/// Entries and sets, which share the limits and know nothing else of each other.
#[derive(Debug)]
pub(super) struct Contents {
    entries: Shelf<Bytes>,
    pub(super) sets: Shelf<SortedSet>,
    uses: u64,
}

impl Content for Bytes {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Default for MemoryCache {
    fn default() -> Self {
        Self::new(CacheLimits::default())
    }
}

impl MemoryCache {
    /// An empty cache on the real clock.
    pub fn new(limits: CacheLimits) -> Self {
        Self::with_clock(limits, Arc::new(RealClock))
    }

    /// An empty cache on this clock.
    pub fn with_clock(limits: CacheLimits, clock: Arc<dyn Clock>) -> Self {
        let contents = Contents { entries: Shelf::new(), sets: Shelf::new(), uses: 0 };
        Self { clock, limits, contents: Mutex::new(contents) }
    }

    /// How many entries and sets there are, and their bytes as [`CacheLimits::bytes`] counts them.
    pub fn size(&self) -> (usize, usize) {
        self.with(|contents, _now| contents.size())
    }

    /// Runs `work` on the live contents; one critical section for each call makes the call atomic.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Contents, Instant) -> T) -> T {
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        contents.entries.expire(now);
        contents.sets.expire(now);
        let answer = work(&mut contents, now);
        contents.evict(self.limits);
        answer
    }
}

impl Contents {
    fn size(&self) -> (usize, usize) {
        (self.entries.len() + self.sets.len(), self.entries.bytes() + self.sets.bytes())
    }

    fn evict(&mut self, limits: CacheLimits) {
        loop {
            let (items, bytes) = self.size();
            if items <= limits.items && bytes <= limits.bytes {
                return;
            }
            match (self.entries.oldest_use(), self.sets.oldest_use()) {
                (Some(entry), Some(set)) if set < entry => self.sets.remove_oldest(),
                (None, Some(_)) => self.sets.remove_oldest(),
                (Some(_), _) => self.entries.remove_oldest(),
                (None, None) => return,
            }
        }
    }

    /// The number of this use, higher than those before.
    pub(super) fn count_use(&mut self) -> u64 {
        self.uses += 1;
        self.uses
    }

    fn get(&mut self, key: &str) -> Option<(&Bytes, Option<Instant>)> {
        let used = self.count_use();
        self.entries.get(key, used)
    }

    fn put(&mut self, key: &str, value: Bytes, expires: Option<Instant>) {
        let used = self.count_use();
        self.entries.put(key, value, expires, used);
    }
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: String) -> Result<Option<Bytes>, BackendError> {
        validate::key(&key)?;
        Ok(self.with(|contents, _now| contents.get(&key).map(|(value, _)| value.clone())))
    }

    async fn get_many(&self, keys: Vec<String>) -> Result<Vec<Option<Bytes>>, BackendError> {
        keys.iter().try_for_each(|key| validate::key(key))?;
        let value = |contents: &mut Contents, key: &String| {
            contents.get(key).map(|(value, _)| value.clone())
        };
        Ok(self.with(|contents, _now| keys.iter().map(|key| value(contents, key)).collect()))
    }

    async fn put(
        &self,
        key: String,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> Result<(), BackendError> {
        validate::entry(&key, &value, ttl)?;
        self.with(|contents, now| contents.put(&key, value, ttl.map(|ttl| now + ttl)));
        Ok(())
    }

    async fn delete(&self, key: String) -> Result<(), BackendError> {
        validate::key(&key)?;
        self.with(|contents, _now| contents.entries.remove(&key));
        Ok(())
    }

    async fn put_if(
        &self,
        key: String,
        expected: Option<Bytes>,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> Result<bool, BackendError> {
        validate::entry(&key, &value, ttl)?;
        Ok(self.with(|contents, now| {
            let equal = contents.get(&key).map(|(value, _)| value) == expected.as_ref();
            if equal {
                contents.put(&key, value, ttl.map(|ttl| now + ttl));
            }
            equal
        }))
    }

    async fn increment(
        &self,
        key: String,
        by: i64,
        ttl: Option<Duration>,
    ) -> Result<i64, BackendError> {
        validate::key(&key)?;
        validate::time_to_live(ttl)?;
        self.with(|contents, now| {
            let there = contents.get(&key);
            let sum =
                crate::engine::counter::add(&key, there.map(|(value, _)| value.as_ref()), by)?;
            let expires = there.map_or_else(|| ttl.map(|ttl| now + ttl), |(_, expires)| expires);
            contents.put(&key, Bytes::from(sum.to_string()), expires);
            Ok(sum)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::shelf::OVERHEAD;
    use super::*;

    fn bytes(text: &str) -> Bytes {
        Bytes::copy_from_slice(text.as_bytes())
    }

    #[tokio::test]
    async fn the_entry_used_longest_ago_goes_first() {
        let cache = MemoryCache::new(CacheLimits { items: 2, bytes: usize::MAX });
        cache.put("a".into(), bytes("1"), None).await.unwrap();
        cache.put("b".into(), bytes("2"), None).await.unwrap();
        cache.get("a".into()).await.unwrap();
        cache.put("c".into(), bytes("3"), None).await.unwrap();
        let answers = cache.get_many(vec!["a".into(), "b".into(), "c".into()]).await.unwrap();
        assert_eq!(answers, [Some(bytes("1")), None, Some(bytes("3"))]);
    }

    #[tokio::test]
    async fn bytes_are_bounded_and_accounted_exactly() {
        let one = "k0".len() + 1000 + OVERHEAD;
        let cache = MemoryCache::new(CacheLimits { items: usize::MAX, bytes: 3 * one });
        let value = Bytes::from(vec![0; 1000]);
        for i in 0..9 {
            cache.put(format!("k{i}"), value.clone(), Some(Duration::from_mins(1))).await.unwrap();
            cache.put(format!("k{i}"), value.clone(), None).await.unwrap();
        }
        assert_eq!(cache.size(), (3, 3 * one));
        for i in 0..9 {
            cache.delete(format!("k{i}")).await.unwrap();
        }
        assert_eq!(cache.size(), (0, 0));
    }

    #[tokio::test]
    async fn an_entry_larger_than_the_bound_is_forgotten_at_once() {
        let cache = MemoryCache::new(CacheLimits { items: usize::MAX, bytes: 500 });
        cache.put("a".into(), Bytes::from(vec![0; 1000]), None).await.unwrap();
        assert_eq!(cache.size(), (0, 0));
    }

    #[tokio::test]
    async fn expired_entries_free_their_memory_without_being_read() {
        let clock = bp_runtime::ManualClock::new();
        let cache = MemoryCache::with_clock(CacheLimits::default(), Arc::new(clock.clone()));
        for i in 0..100 {
            cache.put(format!("k{i}"), bytes("v"), Some(Duration::from_secs(1))).await.unwrap();
        }
        clock.advance(Duration::from_secs(1));
        assert_eq!(cache.size(), (0, 0));
    }
}
