//! A cache on a memcached server.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_memcached::{Client, Error, ErrorKind, MetaProtocol, MetaValue, Status};
use async_trait::async_trait;
use bp_backend::engine::{counter, validate};
use bp_backend::{BackendError, Cache};
use bp_runtime::{Infra, InfraKind, Processed, StartError};
use bp_store::{Connect, Fault, Lease, Pool, StoreAddress, StoreContext};
use bytes::Bytes;

use crate::entry::{Expiry, Namespace, now};
use crate::settings::MemcachedSettings;

/// Keys that one request asks for.
///
/// A request is written completely before its answers are read; with more keys both sides' buffers could fill and wait for ever.
const KEYS_AT_ONCE: usize = 64;

/// A [`Cache`] on a memcached server.
///
/// Time to live is in whole seconds, up to two more than asked.
#[derive(Debug)]
pub(crate) struct MemcachedCache {
    pool: Pool<Memcached>,
    namespace: Namespace,
}

#[derive(Debug)]
struct Memcached {
    address: StoreAddress,
}

impl Connect for Memcached {
    type Connection = Client;

    async fn connect(&self) -> Result<Client, Infra> {
        let connecting = Client::new(format!("tcp://{}", self.address));
        connecting.await.map_err(|error| {
            Infra::unavailable(format!("cannot reach memcached at {}: {error}", self.address))
        })
    }

    async fn is_alive(&self, connection: &mut Client) -> bool {
        !connection.is_closed() && connection.version().await.is_ok()
    }
}

/// What a meta command's answer means.
fn to_fault(error: Error) -> Fault {
    let message = format!("memcached: {error}");
    match error {
        Error::Connect(_) => Fault::lost(Processed::No, message),
        Error::Protocol(Status::Error(ErrorKind::Server(text))) => {
            let kind = if text.contains("too large") {
                InfraKind::TooLarge
            } else if text.contains("out of memory") {
                InfraKind::Overloaded
            } else {
                InfraKind::Unavailable
            };
            Fault::refused(kind, message)
        }
        Error::Protocol(Status::Error(ErrorKind::Client(_) | ErrorKind::NonexistentCommand)) => {
            // The server would read the rest of the value as commands.
            Fault::Broken(Infra::new(InfraKind::Internal, Processed::No, message))
        }
        Error::ConnectionClosed | Error::Io(_) => Fault::lost(Processed::Maybe, message),
        Error::Protocol(_) | Error::ParseError(_) => Fault::Broken(Infra::internal(message)),
    }
}

/// A failure of a step that only reads.
fn unprocessed(fault: Fault) -> Fault {
    match fault {
        Fault::Broken(infra) => Fault::Broken(infra.with_processed(Processed::No)),
        answer @ Fault::Answer(_) => answer,
    }
}

/// How a write ended.
#[derive(Debug, PartialEq, Eq)]
enum WriteOutcome {
    Stored,
    /// The condition did not hold.
    Refused,
}

/// The condition of a write.
enum Condition {
    None,
    Missing,
    /// Nothing was written since this version was read.
    Unchanged(u64),
}

/// An entry as it is stored.
struct Stored {
    value: Bytes,
    end: Expiry,
    /// Changes with every write.
    version: u64,
}

impl From<MetaValue> for Stored {
    fn from(found: MetaValue) -> Self {
        Self {
            value: found.data.unwrap_or_default().into(),
            end: Expiry(found.flags.unwrap_or_default()),
            version: found.cas.unwrap_or_default(),
        }
    }
}

type Session = Lease<Memcached>;

/// Reads an entry; a failure changed nothing.
async fn read(session: &mut Session, key: &str) -> Result<Option<Stored>, Fault> {
    let limit = session.limit();
    let exchange = session.meta_get(key, false, None, Some(&["v", "f", "c"]));
    let answer = limit.wait(exchange).await.map_err(|late| unprocessed(Fault::Broken(late)))?;
    Ok(answer.map_err(|error| unprocessed(to_fault(error)))?.map(Stored::from))
}

async fn write(
    session: &mut Session,
    key: &str,
    value: &[u8],
    end: Expiry,
    condition: Condition,
) -> Result<WriteOutcome, Fault> {
    let mut flags = vec![format!("T{}", end.lifetime(now())), format!("F{}", end.0)];
    match condition {
        Condition::None => {}
        Condition::Missing => flags.push("ME".to_owned()),
        Condition::Unchanged(version) => flags.push(format!("C{version}")),
    }
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    let limit = session.limit();
    let exchange = session.meta_set(key, value, false, None, Some(&flags));
    match limit.wait(exchange).await.map_err(Fault::Broken)? {
        Ok(_) => Ok(WriteOutcome::Stored),
        Err(Error::Protocol(Status::NotStored | Status::Exists | Status::NotFound)) => {
            Ok(WriteOutcome::Refused)
        }
        Err(error) => Err(to_fault(error)),
    }
}

