//! The server: tonic frames, hyper carries, [`Served::call`](bp_runtime::Served::call) answers.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bp_contract::transport::ConnectionSettings;
use bp_runtime::{
    BoxFuture, ByteStream, Class, Codec, Context, Encoded, Infra, InfraKind, Instant, MessageLimit,
    Method, Processed, ServeContext, Served, Server, StartError, Surroundings, headers, listen,
};
use bytes::Bytes;
use http::HeaderMap;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tonic::body::Body;
use tonic::{Request, Response, Status};

use crate::codec::BytesCodec;
use crate::reply_body::Ending;
use crate::settings::GrpcSettings;
use crate::standard::StandardServices;
use crate::{INSTANCE, PREVIOUS_ATTEMPTS, TIMEOUT, method_path, status, timeout_header};

/// Most headers of a request, baggage included.
const MAX_REQUEST_HEADERS: u32 = 64 * 1024;
/// Calls that are reset before they are taken, as a burst of timeouts does; beyond it the connection is closed (CVE-2023-44487).
const MAX_PENDING_RESETS: usize = 1000;

/// Serves one listener until it is drained.
pub(crate) async fn serve(cx: ServeContext) -> Result<(), StartError> {
    let settings: GrpcSettings = cx.settings.read()?;
    let description = cx.description.filter(|_| settings.reflection);
    let standard = StandardServices::new(&cx.server, description, cx.drain.clone());
    let state =
        ListenerState::new(cx.server, cx.limit, settings.connections, cx.surroundings, standard);
    let state = Arc::new(state);
    let signal = cx.drain.clone();
    let serving = listen::accept_connections(cx.listener, cx.drain, |stream| {
        let (signal, old) = (signal.clone(), state.wait_for_age());
        let leaving = async move {
            tokio::select! {
                () = signal.draining() => {}
                () = old => {}
            }
        };
        serve_connection(stream, state.clone(), leaving)
    });
    tokio::join!(serving, state.standard.report(cx.ready));
    Ok(())
}

/// Serves a connection until it ends, or until `leaving` resolves and what is open has ended.
async fn serve_connection(
    stream: ByteStream,
    listener: Arc<ListenerState>,
    leaving: impl Future<Output = ()>,
) {
    let ConnectionSettings { keepalive, keepalive_timeout, calls_per_connection, .. } =
        listener.connections;
    let mut builder = auto::Builder::new(TokioExecutor::new()).http2_only();
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(keepalive)
        .keep_alive_timeout(keepalive_timeout)
        .max_concurrent_streams(calls_per_connection)
        .max_header_list_size(MAX_REQUEST_HEADERS)
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS);
    let service = service_fn(move |request: http::Request<Incoming>| {
        let listener = listener.clone();
        async move { Ok::<_, Infallible>(listener.answer(request).await) }
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = leaving => {
            // GOAWAY: what is open may finish, what comes later was not processed.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection broke");
    }
}

/// What a listener's connections share.
struct ListenerState {
    server: Arc<Server>,
    /// By path.
    methods: BTreeMap<String, Route>,
    limit: MessageLimit,
    connections: ConnectionSettings,
    surroundings: Surroundings,
    standard: StandardServices,
}

/// A method, and the instances that have it, as indices in [`Server::served`].
struct Route {
    method: &'static Method,
    instances: Vec<usize>,
}

impl ListenerState {
    fn new(
        server: Arc<Server>,
        limit: MessageLimit,
        connections: ConnectionSettings,
        surroundings: Surroundings,
        standard: StandardServices,
    ) -> Self {
        let mut methods: BTreeMap<String, Route> = BTreeMap::new();
        for (place, served) in server.served().iter().enumerate() {
            for method in served.interface().methods.iter().filter(|method| method.remote) {
                methods
                    .entry(method_path(served.interface(), method))
                    .or_insert_with(|| Route { method, instances: Vec::new() })
                    .instances
                    .push(place);
            }
        }
        Self { server, methods, limit, connections, surroundings, standard }
    }

    /// Resolves when a connection that is made now has the age at which it is closed.
    fn wait_for_age(&self) -> BoxFuture<'static, ()> {
        match self.connections.draw_age(self.surroundings.rng.unit()) {
            Some(age) => self.surroundings.clock.sleep(age),
            None => Box::pin(std::future::pending()),
        }
    }

    async fn answer(&self, request: http::Request<Incoming>) -> http::Response<Body> {
        let (served, method) = match self.find(&request) {
            Ok(found) => found,
            Err(infra) => {
                let standard = self.standard.answer(request).await;
                return standard.unwrap_or_else(|_| status::encode_infra(&infra).into_http());
            }
        };
        let context = read_context(request.headers(), self.surroundings.clock.now());
        let (reached, ending) = (AtomicBool::new(false), Mutex::default());
        let limit = self.limit;
        let unary =
            UnaryCall { served, method, context, limit, reached: &reached, ending: &ending };
        let response = tonic::server::Grpc::new(BytesCodec)
            .max_decoding_message_size(self.limit.bytes)
            .unary(unary, request)
            .await;
        if reached.load(Ordering::Relaxed) {
            let ending = ending.into_inner().unwrap_or_else(PoisonError::into_inner);
            return response.map(|body| ending.attach(body));
        }
        // Tonic refused the message itself; say so in our words.
        match Status::from_header_map(response.headers()) {
            Some(refusal) => status::encode_infra(&status::classify_framing(&refusal)).into_http(),
            None => response,
        }
    }

    /// The instance and the method that a request is for.
    fn find(&self, request: &http::Request<Incoming>) -> Result<(&Served, &'static Method), Infra> {
        let unknown = |what: String| Infra::new(InfraKind::Unimplemented, Processed::No, what);
        let path = request.uri().path();
        let route = self.methods.get(path).ok_or_else(|| unknown(format!("there is no {path}")))?;
        let instances =
            || route.instances.iter().filter_map(|place| self.server.served().get(*place));
        let names = || instances().map(Served::name).collect::<Vec<_>>().join(", ");
        let named = request.headers().get(INSTANCE).and_then(|value| value.to_str().ok());
        let served = match named {
            Some(name) => instances().find(|served| served.name() == name).ok_or_else(|| {
                unknown(format!("`{name}` has no {path} here; instances that have it: {}", names()))
            }),
            None if route.instances.len() == 1 => {
                instances().next().ok_or_else(|| unknown(format!("there is no {path}")))
            }
            None => Err(unknown(format!(
                "several instances have {path}; name one in the header `{INSTANCE}`: {}",
                names()
            ))),
        };
        Ok((served?, route.method))
    }
}

