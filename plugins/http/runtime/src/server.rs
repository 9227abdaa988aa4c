//! The server: axum routes, hyper carries (HTTP/1.1 and HTTP/2 without TLS), [`Served::call`](bp_runtime::Served::call) answers.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method as Verb, Response, StatusCode, header, request::Parts};
use axum::routing::{MethodFilter, MethodRouter, on};
use bp_contract::transport::ConnectionSettings;
use bp_runtime::{
    BoxFuture, ByteStream, Class, Clock, Codec, Context, Encoded, Infra, InfraKind, MessageLimit,
    Method, Processed, ServeContext, Server, StartError, Surroundings, listen,
};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use serde_json::{Map, Value};

use crate::measure::Measure;
use crate::request::list_spellings;
use crate::route::Route;
use crate::settings::{HttpSettings, RouteSettings};
use crate::{problem, reply_body, reply_metadata};

/// Most headers of a request, baggage included.
const MAX_REQUEST_HEADERS: u32 = 64 * 1024;
/// Calls that are reset before they are taken, as a burst of timeouts does; beyond it the connection is closed (CVE-2023-44487).
const MAX_PENDING_RESETS: usize = 1000;

/// Serves one listener until it is drained.
pub(crate) async fn serve(cx: ServeContext) -> Result<(), StartError> {
    let router = build_router(&cx.server, cx.limit, &cx.surroundings)
        .map_err(|error| error.at(format!("listener {}", cx.name)))?;
    let HttpSettings { connections, .. } = cx.settings.read()?;
    let (signal, surroundings) = (cx.drain.clone(), cx.surroundings);
    listen::accept_connections(cx.listener, cx.drain, move |stream| {
        let old: BoxFuture<'static, ()> = match connections.draw_age(surroundings.rng.unit()) {
            Some(age) => surroundings.clock.sleep(age),
            None => Box::pin(std::future::pending()),
        };
        let signal = signal.clone();
        let leaving = async move {
            tokio::select! {
                () = signal.draining() => {}
                () = old => {}
            }
        };
        serve_connection(stream, router.clone(), connections, leaving)
    })
    .await;
    Ok(())
}

/// Serves a connection until it ends, or until `leaving` resolves and what is open has ended.
async fn serve_connection(
    stream: ByteStream,
    router: Router,
    connections: ConnectionSettings,
    leaving: impl Future<Output = ()>,
) {
    let ConnectionSettings { keepalive, keepalive_timeout, calls_per_connection, .. } = connections;
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(keepalive)
        .keep_alive_timeout(keepalive_timeout)
        .max_concurrent_streams(calls_per_connection)
        .max_header_list_size(MAX_REQUEST_HEADERS)
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS);
    let service = TowerToHyperService::new(router);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = leaving => {
            // GOAWAY, or `connection: close`: what is open may finish.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "a connection broke");
    }
}

/// Where a method of an instance answers.
struct RouteTarget {
    server: Arc<Server>,
    /// Its place in [`Server::served`].
    place: usize,
    method: &'static Method,
    route: Route,
    /// The route's path.
    pattern: Arc<str>,
    limit: MessageLimit,
    clock: Arc<dyn Clock>,
    measure: Measure,
}

fn build_router(
    server: &Arc<Server>,
    limit: MessageLimit,
    surroundings: &Surroundings,
) -> Result<Router, StartError> {
    let measure = Measure::new(surroundings)?;
    let mut taken = BTreeSet::new();
    let mut paths: BTreeMap<String, MethodRouter> = BTreeMap::new();
    for (place, served) in server.served().iter().enumerate() {
        let settings: RouteSettings = served.settings().read()?;
        for method in served.interface().methods.iter().filter(|method| method.remote) {
            let who = format!("{}.{}", served.name(), method.name);
            let given = match settings.routes.0.get(method.name) {
                None => Ok(Route::default_for(served.name(), method.name)),
                Some(text) => Route::read(text, method.arguments),
            };
            let given = given.map_err(|why| StartError::new(why).at(format!("route of {who}")))?;
            for route in [given, Route::within(served.name(), method.name)] {
                if !taken.insert(route.key()) {
                    return Err(StartError::new(format!(
                        "two methods answer at {}; one is {who}",
                        route.key()
                    )));
                }
                let pattern = route.pattern();
                let verb = find_filter(&route)?;
                let target = Arc::new(RouteTarget {
                    server: server.clone(),
                    place,
                    method,
                    route,
                    pattern: pattern.as_str().into(),
                    limit,
                    clock: surroundings.clock.clone(),
                    measure: measure.clone(),
                });
                let handler = move |request: Request| {
                    let target = target.clone();
                    async move { target.answer(request).await }
                };
                let at = paths.remove(&pattern).map_or_else(
                    || on(verb, handler.clone()),
                    |methods| methods.on(verb, handler.clone()),
                );
                paths.insert(pattern, at);
            }
        }
    }
    let spelled = paths.iter().flat_map(|(path, methods)| {
        list_spellings(path).into_iter().map(move |path| (path, methods.clone()))
    });
    let router =
        spelled.fold(Router::new(), |router, (path, methods)| router.route(&path, methods));
    let fallback = |status, measure: Measure| {
        move |request: Request| {
            let measure = measure.clone();
            let (method, answer) = (request.method().clone(), answer_no_route(status, &request));
            async move { measure.answer(&method, None, std::future::ready(answer)).await }
        }
    };
    Ok(router
        .fallback(fallback(StatusCode::NOT_FOUND, measure.clone()))
        .method_not_allowed_fallback(fallback(StatusCode::METHOD_NOT_ALLOWED, measure)))
}

