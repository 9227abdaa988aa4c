//! The `SortedSets` interface.

use std::time::Duration;

use bp_macros::interface;
use bytes::Bytes;

use crate::{BackendError, Cache, ScoreOrder, ScoreRange, ScoredMember};

/// Longest member in bytes: an id or a short text, not what it stands for.
pub const MAX_MEMBER_BYTES: usize = 1024;

/// Most members that one call stores or answers.
pub const MAX_MEMBERS_PER_CALL: u32 = 1000;

/// A cache that also has sets of members ordered by a score: leaderboards, timelines, rankings.
///
/// **Sets and entries** do not know of each other: a set and an entry of the same name are two, and no method of one reads or changes the other.
///
/// **Forgetting.** Any set may be evicted at any time, as any entry: the whole set at once, never some of its members.
/// The next write makes a set that has only what is written then, so a set is no proof of what it lacks.
/// One that must have all its members is filled from their source by one [`put_members`](SortedSets::put_members), and again after it was forgotten.
///
/// **Names** are as keys of entries: 1 to [`MAX_KEY_BYTES`](crate::MAX_KEY_BYTES) bytes of UTF-8.
/// **Members** are 0 to [`MAX_MEMBER_BYTES`] bytes of any kind, and a member is in a set once.
/// **Scores** are finite; `-0.0` is stored as `0.0`, every other score keeps its bits.
/// What breaks one of these rules is [`BackendError::Invalid`], and nothing happens.
///
/// **Order.** Members are ordered by score, and those of equal scores by their bytes; [`ScoreOrder::HighestFirst`] is the exact reverse.
/// The *rank* of a member is how many members are before it, so the first has rank 0.
///
/// **Existence.** A set exists while it has members: a missing set is an empty one, and no method fails because of it.
///
/// **Time to live.** A write that makes a set gives it `ttl`: `None` means no expiry, otherwise more than zero and at most [`MAX_TTL`](crate::MAX_TTL).
/// A set that exists keeps its expiry whatever the write says; at its expiry all its members are gone.
/// An implementation may keep a set up to two seconds longer, never shorter.
///
/// **Atomicity.** Each method is atomic, with however many members.
#[interface(crate = ::bp_runtime)]
pub trait SortedSets: Cache {
    /// Stores these members, each with its score whatever it was before.
    ///
    /// Of a member named twice the last score counts; no members make no set.
    /// More than [`MAX_MEMBERS_PER_CALL`] are [`BackendError::Invalid`].
    #[idempotent]
    async fn put_members(
        &self,
        set: String,
        members: Vec<ScoredMember>,
        ttl: Option<Duration>,
    ) -> Result<(), BackendError>;

    /// Adds a new member and says whether it was new; one that is there keeps its score.
    ///
    /// Not idempotent: a repetition has another answer.
    async fn add_member(
        &self,
        set: String,
        member: Bytes,
        score: f64,
        ttl: Option<Duration>,
    ) -> Result<bool, BackendError>;

    /// Adds `by` to a member's score and answers the sum; a missing member counts as one of score 0.
    ///
    /// The sum is that of `f64`, so it is rounded; one that is not finite is [`BackendError::Invalid`], and nothing changes.
    async fn increment_score(
        &self,
        set: String,
        member: Bytes,
        by: f64,
        ttl: Option<Duration>,
    ) -> Result<f64, BackendError>;

    /// The member's score, or `None` when it is missing.
    #[idempotent]
    async fn get_score(&self, set: String, member: Bytes) -> Result<Option<f64>, BackendError>;

    /// How many members are before this one in that order, or `None` when it is missing.
    #[idempotent]
    async fn get_rank(
        &self,
        set: String,
        member: Bytes,
        order: ScoreOrder,
    ) -> Result<Option<u64>, BackendError>;

    /// At most `count` members in that order, from the one of rank `start`; beyond the last there are none.
    ///
    /// A `count` above [`MAX_MEMBERS_PER_CALL`] is [`BackendError::Invalid`].
    #[idempotent]
    async fn list_by_rank(
        &self,
        set: String,
        order: ScoreOrder,
        start: u64,
        count: u32,
    ) -> Result<Vec<ScoredMember>, BackendError>;

    /// Of the members with these scores, in that order, at most `count` after the first `skip`.
    ///
    /// A `count` above [`MAX_MEMBERS_PER_CALL`] is [`BackendError::Invalid`].
    #[idempotent]
    async fn list_by_score(
        &self,
        set: String,
        scores: ScoreRange,
        order: ScoreOrder,
        skip: u64,
        count: u32,
    ) -> Result<Vec<ScoredMember>, BackendError>;

    /// How many members have these scores.
    #[idempotent]
    async fn count_members(&self, set: String, scores: ScoreRange) -> Result<u64, BackendError>;

    /// Removes a member and says whether it was there.
    ///
    /// Not idempotent: a repetition has another answer.
    /// Of concurrent calls for one member exactly one answers true, so a member can be claimed by removing it.
    async fn remove_member(&self, set: String, member: Bytes) -> Result<bool, BackendError>;

    /// Keeps the first `keep` members in that order and removes the others.
    #[idempotent]
    async fn trim_set(&self, set: String, order: ScoreOrder, keep: u64)
    -> Result<(), BackendError>;

    /// Removes a set with all its members; it may be missing already.
    #[idempotent]
    async fn remove_set(&self, set: String) -> Result<(), BackendError>;
}
