//! Sorted sets in a cache in memory.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::MemoryCache;
use super::sorted_set::{SortedSet, to_u64, to_usize};
use crate::engine::score::{self, Score};
use crate::engine::validate;
use crate::{BackendError, ScoreOrder, ScoreRange, ScoredMember, SortedSets};

impl MemoryCache {
    /// Reads a set; a missing one has the default answer.
    fn read_set<R: Default>(&self, name: &str, work: impl FnOnce(&SortedSet) -> R) -> R {
        self.with(|contents, _now| {
            let used = contents.count_use();
            contents.sets.get(name, used).map(|(set, _)| work(set)).unwrap_or_default()
        })
    }

    /// Writes to a set, which is made if it is missing; unless `work` fails it leaves members.
    fn write_set<R>(
        &self,
        name: &str,
        ttl: Option<Duration>,
        work: impl Fn(&mut SortedSet) -> Result<R, BackendError>,
    ) -> Result<R, BackendError> {
        self.with(|contents, now| {
            let used = contents.count_use();
            if let Some(answer) = contents.sets.change(name, used, &work) {
                return answer;
            }
            let mut set = SortedSet::default();
            let answer = work(&mut set)?;
            contents.sets.put(name, set, ttl.map(|ttl| now + ttl), used);
            Ok(answer)
        })
    }

    /// Removes members of a set, and the set when it has no more; a missing one has the default answer.
    fn shrink_set<R: Default>(&self, name: &str, work: impl FnOnce(&mut SortedSet) -> R) -> R {
        self.with(|contents, _now| {
            let used = contents.count_use();
            let work = |set: &mut SortedSet| (work(set), set.scores.is_empty());
            let (answer, empty) = contents.sets.change(name, used, work).unwrap_or_default();
            if empty {
                contents.sets.remove(name);
            }
            answer
        })
    }
}

#[async_trait]
impl SortedSets for MemoryCache {
    async fn put_members(
        &self,
        set: String,
        members: Vec<ScoredMember>,
        ttl: Option<Duration>,
    ) -> Result<(), BackendError> {
        validate::set(&set)?;
        validate::time_to_live(ttl)?;
        let members = validate::scored_members(members)?;
        if members.is_empty() {
            return Ok(());
        }
        self.write_set(&set, ttl, |set| {
            for (score, member) in &members {
                set.put(member, *score);
            }
            Ok(())
        })
    }

    async fn add_member(
        &self,
        set: String,
        member: Bytes,
        score: f64,
        ttl: Option<Duration>,
    ) -> Result<bool, BackendError> {
        validate::set(&set)?;
        validate::member(&member)?;
        validate::time_to_live(ttl)?;
        let score = Score::new(score)?;
        self.write_set(&set, ttl, |set| {
            let new = !set.scores.contains_key(&member);
            if new {
                set.put(&member, score);
            }
            Ok(new)
        })
    }

    async fn increment_score(
        &self,
        set: String,
        member: Bytes,
        by: f64,
        ttl: Option<Duration>,
    ) -> Result<f64, BackendError> {
        validate::set(&set)?;
        validate::member(&member)?;
        validate::time_to_live(ttl)?;
        let by = Score::new(by)?;
        self.write_set(&set, ttl, |set| {
            let score = set.scores.get(&member).copied().unwrap_or(Score::ZERO).increase(by)?;
            set.put(&member, score);
            Ok(score.get())
        })
    }

    async fn get_score(&self, set: String, member: Bytes) -> Result<Option<f64>, BackendError> {
        validate::set(&set)?;
        validate::member(&member)?;
        Ok(self.read_set(&set, |set| set.scores.get(&member).map(|score| score.get())))
    }

    async fn get_rank(
        &self,
        set: String,
        member: Bytes,
        order: ScoreOrder,
    ) -> Result<Option<u64>, BackendError> {
        validate::set(&set)?;
        validate::member(&member)?;
        Ok(self.read_set(&set, |set| set.rank(&member, order).map(to_u64)))
    }

    async fn list_by_rank(
        &self,
        set: String,
        order: ScoreOrder,
        start: u64,
        count: u32,
    ) -> Result<Vec<ScoredMember>, BackendError> {
        validate::set(&set)?;
        validate::member_count(count)?;
        Ok(self.read_set(&set, |set| set.list(0..set.ordered.len(), order, start, count)))
    }

    async fn list_by_score(
        &self,
        set: String,
        scores: ScoreRange,
        order: ScoreOrder,
        skip: u64,
        count: u32,
    ) -> Result<Vec<ScoredMember>, BackendError> {
        validate::set(&set)?;
        validate::member_count(count)?;
        let scores = score::to_half_open(&scores)?;
        Ok(self.read_set(&set, |set| set.list(set.find_positions(scores), order, skip, count)))
    }

    async fn count_members(&self, set: String, scores: ScoreRange) -> Result<u64, BackendError> {
        validate::set(&set)?;
        let scores = score::to_half_open(&scores)?;
        Ok(to_u64(self.read_set(&set, |set| set.find_positions(scores).len())))
    }

    async fn remove_member(&self, set: String, member: Bytes) -> Result<bool, BackendError> {
        validate::set(&set)?;
        validate::member(&member)?;
        Ok(self.shrink_set(&set, |set| set.remove(&member)))
    }

