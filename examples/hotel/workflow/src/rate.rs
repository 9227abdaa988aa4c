//! Knows what rooms cost.

use std::sync::Arc;
use std::time::Duration;

use bp_std::{Cache, CacheExt, Data, DocumentStore, DocumentStoreExt, service};
use chrono::NaiveDate;

use crate::{HotelError, RatePlan, check_stay};

pub(crate) const RATES: &str = "rates";

/// A price may be this old.
const FRESH: Duration = Duration::from_mins(5);

/// Prices.
#[service]
pub trait Rate {
    /// The plans of some hotels that cover the stay: the cheapest first, then by hotel and code.
    #[idempotent]
    async fn get_rates(
        &self,
        hotel_ids: Vec<String>,
        in_date: NaiveDate,
        out_date: NaiveDate,
    ) -> Result<Vec<RatePlan>, HotelError>;
}

/// What is kept under a hotel's id.
#[derive(Debug, Clone, Default, Data)]
pub(crate) struct Plans {
    pub(crate) plans: Vec<RatePlan>,
}

/// Plans in a document store, with a cache in front.
pub struct RateImpl {
    cache: Arc<dyn Cache>,
    db: Arc<dyn DocumentStore>,
}

impl RateImpl {
    /// Nothing is read before the first request.
    pub fn new(cache: Arc<dyn Cache>, db: Arc<dyn DocumentStore>) -> Self {
        Self { cache, db }
    }
}

#[service]
impl Rate for RateImpl {
    async fn get_rates(
        &self,
        hotel_ids: Vec<String>,
        in_date: NaiveDate,
        out_date: NaiveDate,
    ) -> Result<Vec<RatePlan>, HotelError> {
        let stay = check_stay(in_date, out_date)?;
        let load = |missing| self.db.get_many_as::<Plans>(RATES, missing);
        let found = self.cache.get_many_or_load("rates/", hotel_ids, Some(FRESH), load).await?;
        let mut plans: Vec<RatePlan> = found
            .into_iter()
            .flatten()
            .flat_map(|kept| kept.plans)
            .filter(|plan| plan.in_date <= stay.in_date && stay.out_date <= plan.out_date)
            .collect();
        plans.sort_by(|a, b| {
            let price = |plan: &RatePlan| plan.room_type.total_rate_inclusive;
            let name = |plan: &RatePlan| (plan.hotel_id.clone(), plan.code.clone());
            price(a).total_cmp(&price(b)).then_with(|| name(a).cmp(&name(b)))
        });
        Ok(plans)
    }
}
