//! The `Cache` interface.

use std::time::Duration;

use bp_macros::interface;
use bytes::Bytes;

use crate::BackendError;

/// Longest key in bytes of UTF-8; memcached's limit.
pub const MAX_KEY_BYTES: usize = 250;

/// Largest value in bytes; memcached's default item of 1 MiB holds key, header and value.
pub const MAX_VALUE_BYTES: usize = 1_000_000;

/// Longest time to live; a longer one is not what a cache is for.
pub const MAX_TTL: Duration = Duration::from_hours(366 * 24);

/// A key-value cache: fast, bounded, and free to forget.
///
/// **Forgetting.** Any entry may be evicted at any time, so a miss says nothing about what was written.
/// An answer is never stale: after a write returns, no later read gives the value before it.
///
/// **Keys** are 1 to [`MAX_KEY_BYTES`] bytes of UTF-8, any characters; **values** are 0 to [`MAX_VALUE_BYTES`] bytes.
/// Beyond those the answer is [`BackendError::Invalid`] and nothing happens.
///
/// **Time to live.** `None` means no expiry, otherwise more than zero and at most [`MAX_TTL`].
/// An implementation may keep an entry up to two seconds longer (memcached counts whole ones), never shorter.
/// An entry past its time is missing in every respect.
/// Every write that stores a value replaces value and expiry both; [`increment`](Cache::increment) keeps the expiry.
///
/// **Order.** Each method is atomic on each key; [`get_many`](Cache::get_many) is not a snapshot across keys.
#[interface(crate = ::bp_runtime)]
pub trait Cache {
    /// The value under `key`, or `None` when it is missing.
    #[idempotent]
    async fn get(&self, key: String) -> Result<Option<Bytes>, BackendError>;

    /// One answer for each key, in the order of `keys`; a key named twice is answered twice, and no keys give no answers.
    ///
    /// One bad key fails the whole call with [`BackendError::Invalid`].
    #[idempotent]
    async fn get_many(&self, keys: Vec<String>) -> Result<Vec<Option<Bytes>>, BackendError>;

    /// Stores `value` under `key`, whatever was there.
    #[idempotent]
    async fn put(
        &self,
        key: String,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> Result<(), BackendError>;

    /// Makes `key` missing; it may be missing already.
    #[idempotent]
    async fn delete(&self, key: String) -> Result<(), BackendError>;

    /// Compare and set: stores `value` if the present value equals `expected` byte for byte, and says whether it did.
    ///
    /// `expected: None` stores only when the key is missing.
    /// Of concurrent calls with the same expectation at most one answers true, unless the value became equal again.
    async fn put_if(
        &self,
        key: String,
        expected: Option<Bytes>,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> Result<bool, BackendError>;

    /// Adds `by` to the number under `key` and answers the sum.
    ///
    /// A missing key counts as 0 and gets `ttl`; an existing one keeps its expiry.
    /// The number is an `i64` stored as its shortest decimal text (`-7`), so `get` reads it and `put` may seed it.
    /// Any other value is [`BackendError::WrongType`], a sum beyond `i64` is [`BackendError::Invalid`], and nothing changes.
    async fn increment(
        &self,
        key: String,
        by: i64,
        ttl: Option<Duration>,
    ) -> Result<i64, BackendError>;
}