/// What selects requests with the route's verb.
fn find_filter(route: &Route) -> Result<MethodFilter, StartError> {
    let failed = |error: &dyn std::error::Error| StartError::because("a route's verb", error);
    let verb = Verb::from_bytes(route.verb.as_bytes()).map_err(|error| failed(&error))?;
    MethodFilter::try_from(verb).map_err(|error| failed(&error))
}

/// The answer to a request that no method has a route for.
fn answer_no_route(status: StatusCode, request: &Request) -> Response<Body> {
    let message = format!("nothing answers at {} {}", request.method(), request.uri().path());
    problem::encode_infra_as(status, &Infra::new(InfraKind::Unimplemented, Processed::No, message))
}

impl RouteTarget {
    async fn answer(&self, request: Request) -> Response<Body> {
        let method = request.method().clone();
        let answer =
            async { self.run(request).await.unwrap_or_else(|infra| problem::encode_infra(&infra)) };
        self.measure.answer(&method, Some(&self.pattern), answer).await
    }

    async fn run(&self, request: Request) -> Result<Response<Body>, Infra> {
        let now = self.clock.now();
        let (head, body) = request.into_parts();
        let context = Context::from_headers(now, |name| head.headers.get(name)?.to_str().ok());
        let arguments = self.arguments(&head, body).await?;
        self.limit.check_arguments(arguments.len())?;
        let served = self.server.served().get(self.place);
        let served = served.ok_or_else(|| Infra::internal("a served instance is gone"))?;
        let arguments = Encoded { codec: Codec::Json, bytes: arguments };
        let mut reply = served.call(self.method.index, arguments, context).await?;
        let guards = reply.take_guards();
        let body = reply.encode(Codec::Json);
        let body = body.and_then(|body| self.limit.check_answer(body.len()).map(|()| body));
        let response = match (body, reply.class()) {
            (Ok(body), Class::Ok) => {
                let mut response = problem::json_response(StatusCode::OK, body);
                reply_metadata::write(reply.metadata(), response.headers_mut());
                response
            }
            (Ok(body), Class::Application { status, code, message }) => {
                problem::encode_application(*status, code, message, &body, reply.metadata())
            }
            (Err(infra), _) => {
                problem::encode_infra(&infra.with_metadata(reply.metadata().clone()))
            }
        };
        Ok(response.map(|body| reply_body::attach(body, guards)))
    }

    /// The arguments from path, query and body, as one JSON object.
    async fn arguments(&self, head: &Parts, body: Body) -> Result<Bytes, Infra> {
        let given = self.route.arguments(head.uri.path(), head.uri.query(), self.method.arguments);
        let given = given.map_err(Infra::decode)?;
        let body = self.body(head, body).await?;
        if given.is_empty() {
            // The usual call: the body is decoded as it was sent.
            return Ok(if body.is_empty() { Bytes::from_static(b"{}") } else { body });
        }
        let mut members: Map<String, Value> = if body.is_empty() {
            Map::new()
        } else {
            serde_json::from_slice(&body)
                .map_err(|error| Infra::decode(format!("the body is not a JSON object: {error}")))?
        };
        for (name, value) in given {
            if members.insert(name.clone(), value).is_some() {
                return Err(Infra::decode(format!(
                    "`{name}` is given both in the URL and in the body"
                )));
            }
        }
        Ok(Value::Object(members).to_string().into())
    }

    async fn body(&self, head: &Parts, body: Body) -> Result<Bytes, Infra> {
        let body = match Limited::new(body, self.limit.bytes).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return Err(self.limit.refuse_arguments());
            }
            Err(error) => return Err(Infra::decode(format!("the body ended early: {error}"))),
        };
        let media = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        match media {
            Some(media) if !body.is_empty() && !is_json(media) => Err(Infra::decode(format!(
                "the body is {media}; send a JSON object as application/json"
            ))),
            _ => Ok(body),
        }
    }
}

/// Whether a media type is JSON: `application/json; charset=utf-8`, `application/problem+json`.
fn is_json(media: &str) -> bool {
    let essence = media.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || essence.rsplit_once('+').is_some_and(|(_, suffix)| suffix.eq_ignore_ascii_case("json"))
}
