//! A cache in a file.

use std::path::Path;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bp_backend::engine::{counter, validate};
use bp_backend::{BackendError, Cache};
use bp_runtime::StartError;
use bytes::Bytes;
use redb::{
    Database, ReadableDatabase as _, ReadableTable, ReadableTableMetadata as _, Table,
    TableDefinition, WriteTransaction,
};

use crate::file::{File, TransactionResult};
use crate::settings::EmbeddedSettings;

/// Key to its expiry and value.
const ENTRIES: TableDefinition<'_, &str, (u64, &[u8])> = TableDefinition::new("cache");
/// Expiry and key of every entry that expires.
const EXPIRIES: TableDefinition<'_, (u64, &str), ()> = TableDefinition::new("cache_expiry");

/// The expiry of an entry without one.
const NEVER: u64 = u64::MAX;
/// How many entries one transaction of a sweep removes at most, so that writes do not wait for long.
const SWEPT_AT_ONCE: usize = 1000;

/// A [`Cache`] in a file: nothing is evicted before it expires.
///
/// Time to live is exact to the millisecond of the machine's clock, and goes on while the file is closed.
/// Expired entries are missing at once and leave the file at the next sweep.
#[derive(Debug)]
pub struct EmbeddedCache {
    file: File,
}

impl EmbeddedCache {
    /// Opens the cache in `folder`, or makes it.
    pub async fn open(folder: &Path, options: EmbeddedSettings) -> Result<Self, StartError> {
        let file = File::open(folder, options, prepare, Some(Box::new(sweep))).await?;
        Ok(Self { file })
    }

    /// How many entries the file holds, those included that have expired and are not yet swept.
    pub async fn stored(&self) -> Result<u64, BackendError> {
        self.file.read(|transaction| Ok(Ok(transaction.open_table(ENTRIES)?.len()?))).await
    }
}

fn prepare(transaction: &WriteTransaction) -> Result<(), redb::Error> {
    transaction.open_table(ENTRIES)?;
    transaction.open_table(EXPIRIES)?;
    Ok(())
}

/// Milliseconds since 1970, rounded down.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(NEVER)
}

/// When an entry written now expires; rounded up, so never early.
fn expiry(ttl: Option<Duration>) -> u64 {
    let Some(ttl) = ttl else { return NEVER };
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let at = since.saturating_add(ttl).as_nanos().div_ceil(1_000_000);
    u64::try_from(at).unwrap_or(NEVER)
}

/// The entry, unless it has expired.
fn alive(
    entries: &impl ReadableTable<&'static str, (u64, &'static [u8])>,
    key: &str,
) -> Result<Option<(u64, Bytes)>, redb::Error> {
    let found = entries.get(key)?;
    let found = found.map(|guard| {
        let (expires, value) = guard.value();
        (expires, Bytes::copy_from_slice(value))
    });
    Ok(found.filter(|(expires, _)| *expires > now()))
}

/// Both tables in a write.
struct CacheTables<'t> {
    entries: Table<'t, &'static str, (u64, &'static [u8])>,
    expiries: Table<'t, (u64, &'static str), ()>,
}

impl<'t> CacheTables<'t> {
    fn of(transaction: &'t WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Self {
            entries: transaction.open_table(ENTRIES)?,
            expiries: transaction.open_table(EXPIRIES)?,
        })
    }

    fn put(&mut self, key: &str, value: &[u8], expires: u64) -> Result<(), redb::Error> {
        let old = self.entries.insert(key, (expires, value))?.map(|old| old.value().0);
        self.forget(key, old)?;
        if expires != NEVER {
            self.expiries.insert((expires, key), ())?;
        }
        Ok(())
    }

    fn remove(&mut self, key: &str) -> Result<(), redb::Error> {
        let old = self.entries.remove(key)?.map(|old| old.value().0);
        self.forget(key, old)
    }

    fn forget(&mut self, key: &str, expires: Option<u64>) -> Result<(), redb::Error> {
        if let Some(expires) = expires.filter(|expires| *expires != NEVER) {
            self.expiries.remove((expires, key))?;
        }
        Ok(())
    }
}

