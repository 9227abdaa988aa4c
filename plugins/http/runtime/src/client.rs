//! The client: HTTP/2 with prior knowledge, so that giving up on a call resets only its stream.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::uri::{Authority, PathAndQuery, Scheme};
use axum::http::{HeaderName, HeaderValue, Method as Verb, Request, Uri, header};
use bp_contract::transport::ConnectionSettings;
use bp_runtime::{
    BoxFuture, Call, Class, Codec, ConnectContext, ConnectionPermits, Dialer, Endpoint, Infra,
    InfraKind, MessageLimit, Processed, Reply, ReplyMetadata, StartError, Surroundings,
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::connector::PoolConnector;
use crate::route::Route;
use crate::settings::HttpSettings;
use crate::{JSON, problem};

/// How many streams that were reset by a deadline or a caller are remembered for a moment; any burst of time-outs exceeds h2's default of 50.
const RESET_STREAMS: usize = 16_384;

/// Makes clients for the endpoints of one edge's callee.
pub(crate) struct HttpDialer {
    shared: Arc<EdgeState>,
}

/// What an edge's clients have in common.
struct EdgeState {
    edge: String,
    /// One connection to each endpoint each; there are more when there are more calls at once than one carries.
    pools: Mutex<Vec<Pool>>,
    connections: ConnectionSettings,
    /// By method index.
    paths: Vec<PathAndQuery>,
    limit: MessageLimit,
    surroundings: Surroundings,
}

/// Connections by endpoint.
type Pool = legacy::Client<PoolConnector, Full<Bytes>>;

/// A client of one endpoint.
struct EndpointClient {
    shared: Arc<EdgeState>,
    authority: Authority,
    permits: ConnectionPermits,
}

impl EdgeState {
    /// The pool of the connections with this number.
    fn pool(&self, number: usize) -> Pool {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match pools.get(number) {
                Some(pool) => return pool.clone(),
                None => pools.push(build_pool(self.connections, &self.surroundings)),
            }
        }
    }
}

fn build_pool(connections: ConnectionSettings, surroundings: &Surroundings) -> Pool {
    let connector = PoolConnector { surroundings: surroundings.clone() };
    legacy::Client::builder(TokioExecutor::new())
        .http2_only(true)
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .http2_keep_alive_interval(connections.keepalive)
        // A call that ends at its deadline resets its stream, and a late answer of the server then is an error of that stream.
        // Neither may count towards a limit that would close the connection with all other calls on it.
        .http2_max_concurrent_reset_streams(RESET_STREAMS)
        .http2_max_local_error_reset_streams(None)
        .http2_keep_alive_timeout(connections.keepalive_timeout)
        .build(connector)
}

impl HttpDialer {
    pub(crate) fn new(cx: ConnectContext) -> Result<Self, StartError> {
        let ConnectContext { edge, interface, settings, limit, surroundings, .. } = cx;
        let HttpSettings { connections, .. } = settings.read()?;
        let paths = interface.methods.iter().map(|method| {
            let path = Route::within(&edge.callee, method.name).pattern();
            path.parse().map_err(|error| {
                StartError::because(format!("edge {}: `{path}` is not a path", edge.key), &error)
            })
        });
        let paths = paths.collect::<Result<_, StartError>>()?;
        let edge = edge.key.clone();
        let pools = Mutex::default();
        let shared = EdgeState { edge, pools, connections, paths, limit, surroundings };
        Ok(Self { shared: Arc::new(shared) })
    }
}

impl Dialer for HttpDialer {
    fn dial(&self, address: &str) -> Result<Arc<dyn Endpoint>, StartError> {
        let shared = self.shared.clone();
        let authority = address.parse().map_err(|error| {
            StartError::because(
                format!("edge {}: `{address}` is not a host:port", shared.edge),
                &error,
            )
        })?;
        let permits = ConnectionPermits::new(shared.connections.calls_per_connection);
        Ok(Arc::new(EndpointClient { shared, authority, permits }))
    }
}

