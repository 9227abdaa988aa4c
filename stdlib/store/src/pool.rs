//! A pool of connections that are known to be good.

use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bp_backend::BackendError;
use bp_runtime::{Infra, Instant, Live, Processed, StartError};
use deadpool::managed::{self, Metrics, Object, PoolError, RecycleError, TimeoutType, Timeouts};

use crate::limits::busy;
use crate::{Fault, Limit, Limits, StoreAddress};

/// A connection that was idle for less than this is used again without a probe, as with HikariCP's `aliveBypassWindow`.
const IDLE_WITHOUT_PROBE: Duration = Duration::from_millis(500);
/// Longest wait for the answer to a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// How a plugin connects.
pub trait Connect: Send + Sync + 'static {
    /// A connection; dropping it closes it.
    type Connection: Send;

    /// Connects and authenticates.
    ///
    /// # Errors
    /// Nothing was processed, so [`Processed::No`].
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, Infra>> + Send;

    /// The smallest exchange that the protocol has; says whether the store answered.
    fn is_alive(&self, connection: &mut Self::Connection) -> impl Future<Output = bool> + Send;
}

/// Connections to one store, made when they are needed.
pub struct Pool<C: Connect> {
    connections: managed::Pool<ConnectionFactory<C>>,
    limits: Live<Limits>,
    address: StoreAddress,
}

/// Makes connections, and decides whether an idle one can be used again.
struct ConnectionFactory<C> {
    connect: C,
    stale_before: Mutex<StaleBefore>,
}

/// Which idle connections are not trusted.
#[derive(Debug, Clone, Copy, Default)]
struct StaleBefore {
    /// Connections that last answered before this are probed first.
    probe: Option<Instant>,
    /// Connections that last answered before this are thrown away.
    discard: Option<Instant>,
}

/// A probe under way; when it ends without an answer, perhaps because the caller's deadline passed, all connections of that time are thrown away.
///
/// If only this one were thrown away, each of many calls with little time would find out about just one dead connection.
struct ProbeGuard<'k> {
    stale_before: &'k Mutex<StaleBefore>,
    answered: bool,
}

impl Drop for ProbeGuard<'_> {
    fn drop(&mut self) {
        if !self.answered {
            update(self.stale_before, |stale_before, now| stale_before.discard = Some(now));
        }
    }
}

