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
use crate::{Address, Fault, Limit, Limits};

/// How long a connection may rest and be used again unasked, as HikariCP's `aliveBypassWindow`.
const RESTED: Duration = Duration::from_millis(500);
/// Longest wait for a sign of life.
const SIGN: Duration = Duration::from_secs(1);

/// How a plugin connects.
pub trait Connect: Send + Sync + 'static {
    /// A connection; dropping it closes it.
    type Connection: Send;

    /// Connects and authenticates.
    ///
    /// # Errors
    /// Nothing was processed, so [`Processed::No`].
    fn connect(&self) -> impl Future<Output = Result<Self::Connection, Infra>> + Send;

    /// The least exchange there is; says whether the store answered.
    fn is_alive(&self, connection: &mut Self::Connection) -> impl Future<Output = bool> + Send;
}

/// Connections to one store, made when they are needed.
pub struct Pool<C: Connect> {
    connections: managed::Pool<Keeper<C>>,
    limits: Live<Limits>,
    address: Address,
}

/// Makes connections and judges those that rested.
struct Keeper<C> {
    connect: C,
    doubts: Mutex<Doubts>,
}

/// Since when connections are not trusted.
#[derive(Debug, Clone, Copy, Default)]
struct Doubts {
    /// Those last used before this give a sign of life first.
    asked: Option<Instant>,
    /// Those last used before this are thrown away.
    gone: Option<Instant>,
}

/// A wait for a sign of life; one that ends without, because the call was in a hurry perhaps, ends the trust in all connections of the time.
///
/// Otherwise each of many calls with little time would find out about one connection.
struct Silence<'k> {
    doubts: &'k Mutex<Doubts>,
    heard: bool,
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        if !self.heard {
            change(self.doubts, |doubts, now| doubts.gone = Some(now));
        }
    }
}

fn change(doubts: &Mutex<Doubts>, change: impl FnOnce(&mut Doubts, Instant)) {
    change(&mut doubts.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
}

/// A connection and when it last answered.
struct Kept<T> {
    connection: T,
    answered: Instant,
}

impl<C: Connect> Keeper<C> {
    fn doubts(&self) -> Doubts {
        *self.doubts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something ended without an answer: whoever is next asks.
    fn doubt(&self) {
        change(&self.doubts, |doubts, now| doubts.asked = Some(now));
    }
}

impl<C: Connect> managed::Manager for Keeper<C> {
    type Type = Kept<C::Connection>;
    type Error = Infra;

    async fn create(&self) -> Result<Self::Type, Infra> {
        let connection = self.connect.connect().await?;
        Ok(Kept { connection, answered: Instant::now() })
    }

    async fn recycle(&self, kept: &mut Self::Type, _: &Metrics) -> Result<(), RecycleError<Infra>> {
        let doubts = self.doubts();
        if doubts.gone.is_some_and(|gone| kept.answered <= gone) {
            return Err(RecycleError::message("it was open when the store was lost"));
        }
        if kept.answered.elapsed() < RESTED && doubts.asked.is_none_or(|at| kept.answered > at) {
            return Ok(());
        }
        let mut silence = Silence { doubts: &self.doubts, heard: false };
        let sign = self.connect.is_alive(&mut kept.connection);
        if tokio::time::timeout(SIGN, sign).await == Ok(true) {
            silence.heard = true;
            kept.answered = Instant::now();
            return Ok(());
        }
        Err(RecycleError::message("it gave no sign of life"))
    }
}

impl<C: Connect> Pool<C> {
    /// At most `size` connections; none is made yet.
    ///
    /// # Errors
    /// A size of nothing.
    pub fn new(
        connect: C,
        address: Address,
        size: usize,
        limits: Live<Limits>,
    ) -> Result<Self, StartError> {
        if size == 0 {
            return Err(StartError::new("a pool of no connections"));
        }
        let keeper = Keeper { connect, doubts: Mutex::default() };
        let pool = managed::Pool::builder(keeper)
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
    /// None is free or can be made in time; nothing was sent.
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

/// A connection for one call; unless the call ends in an answer ([`Lease::end`]), it is thrown away.
pub struct Lease<C: Connect> {
    object: Option<Object<Keeper<C>>>,
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
            // The others were opened to the same server.
            if let Some(keeper) = self.keeper() {
                keeper.manager().doubt();
            }
        } else if let Some(mut object) = self.object.take() {
            object.answered = Instant::now();
        }
        Ok(answer?)
    }

    fn keeper(&self) -> Option<managed::Pool<Keeper<C>>> {
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
        // Dropped in mid-call (a deadline, a cancellation), its next answer would be somebody else's.
        if let Some(keeper) = self.keeper() {
            keeper.manager().doubt();
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
