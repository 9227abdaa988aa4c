//! Recommends hotels.

use std::sync::Arc;

use bp_std::{Data, DocumentStore, DocumentStoreExt, Filter, Index, InitError, Query, service};

use crate::{HotelError, Point};

pub(crate) const HOTELS: &str = "hotels";

/// Recommendations.
#[service]
pub trait Recommendation {
    /// The best hotels: the nearest to a point for `require` `dis`, those with the best rating for `rate`, the cheapest for `price`; all that tie, by id.
    #[idempotent]
    async fn get_recommendations(
        &self,
        require: String,
        lat: f64,
        lon: f64,
    ) -> Result<Vec<String>, HotelError>;
}

/// What is kept of a hotel.
#[derive(Debug, Clone, PartialEq, Data)]
pub(crate) struct Kept {
    pub(crate) lat: f64,
    pub(crate) lon: f64,
    /// The guests' rating.
    pub(crate) rate: f64,
    /// The lowest price.
    pub(crate) price: f64,
}

/// Hotels in a document store.
pub struct RecommendationImpl {
    db: Arc<dyn DocumentStore>,
}

impl RecommendationImpl {
    /// Makes sure that the best are found fast.
    pub async fn new(db: Arc<dyn DocumentStore>) -> Result<Self, InitError> {
        for path in ["rate", "price"] {
            db.create_index(HOTELS.to_owned(), Index::new(format!("by_{path}"), [path])).await?;
        }
        Ok(Self { db })
    }

    /// Every hotel with the first value of a field in some order.
    async fn best(&self, first: Query, path: &str) -> Result<Vec<String>, HotelError> {
        let first = self.db.page_as::<Kept>(HOTELS, first.limit(1)).await?;
        let Some((_, best)) = first.entries.into_iter().next() else { return Ok(Vec::new()) };
        let value = if path == "rate" { best.rate } else { best.price };
        let query = Query::new().filter(Filter::eq(path, value));
        let all = self.db.find_all(HOTELS, query).await?;
        Ok(all.into_iter().map(|document| document.id).collect())
    }

    async fn nearest(&self, center: Point) -> Result<Vec<String>, HotelError> {
        let query = Query::new().limit(Query::MAX_LIMIT);
        let all: Vec<(String, Kept)> = self.db.find_all_as(HOTELS, query).await?;
        let away = |kept: &Kept| center.distance_km(Point { lat: kept.lat, lon: kept.lon });
        let least = all.iter().map(|(_, kept)| away(kept)).min_by(f64::total_cmp);
        let best = all.iter().filter(|(_, kept)| Some(away(kept)) == least);
        Ok(best.map(|(id, _)| id.clone()).collect())
    }
}

#[service]
impl Recommendation for RecommendationImpl {
    async fn get_recommendations(
        &self,
        require: String,
        lat: f64,
        lon: f64,
    ) -> Result<Vec<String>, HotelError> {
        let center = Point { lat, lon };
        match require.as_str() {
            "dis" if center.is_valid() => self.nearest(center).await,
            "rate" => self.best(Query::new().descending("rate"), "rate").await,
            "price" => self.best(Query::new().ascending("price"), "price").await,
            "dis" => {
                Err(HotelError::bad_request("a latitude is -90 to 90, a longitude -180 to 180"))
            }
            _ => Err(HotelError::bad_request("`require` is one of `dis`, `rate` and `price`")),
        }
    }
}
