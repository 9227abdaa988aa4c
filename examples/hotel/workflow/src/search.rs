//! Finds hotels that are near and for sale.

use std::collections::HashSet;
use std::sync::Arc;

use bp_std::service;
use chrono::NaiveDate;

use crate::{Geo, HotelError, Rate};

/// Hotels by place and stay.
#[service]
pub trait Search {
    /// The hotels near a point that have a rate for the stay, nearest first.
    #[idempotent]
    async fn nearby(
        &self,
        lat: f64,
        lon: f64,
        in_date: NaiveDate,
        out_date: NaiveDate,
    ) -> Result<Vec<String>, HotelError>;
}

/// Asks `geo` what is near, and `rate` what of it is for sale.
pub struct SearchImpl {
    geo: Arc<dyn Geo>,
    rate: Arc<dyn Rate>,
}

impl SearchImpl {
    /// Nothing is called before the first request.
    pub fn new(geo: Arc<dyn Geo>, rate: Arc<dyn Rate>) -> Self {
        Self { geo, rate }
    }
}

#[service]
impl Search for SearchImpl {
    async fn nearby(
        &self,
        lat: f64,
        lon: f64,
        in_date: NaiveDate,
        out_date: NaiveDate,
    ) -> Result<Vec<String>, HotelError> {
        let near = self.geo.nearby(lat, lon).await?;
        if near.is_empty() {
            return Ok(near);
        }
        let plans = self.rate.get_rates(near.clone(), in_date, out_date).await?;
        let sold: HashSet<String> = plans.into_iter().map(|plan| plan.hotel_id).collect();
        Ok(near.into_iter().filter(|id| sold.contains(id)).collect())
    }
}
