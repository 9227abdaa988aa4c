//! A cache in memory.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bp_runtime::{Clock, Instant, RealClock};
use bytes::Bytes;
use lru::LruCache;

use crate::engine::validate;
use crate::{BackendError, Cache};

/// What an entry costs beside its key and value: slot, list links, expiry.
const ENTRY_OVERHEAD: usize = 128;

/// The bounds of a [`MemoryCache`]; beyond them the least recently used entries are removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// Most entries.
    pub items: usize,
    /// Most bytes: keys, values and about 128 an entry.
    pub bytes: usize,
}

impl Default for CacheLimits {
    /// Any number of entries in 64 MiB.
    fn default() -> Self {
        Self { items: usize::MAX, bytes: 64 * 1024 * 1024 }
    }
}

/// A [`Cache`] in memory with exact bounds, least recently used out first.
///
/// Time to live is exact.
/// (It does not use moka or quick_cache, because those apply bounds some time later and have no injected clock.)
#[derive(Debug)]
pub struct MemoryCache {
    clock: Arc<dyn Clock>,
    limits: CacheLimits,
    entries: Mutex<Entries>,
}

#[derive(Debug)]
struct Entries {
    /// In order of use.
    by_key: LruCache<Arc<str>, Entry>,
    /// Every entry that expires, earliest first.
    by_expiry: BTreeSet<(Instant, Arc<str>)>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    value: Bytes,
    expires: Option<Instant>,
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
        let entries =
            Entries { by_key: LruCache::unbounded(), by_expiry: BTreeSet::new(), bytes: 0 };
        Self { clock, limits, entries: Mutex::new(entries) }
    }

    /// How many entries there are, and their bytes as [`CacheLimits::bytes`] counts them.
    pub fn size(&self) -> (usize, usize) {
        self.with(|entries, _now| (entries.by_key.len(), entries.bytes))
    }

    /// Runs `work` on the live entries; one critical section for each call makes the call atomic.
    fn with<T>(&self, work: impl FnOnce(&mut Entries, Instant) -> T) -> T {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        entries.expire(now);
        let answer = work(&mut entries, now);
        entries.evict(self.limits);
        answer
    }
}

impl Entries {
    fn expire(&mut self, now: Instant) {
        while let Some((expires, _)) = self.by_expiry.first()
            && *expires <= now
            && let Some((_, key)) = self.by_expiry.pop_first()
        {
            self.remove(&key);
        }
    }

    fn evict(&mut self, limits: CacheLimits) {
        while self.by_key.len() > limits.items || self.bytes > limits.bytes {
            let Some((key, entry)) = self.by_key.pop_lru() else { return };
            self.forget(key, &entry);
        }
    }

    fn get(&mut self, key: &str) -> Option<&Entry> {
        self.by_key.get(key)
    }

    fn remove(&mut self, key: &str) {
        if let Some((key, entry)) = self.by_key.pop_entry(key) {
            self.forget(key, &entry);
        }
    }

    /// Subtracts a removed entry from the totals.
    fn forget(&mut self, key: Arc<str>, entry: &Entry) {
        self.bytes -= cost(&key, entry);
        if let Some(expires) = entry.expires {
            self.by_expiry.remove(&(expires, key));
        }
    }

    fn put(&mut self, key: &str, entry: Entry) {
        self.remove(key);
        let key: Arc<str> = key.into();
        self.bytes += cost(&key, &entry);
        if let Some(expires) = entry.expires {
            self.by_expiry.insert((expires, Arc::clone(&key)));
        }
        self.by_key.put(key, entry);
    }
}

fn cost(key: &str, entry: &Entry) -> usize {
    key.len() + entry.value.len() + ENTRY_OVERHEAD
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: String) -> Result<Option<Bytes>, BackendError> {
        validate::key(&key)?;
        Ok(self.with(|entries, _now| entries.get(&key).map(|entry| entry.value.clone())))
    }

    async fn get_many(&self, keys: Vec<String>) -> Result<Vec<Option<Bytes>>, BackendError> {
        keys.iter().try_for_each(|key| validate::key(key))?;
        let value =
            |entries: &mut Entries, key: &String| entries.get(key).map(|entry| entry.value.clone());
        Ok(self.with(|entries, _now| keys.iter().map(|key| value(entries, key)).collect()))
    }

    async fn put(
        &self,
        key: String,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> Result<(), BackendError> {
        validate::entry(&key, &value, ttl)?;
        self.with(|entries, now| {
            entries.put(&key, Entry { value, expires: ttl.map(|ttl| now + ttl) });
        });
        Ok(())
    }

    async fn delete(&self, key: String) -> Result<(), BackendError> {
        validate::key(&key)?;
        self.with(|entries, _now| entries.remove(&key));
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
        Ok(self.with(|entries, now| {
            let equal = entries.get(&key).map(|entry| &entry.value) == expected.as_ref();
            if equal {
                entries.put(&key, Entry { value, expires: ttl.map(|ttl| now + ttl) });
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
        self.with(|entries, now| {
            let there = entries.get(&key);
            let sum =
                crate::engine::counter::add(&key, there.map(|entry| entry.value.as_ref()), by)?;
            let expires = there.map_or_else(|| ttl.map(|ttl| now + ttl), |entry| entry.expires);
            entries.put(&key, Entry { value: Bytes::from(sum.to_string()), expires });
            Ok(sum)
        })
    }
}

#[cfg(test)]
mod tests {
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
        let one = "k0".len() + 1000 + ENTRY_OVERHEAD;
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
