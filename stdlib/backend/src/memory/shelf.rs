//! Named contents of one kind, in order of use and of expiry.

use std::collections::BTreeSet;
use std::sync::Arc;

use bp_runtime::Instant;
use lru::LruCache;

/// What a content costs beside its name and itself: slot, list links, expiry.
pub(super) const OVERHEAD: usize = 128;

/// What a shelf holds.
pub(super) trait Content {
    /// Its bytes as the limits count them.
    fn bytes(&self) -> usize;
}

/// Contents of one kind under their names.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    /// In order of use.
    by_name: LruCache<Arc<str>, Slot<T>>,
    /// Every name that expires, earliest first.
    by_expiry: BTreeSet<(Instant, Arc<str>)>,
    bytes: usize,
}

#[derive(Debug)]
struct Slot<T> {
    content: T,
    expires: Option<Instant>,
    used: u64,
}

impl<T: Content> Shelf<T> {
    /// An empty one.
    pub(super) fn new() -> Self {
        Self { by_name: LruCache::unbounded(), by_expiry: BTreeSet::new(), bytes: 0 }
    }

    /// How many contents there are.
    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// The bytes of all names and contents.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// When the content used longest ago was used.
    pub(super) fn oldest_use(&self) -> Option<u64> {
        self.by_name.peek_lru().map(|(_, slot)| slot.used)
    }

    /// Removes the content used longest ago.
    pub(super) fn remove_oldest(&mut self) {
        if let Some((name, slot)) = self.by_name.pop_lru() {
            self.forget(name, &slot);
        }
    }

    /// Removes what has expired.
    pub(super) fn expire(&mut self, now: Instant) {
        while let Some((expires, _)) = self.by_expiry.first()
            && *expires <= now
            && let Some((_, name)) = self.by_expiry.pop_first()
        {
            self.remove(&name);
        }
    }

    /// The content under a name and its expiry; this is a use.
    pub(super) fn get(&mut self, name: &str, used: u64) -> Option<(&T, Option<Instant>)> {
        let slot = self.by_name.get_mut(name)?;
        slot.used = used;
        Some((&slot.content, slot.expires))
    }

    /// Changes the content under a name, which may be missing; this is a use.
    pub(super) fn change<R>(
        &mut self,
        name: &str,
        used: u64,
        work: impl FnOnce(&mut T) -> R,
    ) -> Option<R> {
        let slot = self.by_name.get_mut(name)?;
        slot.used = used;
        self.bytes -= slot.content.bytes();
        let answer = work(&mut slot.content);
        self.bytes += slot.content.bytes();
        Some(answer)
    }

    /// Puts a content in place of any under its name.
    pub(super) fn put(&mut self, name: &str, content: T, expires: Option<Instant>, used: u64) {
        self.remove(name);
        let name: Arc<str> = name.into();
        let slot = Slot { content, expires, used };
        self.bytes += cost(&name, &slot);
        if let Some(expires) = slot.expires {
            self.by_expiry.insert((expires, Arc::clone(&name)));
        }
        self.by_name.put(name, slot);
    }

    /// Removes the content under a name, which may be missing.
    pub(super) fn remove(&mut self, name: &str) {
        if let Some((name, slot)) = self.by_name.pop_entry(name) {
            self.forget(name, &slot);
        }
    }

    /// Subtracts a removed content from the totals.
    fn forget(&mut self, name: Arc<str>, slot: &Slot<T>) {
        self.bytes -= cost(&name, slot);
        if let Some(expires) = slot.expires {
            self.by_expiry.remove(&(expires, name));
        }
    }
}

fn cost<T: Content>(name: &str, slot: &Slot<T>) -> usize {
    name.len() + slot.content.bytes() + OVERHEAD
}