/// Removes expired entries.
fn sweep(database: &Database) -> Result<(), redb::Error> {
    loop {
        // Looked up first, because an idle file needs no write.
        let expired: Vec<String> = {
            let expiries = database.begin_read()?.open_table(EXPIRIES)?;
            let due = expiries.range(..(now().saturating_add(1), ""))?.take(SWEPT_AT_ONCE);
            due.map(|entry| Ok(entry?.0.value().1.to_owned()))
                .collect::<Result<_, redb::StorageError>>()?
        };
        if expired.is_empty() {
            return Ok(());
        }
        let transaction = database.begin_write()?;
        {
            let mut entries = CacheTables::of(&transaction)?;
            for key in &expired {
                // Only this thread writes, so the entry is the one that was seen.
                entries.remove(key)?;
            }
        }
        transaction.commit()?;
        if expired.len() < SWEPT_AT_ONCE {
            return Ok(());
        }
    }
}

#[async_trait]
impl Cache for EmbeddedCache {
    async fn get(&self, key: String) -> Result<Option<Bytes>, BackendError> {
        let answers = self.get_many(vec![key]).await?;
        Ok(answers.into_iter().next().flatten())
    }

    async fn get_many(&self, keys: Vec<String>) -> Result<Vec<Option<Bytes>>, BackendError> {
        keys.iter().try_for_each(|key| validate::key(key))?;
        let read = self.file.read(move |transaction| {
            let entries = transaction.open_table(ENTRIES)?;
            let values = keys.iter().map(|key| Ok(alive(&entries, key)?.map(|(_, value)| value)));
            Ok(Ok(values.collect::<Result<_, redb::Error>>()?))
        });
        read.await
    }

    async fn put(
        &self,
        key: String,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> Result<(), BackendError> {
        validate::entry(&key, &value, ttl)?;
        let write = self.file.write(move |transaction| -> TransactionResult<()> {
            CacheTables::of(transaction)?.put(&key, &value, expiry(ttl))?;
            Ok(Ok(()))
        });
        write.await
    }

    async fn delete(&self, key: String) -> Result<(), BackendError> {
        validate::key(&key)?;
        let write = self.file.write(move |transaction| -> TransactionResult<()> {
            CacheTables::of(transaction)?.remove(&key)?;
            Ok(Ok(()))
        });
        write.await
    }

    async fn put_if(
        &self,
        key: String,
        expected: Option<Bytes>,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> Result<bool, BackendError> {
        validate::entry(&key, &value, ttl)?;
        let write = self.file.write(move |transaction| -> TransactionResult<bool> {
            let mut entries = CacheTables::of(transaction)?;
            let equal = alive(&entries.entries, &key)?.map(|(_, value)| value) == expected;
            if equal {
                entries.put(&key, &value, expiry(ttl))?;
            }
            Ok(Ok(equal))
        });
        write.await
    }

    async fn increment(
        &self,
        key: String,
        by: i64,
        ttl: Option<Duration>,
    ) -> Result<i64, BackendError> {
        validate::key(&key)?;
        validate::time_to_live(ttl)?;
        let write = self.file.write(move |transaction| -> TransactionResult<i64> {
            let mut entries = CacheTables::of(transaction)?;
            let there = alive(&entries.entries, &key)?;
            let sum = match counter::add(&key, there.as_ref().map(|(_, value)| &**value), by) {
                Ok(sum) => sum,
                Err(error) => return Ok(Err(error)),
            };
            let expires = there.map_or_else(|| expiry(ttl), |(expires, _)| expires);
            entries.put(&key, sum.to_string().as_bytes(), expires)?;
            Ok(Ok(sum))
        });
        write.await
    }
}
