//! The connection to a Redis server, and what its errors mean.

use std::time::Duration;

use bp_backend::BackendError;
use bp_runtime::{Infra, InfraKind, Processed, StartError};
use bp_store::{Connect, Fault, Pool, StoreAddress, StoreContext};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ErrorKind, FromRedisValue,
    IntoConnectionInfo, RedisConnectionInfo, RedisError, ScriptInvocation, ServerErrorKind,
};

use crate::settings::RedisSettings;

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
pub(crate) fn to_fault(error: &RedisError) -> Fault {
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
pub(crate) fn to_millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

/// A Redis server.
#[derive(Debug)]
pub(crate) struct Server(Pool<Redis>);

impl Server {
    /// The server of an instance; it connects when it is first called.
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
        Ok(Self(cx.build_pool(connect)?))
    }

    /// Runs one command.
    pub(crate) async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, BackendError> {
        let mut session = self.0.lease().await?;
        let limit = session.limit();
        let answer = match limit.wait(command.query_async(&mut *session)).await {
            Ok(answer) => answer.map_err(|error| to_fault(&error)),
            Err(late) => Err(Fault::Broken(late)),
        };
        session.end(answer)
    }

    /// Runs a script, whose errors mean what `to_fault` says.
    pub(crate) async fn invoke<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
        to_fault: impl FnOnce(&RedisError) -> Fault,
    ) -> Result<T, BackendError> {
        let mut session = self.0.lease().await?;
        let limit = session.limit();
        let answer = match limit.wait(script.invoke_async(&mut *session)).await {
            Ok(answer) => answer.map_err(|error| to_fault(&error)),
            Err(late) => Err(Fault::Broken(late)),
        };
        session.end(answer)
    }
}
