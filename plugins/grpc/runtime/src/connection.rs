//! One HTTP/2 connection to an endpoint: made when it is first needed, shared by all calls, and made again after it broke.
//!
//! Calls go to h2 directly. Tonic's channel and hyper's client put two tasks between a call and its connection, start two
//! more for every call, send its message in a packet of its own, and watch `grpc-timeout` with another timer;
//! together that costs more than all wrappers.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use bp_contract::transport::ConnectionSettings;
use bp_runtime::{BoxFuture, ByteStream, ConnectionPermit, Infra, StartError, Surroundings};
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::Shared;
use h2::PingPong;
use h2::client::{Builder, SendRequest};
use http::Uri;

use crate::activity::Activity;
use crate::exchange::Sender;

/// How many streams that were reset by a deadline or a caller are remembered for a moment; any burst of time-outs exceeds h2's default of 50.
const RESET_STREAMS: usize = 16_384;
/// How many calls there may be before the callee has said how many it allows: what RFC 9113 (6.5.2) recommends as the least.
const FIRST_CALLS: usize = 100;
/// How many bytes a callee may send of one answer, and of all answers, before they are read; hyper's defaults.
const STREAM_WINDOW: u32 = 2 * 1024 * 1024;
const CONNECTION_WINDOW: u32 = 5 * 1024 * 1024;

/// A connection that is open, being made, or to be made.
pub(crate) struct Connection {
    target: Target,
    state: Arc<Mutex<State>>,
}

/// Where connections go, and how they are kept.
#[derive(Clone)]
pub(crate) struct Target {
    origin: Uri,
    largest_header_list: u32,
    keepalive: Duration,
    keepalive_timeout: Duration,
    /// How many calls at once the callee allows on a connection: all connections to it learn it together.
    most_calls: Arc<AtomicUsize>,
    /// Whether the connection ends when it is idle.
    ends_idle: bool,
    surroundings: Surroundings,
}

impl Target {
    /// `host:port`; the name is resolved whenever a connection is made.
    pub(crate) fn new(
        address: &str,
        largest_header_list: u32,
        settings: ConnectionSettings,
        surroundings: &Surroundings,
    ) -> Result<Self, StartError> {
        let origin = format!("http://{address}").parse().map_err(|error| {
            StartError::because(format!("`{address}` is not a host:port"), &error)
        })?;
        let ConnectionSettings { keepalive, keepalive_timeout, .. } = settings;
        Ok(Self {
            origin,
            largest_header_list,
            keepalive,
            keepalive_timeout,
            most_calls: Arc::new(AtomicUsize::new(FIRST_CALLS)),
            ends_idle: false,
            surroundings: surroundings.clone(),
        })
    }

    /// The same for a connection that ends when it carried no call for one to two periods of keepalive.
    pub(crate) fn for_a_while(self) -> Self {
        Self { ends_idle: true, ..self }
    }

    /// How many calls at once the callee allows on a connection.
    pub(crate) fn most_calls(&self) -> usize {
        self.most_calls.load(Ordering::Relaxed)
    }

    /// Scheme and authority of every request.
    pub(crate) fn origin(&self) -> &Uri {
        &self.origin
    }
}

#[derive(Default)]
enum State {
    #[default]
    Closed,
    /// Other calls wait for the same attempt meanwhile.
    Opening(Opening),
    Open(OpenConnection),
}

type Opening = Shared<BoxFuture<'static, Result<OpenConnection, Arc<str>>>>;

#[derive(Clone)]
struct OpenConnection {
    requests: SendRequest<Bytes>,
    activity: Arc<Activity>,
}

impl Connection {
    /// A connection that is made when it is first needed.
    pub(crate) fn new(target: Target) -> Self {
        Self { target, state: Arc::default() }
    }

    /// What sends a request, once the connection is open.
    ///
    /// # Errors
    /// It cannot be made; the call was not sent.
    pub(crate) async fn sender(&self, permit: ConnectionPermit) -> Result<Sender, Infra> {
        let open = self.open().await?;
        if let Ok(requests) = open.requests.clone().ready().await {
            return Ok(Sender::new(requests, open.activity, permit));
        }
        // It broke, or the callee is closing it; nothing was sent yet, so another connection can be used.
        self.forget(&open);
        let open = self.open().await?;
        let unready =
            |error: h2::Error| Infra::unavailable(format!("{}: {error}", self.target.origin));
        let requests = open.requests.ready().await.map_err(unready)?;
        Ok(Sender::new(requests, open.activity, permit))
    }

    async fn open(&self) -> Result<OpenConnection, Infra> {
        let opening = {
            let mut state = lock(&self.state);
            match &*state {
                State::Open(open) => return Ok(open.clone()),
                State::Opening(opening) => opening.clone(),
                State::Closed => {
                    let opening = self.start();
                    *state = State::Opening(opening.clone());
                    opening
                }
            }
        };
        opening.await.map_err(|error| Infra::unavailable(error.to_string()))
    }

