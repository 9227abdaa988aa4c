//! A cache on a Redis server.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bp_backend::engine::validate;
use bp_backend::{BackendError, Cache};
use bp_runtime::{Infra, InfraKind, Processed, StartError};
use bp_store::{Connect, Fault, Lease, Pool, StoreAddress, StoreContext};
use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ErrorKind, FromRedisValue,
    IntoConnectionInfo, RedisConnectionInfo, RedisError, Script, ServerErrorKind,
};

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

/// A [`Cache`] on a Redis server; time to live is exact to the millisecond.
pub(crate) struct RedisCache {
    pool: Pool<Redis>,
    namespace: String,
    put_if: Script,
    increment: Script,
}

impl fmt::Debug for RedisCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisCache")
            .field("pool", &self.pool)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

struct Redis {
    address: StoreAddress,
    client: Client,
}

impl Connect for Redis {
    type Connection = MultiplexedConnection;

    async fn connect(&self) -> Result<MultiplexedConnection, Infra> {
        // The call's limits are the pool's.
        let config =
            AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        connecting.await.map_err(|error| {
            let kind = if error.is_io_error() { InfraKind::Unavailable } else { classify(&error) };
            let message =
                format!("cannot use Redis at {}: {}", self.address, describe_error(&error));
            Infra::new(kind, Processed::No, message)
        })
    }

    async fn is_alive(&self, connection: &mut MultiplexedConnection) -> bool {
        redis::cmd("PING").query_async::<()>(connection).await.is_ok()
    }
}

/// The error's message; Redis quotes no values.
fn describe_error(error: &RedisError) -> String {
    match error.detail() {
        Some(detail) => format!("{} ({})", detail, error.code().unwrap_or("?")),
        None => error.to_string(),
    }
}

/// What an error that the server returned means.
fn classify(error: &RedisError) -> InfraKind {
    match error.kind() {
        ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::TryAgain
            | ServerErrorKind::ReadOnly,
        ) => InfraKind::Unavailable,
        _ => match error.code() {
            Some("OOM") => InfraKind::Overloaded,
            Some("BUSY") => InfraKind::Unavailable,
            _ if error.detail().is_some_and(|text| text.contains("max number of clients")) => {
                InfraKind::Overloaded
            }
            _ => InfraKind::Internal,
        },
    }
}

/// What a command's error means.
fn to_fault(error: &RedisError) -> Fault {
    let message = format!("Redis: {}", describe_error(error));
    match error.kind() {
        ErrorKind::Io => Fault::lost(Processed::Maybe, message),
        // A command, and a script, that the server refuses changed nothing.
        ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::AuthenticationFailed => {
            Fault::refused(classify(error), message)
        }
        _ => Fault::Broken(Infra::internal(message)),
    }
}

/// Milliseconds, rounded up: never early.
fn to_millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

type Session = Lease<Redis>;

/// Runs one command.
async fn run<T: FromRedisValue>(session: &mut Session, command: &Cmd) -> Result<T, Fault> {
    let limit = session.limit();
    let exchange = command.query_async(&mut **session);
    limit.wait(exchange).await.map_err(Fault::Broken)?.map_err(|error| to_fault(&error))
}

impl RedisCache {
    /// A cache on the server, with keys that begin with the namespace.
    ///
    /// # Errors
    /// A pool without connections.
    pub(crate) fn new(cx: &StoreContext, settings: &RedisSettings) -> Result<Self, StartError> {
        let mut login = RedisConnectionInfo::default().set_db(settings.database.into());
        if let Some(user) = &settings.login.user {
            login = login.set_username(user);
        }
        if let Some(password) = &settings.login.password {
            login = login.set_password(password.expose());
        }
        let failed = |error: RedisError| StartError::new(describe_error(&error));
        let info = ConnectionAddr::Tcp(cx.address.host.clone(), cx.address.port);
        let info = info.into_connection_info().map_err(failed)?.set_redis_settings(login);
        let client = Client::open(info).map_err(failed)?;
        let connect = Redis { address: cx.address.clone(), client };
        Ok(Self {
            pool: cx.build_pool(connect)?,
            namespace: settings.namespace.choose(&cx.name).to_owned(),
            put_if: Script::new(PUT_IF),
            increment: Script::new(INCREMENT),
        })
    }

    fn key(&self, key: &str) -> String {
        format!("{}:{key}", self.namespace)
    }

    async fn command<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, BackendError> {
        let mut session = self.pool.lease().await?;
        let answer = run(&mut session, command).await;
        session.end(answer)
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
        let found: Option<Vec<u8>> = self.command(redis::cmd("GET").arg(self.key(&key))).await?;
        Ok(found.map(Bytes::from))
    }

    async fn get_many(&self, keys: Vec<String>) -> Result<Vec<Option<Bytes>>, BackendError> {
        keys.iter().try_for_each(|key| validate::key(key))?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<_> = keys.iter().map(|key| self.key(key)).collect();
        let found: Vec<Option<Vec<u8>>> = self.command(redis::cmd("MGET").arg(keys)).await?;
        Ok(found.into_iter().map(|found| found.map(Bytes::from)).collect())
    }

    async fn put(
        &self,
        key: String,
        value: Bytes,
        ttl: Option<Duration>,
    ) -> Result<(), BackendError> {
        validate::entry(&key, &value, ttl)?;
        self.command(&build_set(&self.key(&key), &value, ttl)).await
    }

    async fn delete(&self, key: String) -> Result<(), BackendError> {
        validate::key(&key)?;
        self.command(redis::cmd("DEL").arg(self.key(&key))).await
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
            let done: Option<String> = self.command(build_set(&key, &value, ttl).arg("NX")).await?;
            return Ok(done.is_some());
        };
        let mut session = self.pool.lease().await?;
        let limit = session.limit();
        let mut script = self.put_if.key(key);
        script.arg(&expected[..]).arg(&value[..]).arg(ttl.map_or(0, to_millis));
        let done = match limit.wait(script.invoke_async::<bool>(&mut *session)).await {
            Ok(done) => done.map_err(|error| to_fault(&error)),
            Err(late) => Err(Fault::Broken(late)),
        };
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
        let mut session = self.pool.lease().await?;
        let limit = session.limit();
        let mut script = self.increment.key(self.key(&key));
        script.arg(by).arg(ttl.map_or(0, to_millis));
        let sum = match limit.wait(script.invoke_async::<i64>(&mut *session)).await {
            Ok(sum) => sum.map_err(|error| counter_fault(&key, &error)),
            Err(late) => Err(Fault::Broken(late)),
        };
        session.end(sum)
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