/// One call, for tonic, which hands it the message.
struct UnaryCall<'a> {
    served: &'a Served,
    method: &'static Method,
    context: Context,
    limit: MessageLimit,
    reached: &'a AtomicBool,
    /// What is left for the response's body.
    ending: &'a Mutex<Ending>,
}

impl<'a> tonic::server::UnaryService<Bytes> for UnaryCall<'a> {
    type Response = Bytes;
    type Future = BoxFuture<'a, Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        self.reached.store(true, Ordering::Relaxed);
        let arguments = Encoded { codec: Codec::Protobuf, bytes: request.into_inner() };
        let (limit, ending) = (self.limit, self.ending);
        let answer =
            self.served.call(self.method.index, arguments, std::mem::take(&mut self.context));
        Box::pin(async move {
            let mut reply = answer.await.map_err(|infra| status::encode_infra(&infra))?;
            let mut ending = ending.lock().unwrap_or_else(PoisonError::into_inner);
            ending.guards = reply.take_guards();
            let body = reply.encode(Codec::Protobuf);
            let body = body.and_then(|body| limit.check_answer(body.len()).map(|()| body));
            let body = body.map_err(|infra| {
                status::encode_infra(&infra.with_metadata(reply.metadata().clone()))
            })?;
            match reply.class() {
                Class::Ok => {
                    ending.metadata = std::mem::take(reply.metadata_mut());
                    Ok(Response::new(body))
                }
                // A status has its metadata in the trailers already.
                Class::Application { status, code, message } => {
                    Err(status::encode_application(*status, code, message, &body, reply.metadata()))
                }
            }
        })
    }
}

fn read_context(headers: &HeaderMap, now: Instant) -> Context {
    let get = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let mut context = Context::from_headers(now, |name| match name {
        headers::ATTEMPT => get(PREVIOUS_ATTEMPTS),
        name => get(name),
    });
    let timeout = get(TIMEOUT).and_then(timeout_header::read);
    // A wait that the clock cannot add does not count as a deadline.
    if let Some(deadline) = timeout.and_then(|timeout| now.checked_add(timeout)) {
        context.limit_deadline(deadline);
    }
    context
}
