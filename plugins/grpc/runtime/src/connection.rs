//! One HTTP/2 connection to an endpoint: made when it is first needed, shared by all calls, and made again after it broke.
//!
//! Calls go to h2 directly. Tonic's channel and hyper's client put two tasks between a call and its connection, start two
//! more for every call, send its message in a packet of its own, and watch `grpc-timeout` with another timer;
//! together that costs more than all wrappers.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bp_contract::transport::ConnectionSettings;
use bp_runtime::{BoxFuture, ByteStream, Infra, Place, StartError, Surroundings};
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
            ends_idle: false,
            surroundings: surroundings.clone(),
        })
    }

    /// The same for a connection that ends when it carried no call for one to two periods of keepalive.
    pub(crate) fn for_a_while(self) -> Self {
        Self { ends_idle: true, ..self }
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

    /// How many calls at once the callee allows.
    pub(crate) fn most_calls(&self) -> usize {
        match &*lock(&self.state) {
            State::Open(open) => open.requests.current_max_send_streams(),
            State::Closed | State::Opening(_) => usize::MAX,
        }
    }

    /// What sends a request, once the connection is open.
    ///
    /// # Errors
    /// It cannot be made; the call was not sent.
    pub(crate) async fn sender(&self, place: Place) -> Result<Sender, Infra> {
        let open = self.open().await?;
        if let Ok(requests) = open.requests.clone().ready().await {
            return Ok(Sender::new(requests, open.activity, place));
        }
        // It broke, or the callee is closing it; nothing was sent yet, so another connection can be used.
        self.forget(&open);
        let open = self.open().await?;
        Ok(Sender::new(open.requests, open.activity, place))
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
        let task = tokio::spawn(open(target));
        let opening = task.map(move |ended| {
            let opened = ended.unwrap_or_else(|error| Err(Arc::from(error.to_string())));
            *lock(&state) = opened.clone().map_or(State::Closed, State::Open);
            opened
        });
        opening.boxed().shared()
    }

    /// Lets the next call make another connection, unless one has already.
    fn forget(&self, broken: &OpenConnection) {
        let mut state = lock(&self.state);
        if matches!(&*state, State::Open(open) if Arc::ptr_eq(&open.activity, &broken.activity)) {
            *state = State::Closed;
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn open(target: Target) -> Result<OpenConnection, Arc<str>> {
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
        // A call that ends at its deadline resets its stream, and a late answer of the server then is an error of that stream.
        // Neither may count towards a limit that would close the connection with all other calls on it.
        .max_concurrent_reset_streams(RESET_STREAMS)
        .max_local_error_reset_streams(None)
        .handshake(stream);
    let (requests, connection) = handshake.await.map_err(|error| failed(&error))?;
    let activity = Arc::<Activity>::default();
    tokio::spawn(drive(connection, activity.clone(), address, target));
    Ok(OpenConnection { requests, activity })
}

/// Carries frames until the connection ends; the calls under way learn of that themselves.
async fn drive(
    mut connection: h2::client::Connection<ByteStream, Bytes>,
    activity: Arc<Activity>,
    address: String,
    target: Target,
) {
    let Some(pings) = connection.ping_pong() else { return };
    tokio::select! {
        ended = connection => {
            if let Err(error) = ended {
                tracing::debug!(%error, address, "a connection broke");
            }
        }
        () = wait_for_silence(pings, &activity, &target) => {
            tracing::debug!(address, "a connection is dead, or no longer needed");
        }
    }
}

/// Resolves when the callee answers neither calls nor pings, or when a connection that ends idle is.
async fn wait_for_silence(mut pings: PingPong, activity: &Activity, target: &Target) {
    let mut before = 0;
    loop {
        tokio::time::sleep(target.keepalive).await;
        let heard = activity.heard.load(Ordering::Relaxed);
        let silent = heard == std::mem::replace(&mut before, heard);
        let calls = activity.calls.load(Ordering::Relaxed);
        if silent && calls == 0 && target.ends_idle {
            return;
        }
        // Servers close connections that ping while no call is under way.
        if silent && calls > 0 {
            let pong = pings.ping(h2::Ping::opaque());
            if !matches!(tokio::time::timeout(target.keepalive_timeout, pong).await, Ok(Ok(_))) {
                return;
            }
        }
    }
}
