//! Sorted sets on a Redis server.

use std::time::Duration;

use async_trait::async_trait;
use bp_backend::engine::score::{self, Score};
use bp_backend::engine::validate;
use bp_backend::{BackendError, ScoreBound, ScoreOrder, ScoreRange, ScoredMember, SortedSets};
use bytes::Bytes;
use redis::Cmd;

use crate::cache::RedisCache;
use crate::server::{to_fault, to_millis};

impl RedisCache {
    /// The key of a set: no namespace is empty, so no entry's key begins with `:`.
    fn set_key(&self, set: &str) -> String {
        format!(":{}:{set}", self.namespace)
    }

    /// Adds members as `ZADD` does; answers how many were new.
    async fn add(
        &self,
        set: &str,
        ttl: Option<Duration>,
        only_new: bool,
        members: &[(Score, Bytes)],
    ) -> Result<u64, BackendError> {
        let mut arguments: Vec<&[u8]> = Vec::with_capacity(members.len() * 2 + 1);
        let scores: Vec<_> = members.iter().map(|(score, _)| write_score(*score)).collect();
        if only_new {
            arguments.push(b"NX");
        }
        for (score, (_, member)) in scores.iter().zip(members) {
            arguments.push(score.as_bytes());
            arguments.push(member);
        }
        let key = self.set_key(set);
        let Some(ttl) = ttl else {
            return self.server.run(redis::cmd("ZADD").arg(key).arg(arguments)).await;
        };
        let mut script = self.set_scripts.add.key(key);
        script.arg(to_millis(ttl)).arg(arguments);
        self.server.invoke(&script, to_fault).await
    }

    async fn list(&self, command: &mut Cmd) -> Result<Vec<ScoredMember>, BackendError> {
        let found: Vec<(Vec<u8>, f64)> = self.server.run(command.arg("WITHSCORES")).await?;
        Ok(found.into_iter().map(|(member, score)| ScoredMember::new(member, score)).collect())
    }
}

/// The shortest text that reads back as the same score, with an exponent because large ones have hundreds of digits.
fn write_score(score: Score) -> String {
    format!("{:e}", score.get())
}

/// A bound as Redis writes it; the validity of its score was checked.
fn write_bound(bound: ScoreBound, unbounded: &str) -> Result<String, BackendError> {
    Ok(match bound {
        ScoreBound::Unbounded => unbounded.to_owned(),
        ScoreBound::Included(score) => write_score(Score::new(score)?),
        ScoreBound::Excluded(score) => format!("({}", write_score(Score::new(score)?)),
    })
}

/// The lower and the upper bound.
fn write_range(range: &ScoreRange) -> Result<(String, String), BackendError> {
    Ok((write_bound(range.lower, "-inf")?, write_bound(range.upper, "+inf")?))
}

/// Positions in a set are `i64` on the server; there is nothing beyond.
fn to_position(number: u64) -> Option<i64> {
    i64::try_from(number).ok()
}

#[async_trait]
impl SortedSets for RedisCache {
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
        self.add(&set, ttl, false, &members).await?;
        Ok(())
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
        let scored = (Score::new(score)?, member);
        Ok(self.add(&set, ttl, true, &[scored]).await? == 1)
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
        let mut script = self.set_scripts.increment.key(self.set_key(&set));
        script.arg(&member[..]).arg(write_score(by)).arg(ttl.map_or(0, to_millis));
        let sum: Option<f64> = self.server.invoke(&script, to_fault).await?;
        sum.ok_or_else(|| score::overflow(by))
    }

    async fn get_score(&self, set: String, member: Bytes) -> Result<Option<f64>, BackendError> {
        validate::set(&set)?;
        validate::member(&member)?;
        self.server.run(redis::cmd("ZSCORE").arg(self.set_key(&set)).arg(&member[..])).await
    }

    async fn get_rank(
        &self,
        set: String,
        member: Bytes,
        order: ScoreOrder,
    ) -> Result<Option<u64>, BackendError> {
        validate::set(&set)?;
        validate::member(&member)?;
        let command = match order {
            ScoreOrder::LowestFirst => "ZRANK",
            ScoreOrder::HighestFirst => "ZREVRANK",
        };
        self.server.run(redis::cmd(command).arg(self.set_key(&set)).arg(&member[..])).await
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
        let (Some(start), true) = (to_position(start), count > 0) else {
            return Ok(Vec::new());
        };
        let last = start.saturating_add(i64::from(count) - 1);
        let mut command = redis::cmd("ZRANGE");
        command.arg(self.set_key(&set)).arg(start).arg(last);
        if order == ScoreOrder::HighestFirst {
            command.arg("REV");
        }
        self.list(&mut command).await
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
        let (lower, upper) = write_range(&scores)?;
        let Some(skip) = to_position(skip) else {
            return Ok(Vec::new());
        };
        let mut command = redis::cmd("ZRANGE");
        command.arg(self.set_key(&set));
        match order {
            ScoreOrder::LowestFirst => command.arg(lower).arg(upper).arg("BYSCORE"),
            ScoreOrder::HighestFirst => command.arg(upper).arg(lower).arg("BYSCORE").arg("REV"),
        };
        self.list(command.arg("LIMIT").arg(skip).arg(count)).await
    }

    async fn count_members(&self, set: String, scores: ScoreRange) -> Result<u64, BackendError> {
        validate::set(&set)?;
        let (lower, upper) = write_range(&scores)?;
        self.server.run(redis::cmd("ZCOUNT").arg(self.set_key(&set)).arg(lower).arg(upper)).await
    }

    async fn remove_member(&self, set: String, member: Bytes) -> Result<bool, BackendError> {
        validate::set(&set)?;
        validate::member(&member)?;
        self.server.run(redis::cmd("ZREM").arg(self.set_key(&set)).arg(&member[..])).await
    }

    async fn trim_set(
        &self,
        set: String,
        order: ScoreOrder,
        keep: u64,
    ) -> Result<(), BackendError> {
        validate::set(&set)?;
        let Some(keep) = to_position(keep) else {
            return Ok(());
        };
        // Negative positions count from the end: -1 is the last.
        let (first, last) = match order {
            ScoreOrder::LowestFirst => (keep, -1),
            ScoreOrder::HighestFirst => (0, -1 - keep),
        };
        let mut command = redis::cmd("ZREMRANGEBYRANK");
        self.server.run(command.arg(self.set_key(&set)).arg(first).arg(last)).await
    }

    async fn remove_set(&self, set: String) -> Result<(), BackendError> {
        validate::set(&set)?;
        self.server.run(redis::cmd("DEL").arg(self.set_key(&set))).await
    }
}
