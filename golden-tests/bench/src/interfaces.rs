//! The interfaces in the shape of generated code.

use std::time::Duration;

use bp_std::rt::{
    Arc, BoxFuture, Call, Client, Dispatch, Infra, Interface, InterfaceGlue, Method, Reply,
};

use crate::workflow::{Desk, Rate, RateError, Rates, Stay};

pub(crate) static RATES: Interface = Interface::new(
    "bench::Rates",
    "bench.Rates",
    &[
        Method::new(0, "get_rates", &["hotels", "stay"]).idempotent(),
        Method::new(1, "next", &["number"]).idempotent(),
    ],
);

/// Calls `Rates` through an edge's chain.
pub(crate) struct RatesClient(pub(crate) Client);

#[bp_std::service]
impl Rates for RatesClient {
    async fn get_rates(&self, hotels: Vec<String>, stay: Stay) -> Result<Vec<Rate>, RateError> {
        self.0.call(0, (hotels, stay)).await
    }
    async fn next(&self, number: u64) -> Result<u64, RateError> {
        self.0.call(1, (number,)).await
    }
}

/// Answers calls on `Rates`.
pub(crate) struct RatesServer(pub(crate) Arc<dyn Rates>);

impl Dispatch for RatesServer {
    fn dispatch(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async move {
            match call.method.index {
                0 => {
                    let (hotels, stay) = call.take()?;
                    Reply::of(self.0.get_rates(hotels, stay).await)
                }
                1 => {
                    let (number,) = call.take()?;
                    Reply::of(self.0.next(number).await)
                }
                _ => Err(Infra::unknown_method(&call)),
            }
        })
    }
}

pub(crate) fn rates() -> InterfaceGlue {
    let mut glue = InterfaceGlue::new::<dyn Rates>(
        &RATES,
        |client| Arc::new(RatesClient(client)),
        |service| Arc::new(RatesServer(service)),
    );
    glue = glue.method::<(Vec<String>, Stay), Vec<Rate>, RateError>();
    glue = glue.method::<(u64,), u64, RateError>();
    glue
}

pub(crate) static DESK: Interface = Interface::new(
    "bench::Desk",
    "bench.Desk",
    &[Method::new(0, "count", &["calls"]), Method::new(1, "load", &["calls", "at_once"])],
);

/// Calls `Desk` through an edge's chain.
pub(crate) struct DeskClient(pub(crate) Client);

#[bp_std::service]
impl Desk for DeskClient {
    async fn count(&self, calls: u64) -> Result<u64, RateError> {
        self.0.call(0, (calls,)).await
    }
    async fn load(&self, calls: u32, at_once: u32) -> Result<Vec<Duration>, RateError> {
        self.0.call(1, (calls, at_once)).await
    }
}

/// Answers calls on `Desk`.
pub(crate) struct DeskServer(pub(crate) Arc<dyn Desk>);

impl Dispatch for DeskServer {
    fn dispatch(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async move {
            match call.method.index {
                0 => {
                    let (calls,) = call.take()?;
                    Reply::of(self.0.count(calls).await)
                }
                1 => {
                    let (calls, at_once) = call.take()?;
                    Reply::of(self.0.load(calls, at_once).await)
                }
                _ => Err(Infra::unknown_method(&call)),
            }
        })
    }
}

pub(crate) fn desk() -> InterfaceGlue {
    let mut glue = InterfaceGlue::new::<dyn Desk>(
        &DESK,
        |client| Arc::new(DeskClient(client)),
        |service| Arc::new(DeskServer(service)),
    );
    glue = glue.method::<(u64,), u64, RateError>();
    glue = glue.method::<(u32, u32), Vec<Duration>, RateError>();
    glue
}
