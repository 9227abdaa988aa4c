//! Knows where hotels are.

use std::sync::Arc;

use bp_std::{DocumentStore, InitError, service};

use crate::{HotelError, Point, places};

pub(crate) const HOTELS: &str = "hotels";

/// Hotels by place.
#[service]
pub trait Geo {
    /// The hotels near a point, nearest first.
    #[idempotent]
    async fn nearby(&self, lat: f64, lon: f64) -> Result<Vec<String>, HotelError>;
}

/// Places in a document store.
pub struct GeoImpl {
    db: Arc<dyn DocumentStore>,
    radius_km: f64,
    max_results: u32,
}

impl GeoImpl {
    /// `radius_km` and `max_results` bound what is near.
    pub async fn new(
        db: Arc<dyn DocumentStore>,
        radius_km: f64,
        max_results: u32,
    ) -> Result<Self, InitError> {
        places::index(&*db, HOTELS).await?;
        Ok(Self { db, radius_km, max_results })
    }
}

#[service]
impl Geo for GeoImpl {
    async fn nearby(&self, lat: f64, lon: f64) -> Result<Vec<String>, HotelError> {
        let center = Point { lat, lon };
        if !center.is_valid() {
            return Err(HotelError::bad_request(
                "a latitude is -90 to 90, a longitude -180 to 180",
            ));
        }
        Ok(places::nearest(&*self.db, HOTELS, center, self.radius_km, self.max_results).await?)
    }
}