    /// Makes a connection in a task of its own, so that a caller that gives up does not end it for the others.
    fn start(&self) -> Opening {
        let (state, target) = (self.state.clone(), self.target.clone());
        let task = tokio::spawn(open(target, Arc::downgrade(&self.state)));
        let opening = task.map(move |ended| {
            let opened = ended.unwrap_or_else(|error| Err(Arc::from(error.to_string())));
            *lock(&state) = opened.clone().map_or(State::Closed, State::Open);
            opened
        });
        opening.boxed().shared()
    }

    /// Lets the next call make another connection, unless one has already.
    fn forget(&self, broken: &OpenConnection) {
        close(&self.state, &broken.activity);
    }
}

/// Closes the connection with this activity, unless another one took its place.
fn close(state: &Mutex<State>, activity: &Arc<Activity>) {
    let mut state = lock(state);
    if matches!(&*state, State::Open(open) if Arc::ptr_eq(&open.activity, activity)) {
        *state = State::Closed;
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn open(target: Target, state: Weak<Mutex<State>>) -> Result<OpenConnection, Arc<str>> {
    let Target { origin, largest_header_list, surroundings, .. } = &target;
    let address = origin.authority().map_or("", |authority| authority.as_str()).to_owned();
    let failed = |error: &dyn std::error::Error| {
        // The reason is the last of the causes: refused, no such host, timed out.
        let mut last = error;
        while let Some(cause) = last.source() {
            last = cause;
        }
        Arc::from(format!("{address}: cannot connect: {last}"))
    };
    let stream = surroundings.connect(&address).await.map_err(|error| failed(&error))?;
    let handshake = Builder::new()
        .enable_push(false)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(*largest_header_list)
        .initial_max_send_streams(target.most_calls())
        // A call that ends at its deadline resets its stream, and a late answer of the server then is an error of that stream.
        // Neither may count towards a limit that would close the connection with all other calls on it.
        .max_concurrent_reset_streams(RESET_STREAMS)
        .max_local_error_reset_streams(None)
        .handshake(stream);
    let (requests, connection) = handshake.await.map_err(|error| failed(&error))?;
    let activity = Arc::<Activity>::default();
    let driver = Driver { activity: activity.clone(), state, address, target };
    tokio::spawn(driver.run(connection));
    Ok(OpenConnection { requests, activity })
}

/// The task of one connection.
struct Driver {
    activity: Arc<Activity>,
    state: Weak<Mutex<State>>,
    address: String,
    target: Target,
}

/// Why nothing was heard of a connection.
enum Silence {
    /// The callee answers neither calls nor pings.
    Dead,
    /// No call is under way.
    Idle,
}

impl Driver {
    /// Carries frames until the connection ends; the calls under way learn of that themselves.
    async fn run(self, mut connection: h2::client::Connection<ByteStream, Bytes>) {
        let Some(mut pings) = connection.ping_pong() else { return };
        let most_calls = &self.target.most_calls;
        let mut ended = pin!(poll_fn(move |cx| {
            let ended = Pin::new(&mut connection).poll(cx);
            most_calls.store(connection.max_concurrent_send_streams(), Ordering::Relaxed);
            ended
        }));
        let mut ends_idle = self.target.ends_idle;
        loop {
            tokio::select! {
                ended = &mut ended => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, self.address, "a connection broke");
                    }
                    return;
                }
                silence = self.wait_for_silence(&mut pings, ends_idle) => match silence {
                    Silence::Dead => {
                        tracing::debug!(self.address, "a connection is dead");
                        return;
                    }
                    Silence::Idle => {
                        // A call that begins on it at this moment ends well: h2 closes the connection after the last one that has it.
                        ends_idle = false;
                        if let Some(state) = self.state.upgrade() {
                            close(&state, &self.activity);
                        }
                    }
                }
            }
        }
    }

    /// Resolves when the callee is silent for one to two periods of keepalive, and for a ping.
    async fn wait_for_silence(&self, pings: &mut PingPong, ends_idle: bool) -> Silence {
        let mut before = 0;
        loop {
            tokio::time::sleep(self.target.keepalive).await;
            let heard = self.activity.heard.load(Ordering::Relaxed);
            let silent = heard == std::mem::replace(&mut before, heard);
            let calls = self.activity.calls.load(Ordering::Relaxed);
            if silent && calls == 0 && ends_idle {
                return Silence::Idle;
            }
            // Servers close connections that ping while no call is under way.
            if silent && calls > 0 {
                let pong = pings.ping(h2::Ping::opaque());
                let pong = tokio::time::timeout(self.target.keepalive_timeout, pong).await;
                if !matches!(pong, Ok(Ok(_))) {
                    return Silence::Dead;
                }
            }
        }
    }
}