impl EndpointClient {
    async fn post(&self, call: Call) -> Result<Reply, Infra> {
        let shared = &*self.shared;
        let arguments = call.encode(Codec::Json)?;
        shared.limit.check_arguments(arguments.len())?;
        let path = shared.paths.get(usize::from(call.method.index));
        let path = path.cloned().ok_or_else(|| Infra::unknown_method(&call))?;
        let uri = Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
            .map_err(|error| Infra::internal(format!("the callee's address: {error}")))?;
        let build_request = || {
            let mut request = Request::new(Full::new(arguments.clone()));
            // [`Route::within`] has this verb.
            *request.method_mut() = Verb::POST;
            *request.uri_mut() = uri.clone();
            request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
            for (name, value) in call.context.to_headers(shared.surroundings.clock.now()) {
                // `to_headers` writes visible ASCII, so this fails only for a `tracestate` that was invalid when it arrived.
                if let Ok(value) = HeaderValue::try_from(value) {
                    request.headers_mut().insert(HeaderName::from_static(name), value);
                }
            }
            request
        };
        let (class, body, said) = self.exchange(build_request).await?;
        Ok(Reply::encoded(class, Codec::Json, body).with_metadata(said))
    }

    async fn exchange(
        &self,
        build_request: impl Fn() -> Request<Full<Bytes>>,
    ) -> Result<(Class, Bytes, ReplyMetadata), Infra> {
        let address = self.authority.as_str();
        // What a callee allows is known to the pool alone, so only the setting counts.
        let permit = self.permits.acquire(usize::MAX);
        let pool = self.shared.pool(permit.connection());
        let mut sent = pool.request(build_request()).await;
        // The callee is closing the connection, and took nothing of the request: another one can be made.
        // One that refuses the stream has enough to do, and is not asked again.
        if let Err(error) = &sent
            && !error.is_connect()
            && !is_refused(error)
            && classify_error(error, address).processed == Processed::No
        {
            sent = pool.request(build_request()).await;
        }
        let (head, body) = sent.map_err(|error| classify_error(&error, address))?.into_parts();
        // An error's object is around the encoded error, so it may be a little larger than that.
        let most = self.shared.limit.bytes;
        let limit = if head.status.is_success() { most } else { most + 4096 };
        let body = match Limited::new(body, limit).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return Err(self.shared.limit.refuse_answer());
            }
            Err(error) => {
                let message = format!("{address}: the answer ended early: {error}");
                return Err(Infra::new(InfraKind::Unavailable, Processed::Yes, message));
            }
        };
        problem::read(head.status, &head.headers, body, address)
    }
}

impl Endpoint for EndpointClient {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(self.post(call))
    }
}

/// Whether the callee refused the stream.
fn is_refused(error: &legacy::Error) -> bool {
    let mut next = error.source();
    while let Some(cause) = next {
        let h2 = cause.downcast_ref::<h2::Error>();
        if h2.is_some_and(|h2| h2.reason() == Some(h2::Reason::REFUSED_STREAM)) {
            return true;
        }
        next = cause.source();
    }
    false
}

/// What a failed connection says about the call on it.
///
/// Not processed: the connection could not be made, the stream was refused, the request never left the queue, or the
/// server's GOAWAY named an earlier stream as its last (h2 hands a remote GOAWAY to a stream in that case alone).
fn classify_error(error: &legacy::Error, address: &str) -> Infra {
    let mut processed = if error.is_connect() { Processed::No } else { Processed::Maybe };
    let mut message = format!("{address}: {error}");
    let mut next = error.source();
    while let Some(cause) = next {
        message.push_str(": ");
        message.push_str(&cause.to_string());
        if let Some(h2) = cause.downcast_ref::<h2::Error>()
            && (h2.reason() == Some(h2::Reason::REFUSED_STREAM)
                || (h2.is_go_away() && h2.is_remote()))
        {
            processed = Processed::No;
        }
        if cause.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled) {
            processed = Processed::No;
        }
        next = cause.source();
    }
    Infra::new(InfraKind::Unavailable, processed, message)
}
