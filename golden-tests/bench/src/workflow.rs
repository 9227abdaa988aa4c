//! What the measured application's workflow crate would hold.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use bp_std::{Data, Infra, ServiceError, service};

use crate::load;

/// What a guest asks for.
#[derive(Debug, Clone, PartialEq, Data)]
pub(crate) struct Stay {
    pub(crate) from: String,
    pub(crate) to: String,
}

/// What a hotel offers.
#[derive(Debug, Clone, PartialEq, Data)]
pub(crate) struct Rate {
    pub(crate) hotel: String,
    pub(crate) code: String,
    pub(crate) cents: i64,
    pub(crate) rooms: u32,
}

/// What can go wrong.
#[derive(Debug, ServiceError)]
pub(crate) enum RateError {
    /// Nothing was asked.
    #[status(invalid_argument)]
    NoHotels,
    /// The call's way.
    #[infra]
    Infra(Infra),
}

/// The callee.
#[service]
pub(crate) trait Rates {
    /// A rate of every hotel: the call that crosses processes.
    #[idempotent]
    async fn get_rates(&self, hotels: Vec<String>, stay: Stay) -> Result<Vec<Rate>, RateError>;
    /// As little as a method can do: the call within a process.
    #[idempotent]
    async fn next(&self, number: u64) -> Result<u64, RateError>;
}

/// The caller.
#[service]
pub(crate) trait Desk {
    /// Calls `next` `calls` times in turn.
    async fn count(&self, calls: u64) -> Result<u64, RateError>;
    /// Calls `get_rates` `calls` times, `at_once` of them at any time; returns the latencies.
    async fn load(&self, calls: u32, at_once: u32) -> Result<Vec<Duration>, RateError>;
}

pub(crate) struct RatesImpl {
    pub(crate) factor: u64,
}

/// The rate of a hotel, the same on both sides of the comparison.
pub(crate) fn rate(hotel: String, stay_from: &str) -> Rate {
    let cents = i64::try_from(hotel.len() + stay_from.len()).unwrap_or(0) * 1_000;
    Rate { hotel, code: "RACK".to_owned(), cents, rooms: 3 }
}

#[service]
impl Rates for RatesImpl {
    async fn get_rates(&self, hotels: Vec<String>, stay: Stay) -> Result<Vec<Rate>, RateError> {
        if hotels.is_empty() {
            return Err(RateError::NoHotels);
        }
        Ok(hotels.into_iter().map(|hotel| rate(hotel, &stay.from)).collect())
    }

    async fn next(&self, number: u64) -> Result<u64, RateError> {
        Ok(number.wrapping_mul(self.factor).wrapping_add(1))
    }
}

pub(crate) struct DeskImpl {
    rates: Arc<dyn Rates>,
}

impl DeskImpl {
    pub(crate) fn new(rates: Arc<dyn Rates>) -> Self {
        Self { rates }
    }
}

#[service]
impl Desk for DeskImpl {
    async fn count(&self, calls: u64) -> Result<u64, RateError> {
        let mut number = 0;
        for _ in 0..calls {
            number = self.rates.next(black_box(number)).await?;
        }
        Ok(number)
    }

    async fn load(&self, calls: u32, at_once: u32) -> Result<Vec<Duration>, RateError> {
        let rates = self.rates.clone();
        let (hotels, stay) = question();
        load::run(calls, at_once, move || {
            let (rates, hotels, stay) = (rates.clone(), hotels.clone(), stay.clone());
            async move { rates.get_rates(hotels, stay).await }
        })
        .await
    }
}

/// The arguments of every measured `get_rates`.
pub(crate) fn question() -> (Vec<String>, Stay) {
    let hotels = (1..=5).map(|n| format!("hotel-{n:04}")).collect();
    (hotels, Stay { from: "2026-03-01".to_owned(), to: "2026-03-04".to_owned() })
}

/// The caller and its callee without a runtime, by their constructors.
pub(crate) fn construct() -> Arc<dyn Desk> {
    black_box(Arc::new(DeskImpl::new(Arc::new(RatesImpl { factor: 3 }))))
}
