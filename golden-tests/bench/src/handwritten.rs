//! The other side: the same service written by hand, with tonic and prost, and as a boxed trait.

use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Result;
use http::uri::PathAndQuery;
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::codegen::{Body as HttpBody, Service, StdError};
use tonic::server::NamedService;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::{load, workflow};

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GetRates {
    #[prost(string, repeated, tag = "1")]
    pub(crate) hotels: Vec<String>,
    #[prost(message, optional, tag = "2")]
    pub(crate) stay: Option<Stay>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Stay {
    #[prost(string, tag = "1")]
    pub(crate) from: String,
    #[prost(string, tag = "2")]
    pub(crate) to: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct GotRates {
    #[prost(message, repeated, tag = "1")]
    pub(crate) result: Vec<Rate>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Rate {
    #[prost(string, tag = "1")]
    pub(crate) hotel: String,
    #[prost(string, tag = "2")]
    pub(crate) code: String,
    #[prost(sint64, tag = "3")]
    pub(crate) cents: i64,
    #[prost(uint32, tag = "4")]
    pub(crate) rooms: u32,
}

/// The request of every measured call.
pub(crate) fn question() -> GetRates {
    let (hotels, stay) = workflow::question();
    GetRates { hotels, stay: Some(Stay { from: stay.from, to: stay.to }) }
}

/// What the service does.
pub(crate) fn answer(request: GetRates) -> Result<GotRates, Status> {
    if request.hotels.is_empty() {
        return Err(Status::invalid_argument("no hotels"));
    }
    let from = request.stay.unwrap_or_default().from;
    let result = request.hotels.into_iter().map(|hotel| {
        let workflow::Rate { hotel, code, cents, rooms } = workflow::rate(hotel, &from);
        Rate { hotel, code, cents, rooms }
    });
    Ok(GotRates { result: result.collect() })
}

/// As tonic's generator writes a client.
#[derive(Clone)]
pub(crate) struct Client {
    grpc: tonic::client::Grpc<Channel>,
}

impl Client {
    pub(crate) fn connect(address: &str) -> Result<Self> {
        let channel = Endpoint::from_shared(format!("http://{address}"))?.connect_lazy();
        Ok(Self { grpc: tonic::client::Grpc::new(channel) })
    }

    async fn get_rates(&mut self, request: GetRates) -> Result<Response<GotRates>, Status> {
        self.grpc.ready().await.map_err(|error| Status::unknown(error.to_string()))?;
        let path = PathAndQuery::from_static("/bench.Rates/GetRates");
        self.grpc.unary(Request::new(request), path, ProstCodec::default()).await
    }

    /// As the caller's `load`.
    pub(crate) async fn load(&self, calls: u32, at_once: u32) -> Result<Vec<Duration>, Status> {
        let (client, request) = (self.clone(), question());
        load::run(calls, at_once, move || {
            // One clone for each call, as tonic's documentation recommends for concurrent callers.
            let (mut client, request) = (client.clone(), request.clone());
            async move { client.get_rates(request).await.map(Response::into_inner) }
        })
        .await
    }
}

type Answering<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// As tonic's generator writes a server.
#[derive(Clone)]
struct RatesServer;

impl NamedService for RatesServer {
    const NAME: &'static str = "bench.Rates";
}

impl<B> Service<http::Request<B>> for RatesServer
where
    B: HttpBody + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answering<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        match request.uri().path() {
            "/bench.Rates/GetRates" => Box::pin(async move {
                let mut grpc = tonic::server::Grpc::new(ProstCodec::default());
                Ok(grpc.unary(GetRatesMethod, request).await)
            }),
            _ => Box::pin(async move { Ok(Status::unimplemented("no such method").into_http()) }),
        }
    }
}

struct GetRatesMethod;

impl tonic::server::UnaryService<GetRates> for GetRatesMethod {
    type Response = GotRates;
    type Future = Answering<Response<GotRates>, Status>;

    fn call(&mut self, request: Request<GetRates>) -> Self::Future {
        Box::pin(async move { answer(request.into_inner()).map(Response::new) })
    }
}

/// Serves until the future is dropped.
pub(crate) async fn serve(listener: TcpListener) -> Result<()> {
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Ok(Server::builder().add_service(RatesServer).serve_with_incoming(incoming).await?)
}

type Counting<'a> = Pin<Box<dyn Future<Output = Result<u64, workflow::RateError>> + Send + 'a>>;

/// The trait that `#[service]` stands for, boxed by hand.
trait Rates: Send + Sync {
    fn next(&self, number: u64) -> Counting<'_>;
}

struct RatesImpl {
    factor: u64,
}

impl Rates for RatesImpl {
    fn next(&self, number: u64) -> Counting<'_> {
        Box::pin(async move { Ok(number.wrapping_mul(self.factor).wrapping_add(1)) })
    }
}

/// The caller, boxed like the callee.
trait Desk: Send + Sync {
    fn count(&self, calls: u64) -> Counting<'_>;
}

struct DeskImpl {
    rates: Arc<dyn Rates>,
}

impl Desk for DeskImpl {
    fn count(&self, calls: u64) -> Counting<'_> {
        Box::pin(async move {
            let mut number = 0;
            for _ in 0..calls {
                number = self.rates.next(black_box(number)).await?;
            }
            Ok(number)
        })
    }
}

/// Calls the boxed trait `calls` times in turn.
pub(crate) async fn count(calls: u64) -> Result<u64, workflow::RateError> {
    let desk: Arc<dyn Desk> =
        black_box(Arc::new(DeskImpl { rates: Arc::new(RatesImpl { factor: 3 }) }));
    desk.count(calls).await
}