fn update(stale_before: &Mutex<StaleBefore>, change: impl FnOnce(&mut StaleBefore, Instant)) {
    change(&mut stale_before.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
}

/// A connection and when it last answered.
struct PooledConnection<T> {
    connection: T,
    answered: Instant,
}

impl<C: Connect> ConnectionFactory<C> {
    fn stale_before(&self) -> StaleBefore {
        *self.stale_before.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An exchange ended without an answer: every connection that last answered before now is probed before it is used again.
    fn suspect_others(&self) {
        update(&self.stale_before, |stale_before, now| stale_before.probe = Some(now));
    }
}

impl<C: Connect> managed::Manager for ConnectionFactory<C> {
    type Type = PooledConnection<C::Connection>;
    type Error = Infra;

    async fn create(&self) -> Result<Self::Type, Infra> {
        let connection = self.connect.connect().await?;
        Ok(PooledConnection { connection, answered: Instant::now() })
    }

    async fn recycle(
        &self,
        pooled: &mut Self::Type,
        _: &Metrics,
    ) -> Result<(), RecycleError<Infra>> {
        let stale_before = self.stale_before();
        if stale_before.discard.is_some_and(|discard| pooled.answered <= discard) {
            return Err(RecycleError::message("it was open when the store stopped answering"));
        }
        if pooled.answered.elapsed() < IDLE_WITHOUT_PROBE
            && stale_before.probe.is_none_or(|at| pooled.answered > at)
        {
            return Ok(());
        }
        let mut guard = ProbeGuard { stale_before: &self.stale_before, answered: false };
        let probe = self.connect.is_alive(&mut pooled.connection);
        if tokio::time::timeout(PROBE_TIMEOUT, probe).await == Ok(true) {
            guard.answered = true;
            pooled.answered = Instant::now();
            return Ok(());
        }
        Err(RecycleError::message("the store did not answer the probe"))
    }
}

impl<C: Connect> Pool<C> {
    /// At most as many connections as the limits say now; none is made yet.
    ///
    /// # Errors
    /// No connection is allowed.
    pub fn new(
        connect: C,
        address: StoreAddress,
        limits: Live<Limits>,
    ) -> Result<Self, StartError> {
        let size = limits.get().pool;
        if size == 0 {
            return Err(StartError::new("a pool needs at least one connection"));
        }
        let factory = ConnectionFactory { connect, stale_before: Mutex::default() };
        let pool = managed::Pool::builder(factory)
            .max_size(size)
            .queue_mode(managed::QueueMode::Lifo)
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| StartError::because("the pool", &error))?;
        Ok(Self { connections: pool, limits, address })
    }

    /// A good connection, for one call.
    ///
    /// # Errors
    /// No connection is free or can be made in time; nothing was sent.
    pub async fn lease(&self) -> Result<Lease<C>, Infra> {
        let limits = **self.limits.get();
        let limit = Limit::new(limits.timeout);
        let left = limit.left();
        if left.is_zero() {
            return Err(limit.passed(Processed::No, "nothing was sent"));
        }
        let timeouts = Timeouts {
            wait: Some(limits.wait.min(left).max(Duration::from_nanos(1))),
            create: Some(limits.connect_timeout),
            recycle: None,
        };
        let found = tokio::time::timeout(left, self.connections.timeout_get(&timeouts)).await;
        match found {
            Ok(Ok(object)) => Ok(Lease { object: Some(object), limit }),
            Ok(Err(error)) => Err(self.no_connection(error, &limits)),
            Err(_) => {
                let what = format!("no connection to {}", self.address);
                Err(limit.passed(Processed::No, &what))
            }
        }
    }

    fn no_connection(&self, error: PoolError<Infra>, limits: &Limits) -> Infra {
        let address = &self.address;
        match error {
            PoolError::Backend(infra) => infra,
            PoolError::Timeout(TimeoutType::Wait) => {
                busy(self.connections.status().max_size, address, limits.wait)
            }
            PoolError::Timeout(_) => Infra::unavailable(format!(
                "{address} does not accept a connection within {:?}",
                limits.connect_timeout
            )),
            other => Infra::unavailable(format!("no connection to {address}: {other}")),
        }
    }
}

impl<C: Connect> fmt::Debug for Pool<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("address", &self.address).finish_non_exhaustive()
    }
}

/// A connection for one call; it is thrown away unless the call ends with an answer ([`Lease::end`]).
pub struct Lease<C: Connect> {
    object: Option<Object<ConnectionFactory<C>>>,
    limit: Limit,
}

impl<C: Connect> Lease<C> {
    /// When the call must be answered; what came before the lease counts.
    pub fn limit(&self) -> Limit {
        self.limit
    }

    /// Ends the call: the connection goes back unless the store was lost.
    ///
    /// # Errors
    /// Those of `answer`.
    pub fn end<T>(mut self, answer: Result<T, Fault>) -> Result<T, BackendError> {
        if let Err(Fault::Broken(infra)) = &answer {
            tracing::debug!(error = %infra, "a connection is lost");
            // The other connections lead to the same server, so they may be lost too.
            if let Some(pool) = self.pool() {
                pool.manager().suspect_others();
            }
        } else if let Some(mut object) = self.object.take() {
            object.answered = Instant::now();
        }
        Ok(answer?)
    }

    fn pool(&self) -> Option<managed::Pool<ConnectionFactory<C>>> {
        Object::pool(self.object.as_ref()?)
    }
}

impl<C: Connect> Deref for Lease<C> {
    type Target = C::Connection;

    #[expect(
        clippy::expect_used,
        reason = "only `end` and `drop` take it, and they take the lease"
    )]
    fn deref(&self) -> &Self::Target {
        &self.object.as_ref().expect("a lease has its connection").connection
    }
}

impl<C: Connect> DerefMut for Lease<C> {
    #[expect(
        clippy::expect_used,
        reason = "only `end` and `drop` take it, and they take the lease"
    )]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.object.as_mut().expect("a lease has its connection").connection
    }
}

impl<C: Connect> Drop for Lease<C> {
    fn drop(&mut self) {
        // A lease that is dropped in mid-call (a deadline, a cancellation) loses its connection: the next answer on it would belong to this call, not to the next one.
        if let Some(pool) = self.pool() {
            pool.manager().suspect_others();
        }
        if let Some(object) = self.object.take() {
            drop(Object::take(object));
        }
    }
}

impl<C: Connect> fmt::Debug for Lease<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("limit", &self.limit).finish_non_exhaustive()
    }
}