async fn compare_and_set(
    session: &mut Session,
    key: &str,
    expected: Option<&Bytes>,
    value: &[u8],
    end: Expiry,
) -> Result<bool, Fault> {
    let Some(expected) = expected else {
        return Ok(
            write(session, key, value, end, Condition::Missing).await? == WriteOutcome::Stored
        );
    };
    loop {
        let found = read(session, key).await?.filter(|found| found.value == *expected);
        let Some(found) = found else { return Ok(false) };
        let unchanged = Condition::Unchanged(found.version);
        if write(session, key, value, end, unchanged).await? == WriteOutcome::Stored {
            return Ok(true);
        }
        // Another caller wrote in between, perhaps the same value.
    }
}

/// memcached's own counters have no sign, so this uses compare-and-set.
async fn add(
    session: &mut Session,
    key: &str,
    wire: &str,
    by: i64,
    end: Expiry,
) -> Result<i64, Fault> {
    loop {
        let found = read(session, wire).await?;
        let sum = counter::add(key, found.as_ref().map(|found| &*found.value), by)?;
        let (end, condition) = found.map_or((end, Condition::Missing), |found| {
            (found.end, Condition::Unchanged(found.version))
        });
        let text = sum.to_string();
        if write(session, wire, text.as_bytes(), end, condition).await? == WriteOutcome::Stored {
            return Ok(sum);
        }
    }
}

async fn fetch(session: &mut Session, keys: &[&str]) -> Result<BTreeMap<Vec<u8>, Bytes>, Fault> {
    let mut found = BTreeMap::new();
    for keys in keys.chunks(KEYS_AT_ONCE) {
        let limit = session.limit();
        let exchange = session.meta_get_multi(keys, Some(&["v"]));
        let values = limit.wait(exchange).await.map_err(Fault::Broken)?.map_err(to_fault)?;
        for value in values {
            if let Some(key) = value.key {
                found.insert(key, value.data.unwrap_or_default().into());
            }
        }
    }
    Ok(found)
}

impl MemcachedCache {
    /// A cache on the server, with keys that begin with the namespace.
    ///
    /// # Errors
    /// A pool without connections.
    pub(crate) fn new(cx: &StoreContext, settings: &MemcachedSettings) -> Result<Self, StartError> {
        let namespace = Namespace::new(settings.namespace.choose(&cx.name));
        let pool = cx.build_pool(Memcached { address: cx.address.clone() })?;
        Ok(Self { pool, namespace })
    }
}

#[async_trait]
impl Cache for MemcachedCache {
    async fn get(&self, key: String) -> Result<Option<Bytes>, BackendError> {
        validate::key(&key)?;
        let mut session = self.pool.lease().await?;
        let found = read(&mut session, &self.namespace.key(&key)).await;
        session.end(found.map(|found| found.map(|found| found.value)))
    }

    async fn get_many(&self, keys: Vec<String>) -> Result<Vec<Option<Bytes>>, BackendError> {
        keys.iter().try_for_each(|key| validate::key(key))?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let wire: Vec<_> = keys.iter().map(|key| self.namespace.key(key)).collect();
        let distinct: Vec<_> =
            wire.iter().map(String::as_str).collect::<BTreeSet<_>>().into_iter().collect();
        let mut session = self.pool.lease().await?;
        let found = fetch(&mut session, &distinct).await;
        let found = session.end(found)?;
        Ok(wire.iter().map(|key| found.get(key.as_bytes()).cloned()).collect())
    }

    async fn put(
        &self,
        key: String,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> Result<(), BackendError> {
        validate::entry(&key, &value, ttl)?;
        let (key, end) = (self.namespace.key(&key), Expiry::after(ttl, now()));
        let mut session = self.pool.lease().await?;
        let written = write(&mut session, &key, &value, end, Condition::None).await;
        session.end(written.map(|_| ()))
    }

    async fn delete(&self, key: String) -> Result<(), BackendError> {
        validate::key(&key)?;
        let key = self.namespace.key(&key);
        let mut session = self.pool.lease().await?;
        let limit = session.limit();
        let deleted = match limit.wait(session.meta_delete(&key, false, None, None)).await {
            Ok(Ok(_) | Err(Error::Protocol(Status::NotFound))) => Ok(()),
            Ok(Err(error)) => Err(to_fault(error)),
            Err(late) => Err(Fault::Broken(late)),
        };
        session.end(deleted)
    }

    async fn put_if(
        &self,
        key: String,
        expected: Option<Bytes>,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> Result<bool, BackendError> {
        validate::entry(&key, &value, ttl)?;
        let (key, end) = (self.namespace.key(&key), Expiry::after(ttl, now()));
        let mut session = self.pool.lease().await?;
        let done = compare_and_set(&mut session, &key, expected.as_ref(), &value, end).await;
        session.end(done)
    }

    async fn increment(
        &self,
        key: String,
        by: i64,
        ttl: Option<Duration>,
    ) -> Result<i64, BackendError> {
        validate::key(&key)?;
        validate::time_to_live(ttl)?;
        let (wire, end) = (self.namespace.key(&key), Expiry::after(ttl, now()));
        let mut session = self.pool.lease().await?;
        let sum = add(&mut session, &key, &wire, by, end).await;
        session.end(sum)
    }
}
