//! A cache on a Redis server.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bp_backend::engine::validate;
use bp_backend::{BackendError, Cache};
use bp_runtime::StartError;
use bp_store::{Fault, StoreContext};
use bytes::Bytes;
use redis::{Cmd, RedisError, Script};

use crate::server::{Server, to_fault, to_millis};
use crate::set_scripts::SetScripts;
use crate::settings::RedisSettings;

/// Sets a key if it has the expected value. Arguments: expected value, new value, milliseconds to live or 0.
const PUT_IF: &str = r"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] == '0' then redis.call('SET', KEYS[1], ARGV[2])
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1";

/// Adds to a counter and keeps its time to live. Arguments: by how much, milliseconds to live for a new counter or 0.
///
/// The sum is read back as text, because Lua's numbers have 53 bits.
const INCREMENT: &str = r"
local new = redis.call('EXISTS', KEYS[1]) == 0
redis.call('INCRBY', KEYS[1], ARGV[1])
if new and ARGV[2] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('GET', KEYS[1])";

/// A [`Cache`] with sorted sets on a Redis server; time to live is exact to the millisecond.
pub(crate) struct RedisCache {
    pub(crate) server: Server,
    pub(crate) namespace: String,
    put_if: Script,
    increment: Script,
    pub(crate) set_scripts: SetScripts,
}

impl fmt::Debug for RedisCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisCache")
            .field("server", &self.server)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

impl RedisCache {
    /// A cache on the server, with keys that begin with the namespace.
    ///
    /// # Errors
    /// A pool without connections.
    pub(crate) fn new(cx: &StoreContext, settings: &RedisSettings) -> Result<Self, StartError> {
        Ok(Self {
            server: Server::new(cx, settings)?,
            namespace: settings.namespace.choose(&cx.name).to_owned(),
            put_if: Script::new(PUT_IF),
            increment: Script::new(INCREMENT),
            set_scripts: SetScripts::new(),
        })
    }

    fn key(&self, key: &str) -> String {
        format!("{}:{key}", self.namespace)
    }
}

fn build_set(key: &str, value: &[u8], ttl: Option<Duration>) -> Cmd {
    let mut command = redis::cmd("SET");
    command.arg(key).arg(value);
    if let Some(ttl) = ttl {
        command.arg("PX").arg(to_millis(ttl));
    }
    command
}

#[async_trait]
impl Cache for RedisCache {
    async fn get(&self, key: String) -> Result<Option<Bytes>, BackendError> {
        validate::key(&key)?;
        let found: Option<Vec<u8>> = self.server.run(redis::cmd("GET").arg(self.key(&key))).await?;
        Ok(found.map(Bytes::from))
    }

    async fn get_many(&self, keys: Vec<String>) -> Result<Vec<Option<Bytes>>, BackendError> {
        keys.iter().try_for_each(|key| validate::key(key))?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<_> = keys.iter().map(|key| self.key(key)).collect();
        let found: Vec<Option<Vec<u8>>> = self.server.run(redis::cmd("MGET").arg(keys)).await?;
        Ok(found.into_iter().map(|found| found.map(Bytes::from)).collect())
    }

    async fn put(
        &self,
        key: String,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> Result<(), BackendError> {
        validate::entry(&key, &value, ttl)?;
        self.server.run(&build_set(&self.key(&key), &value, ttl)).await
    }

    async fn delete(&self, key: String) -> Result<(), BackendError> {
        validate::key(&key)?;
        self.server.run(redis::cmd("DEL").arg(self.key(&key))).await
    }

    async fn put_if(
        &self,
        key: String,
        expected: Option<Bytes>,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> Result<bool, BackendError> {
        validate::entry(&key, &value, ttl)?;
        let key = self.key(&key);
        let Some(expected) = expected else {
            // Returns nothing if the key exists.
            let done: Option<String> =
                self.server.run(build_set(&key, &value, ttl).arg("NX")).await?;
            return Ok(done.is_some());
        };
        let mut script = self.put_if.key(key);
        script.arg(&expected[..]).arg(&value[..]).arg(ttl.map_or(0, to_millis));
        self.server.invoke(&script, to_fault).await
    }

    async fn increment(
        &self,
        key: String,
        by: i64,
        ttl: Option<Duration>,
    ) -> Result<i64, BackendError> {
        validate::key(&key)?;
        validate::time_to_live(ttl)?;
        let mut script = self.increment.key(self.key(&key));
        script.arg(by).arg(ttl.map_or(0, to_millis));
        self.server.invoke(&script, |error| counter_fault(&key, error)).await
    }
}

/// What `INCRBY` says of the value that is there.
fn counter_fault(key: &str, error: &RedisError) -> Fault {
    let message = error.to_string();
    if message.contains("not an integer") {
        Fault::Answer(BackendError::WrongType(format!("`{key}` does not hold a decimal integer")))
    } else if message.contains("would overflow") {
        Fault::Answer(BackendError::Invalid(format!("`{key}`: the sum is out of range")))
    } else {
        to_fault(error)
    }
}