    async fn trim_set(
        &self,
        set: String,
        order: ScoreOrder,
        keep: u64,
    ) -> Result<(), BackendError> {
        validate::set(&set)?;
        self.shrink_set(&set, |set| set.trim(order, to_usize(keep)));
        Ok(())
    }

    async fn remove_set(&self, set: String) -> Result<(), BackendError> {
        validate::set(&set)?;
        self.with(|contents, _now| contents.sets.remove(&set));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::CacheLimits;
    use super::super::shelf::OVERHEAD;
    use super::super::sorted_set::MEMBER_OVERHEAD;
    use super::*;
    use crate::Cache;

    async fn add(cache: &MemoryCache, set: &str, member: &'static str) {
        cache.add_member(set.into(), member.into(), 1.0, None).await.unwrap();
    }

    async fn count(cache: &MemoryCache, set: &str) -> u64 {
        cache.count_members(set.into(), ScoreRange::ALL).await.unwrap()
    }

    #[tokio::test]
    async fn sets_and_entries_share_the_limits_and_a_set_goes_whole() {
        let cache = MemoryCache::new(CacheLimits { items: 2, bytes: usize::MAX });
        for member in ["1", "2", "3"] {
            add(&cache, "a", member).await;
        }
        cache.put("a".into(), "v".into(), None).await.unwrap();
        assert_eq!(count(&cache, "a").await, 3);
        add(&cache, "b", "1").await;
        assert_eq!(cache.get("a".into()).await, Ok(None), "the entry was used before the set");
        assert_eq!((count(&cache, "b").await, count(&cache, "a").await), (1, 3));
        cache.put("c".into(), "v".into(), None).await.unwrap();
        assert_eq!((count(&cache, "b").await, count(&cache, "a").await), (0, 3));
        assert_eq!(cache.size().0, 2);
    }

    #[tokio::test]
    async fn bytes_of_members_are_accounted_exactly() {
        let cache = MemoryCache::default();
        for member in ["1", "2", "3", "3"] {
            add(&cache, "set", member).await;
            cache.increment_score("set".into(), member.into(), 1.0, None).await.unwrap();
        }
        let size = |members: usize| (1, "set".len() + OVERHEAD + members * (1 + MEMBER_OVERHEAD));
        assert_eq!(cache.size(), size(3));
        cache.remove_member("set".into(), "2".into()).await.unwrap();
        cache.remove_member("set".into(), "2".into()).await.unwrap();
        assert_eq!(cache.size(), size(2));
        cache.trim_set("set".into(), ScoreOrder::LowestFirst, 1).await.unwrap();
        assert_eq!(cache.size(), size(1));
        cache.trim_set("set".into(), ScoreOrder::LowestFirst, 0).await.unwrap();
        assert_eq!(cache.size(), (0, 0));
        add(&cache, "set", "1").await;
        cache.remove_set("set".into()).await.unwrap();
        assert_eq!(cache.size(), (0, 0));
    }

    /// What a set of members without bytes has allocated: the slots of both orders, used or not, and each member's count of references.
    fn count_allocated(set: &SortedSet) -> usize {
        // A hash table is filled to seven eighths, and has one byte of its own for each slot.
        let slots = set.scores.capacity() / 7 * 8;
        let counts = set.scores.len() * 3 * size_of::<usize>();
        slots * (size_of::<(Bytes, Score)>() + 1) + set.ordered.allocated() + counts
    }

    #[test]
    fn the_bytes_of_members_cover_what_is_allocated() {
        // Rising scores, falling scores, and scattered ones.
        for step in [1, 49_999, 30_011_u32] {
            let mut set = SortedSet::default();
            for at in 0..50_000_u32 {
                let place = at * step % 50_000;
                set.put(
                    &Bytes::copy_from_slice(&place.to_be_bytes()),
                    Score::new(f64::from(place)).unwrap(),
                );
                if set.ordered.len() < 1_000 || at % 7 > 0 {
                    continue;
                }
                let (allocated, counted) =
                    (count_allocated(&set), set.ordered.len() * MEMBER_OVERHEAD);
                assert!(allocated <= counted, "{allocated} of {counted}, {at} times {step}");
            }
        }
    }

    #[tokio::test]
    async fn a_set_larger_than_the_bound_is_forgotten_at_once() {
        let cache = MemoryCache::new(CacheLimits { items: usize::MAX, bytes: 500 });
        for member in ["1", "2"] {
            add(&cache, "set", member).await;
        }
        assert_eq!(count(&cache, "set").await, 2);
        add(&cache, "set", "3").await;
        assert_eq!(cache.size(), (0, 0));
    }

    #[tokio::test]
    async fn expired_sets_free_their_memory_without_being_read() {
        let clock = bp_runtime::ManualClock::new();
        let cache =
            MemoryCache::with_clock(CacheLimits::default(), std::sync::Arc::new(clock.clone()));
        let second = Some(Duration::from_secs(1));
        for set in ["a", "b"] {
            cache.add_member(set.into(), "m".into(), 1.0, second).await.unwrap();
            cache.add_member(set.into(), "n".into(), 1.0, None).await.unwrap();
        }
        clock.advance(Duration::from_millis(999));
        assert_eq!(cache.size().0, 2);
        clock.advance(Duration::from_millis(1));
        assert_eq!(cache.size(), (0, 0));
    }
}
