//! Knows what is worth a walk.

use std::sync::Arc;

use bp_std::{DocumentStore, DocumentStoreExt, InitError, service};

use crate::{HotelError, Point, places};

pub(crate) const HOTELS: &str = "hotels";
pub(crate) const RESTAURANTS: &str = "restaurants";
pub(crate) const MUSEUMS: &str = "museums";
pub(crate) const CINEMAS: &str = "cinemas";

/// What is near a hotel, nearest first.
#[service]
pub trait Attractions {
    /// Restaurants.
    #[idempotent]
    async fn nearby_rest(&self, hotel_id: String) -> Result<Vec<String>, HotelError>;

    /// Museums.
    #[idempotent]
    async fn nearby_mus(&self, hotel_id: String) -> Result<Vec<String>, HotelError>;

    /// Cinemas.
    #[idempotent]
    async fn nearby_cinema(&self, hotel_id: String) -> Result<Vec<String>, HotelError>;
}

/// Places in a document store.
pub struct AttractionsImpl {
    db: Arc<dyn DocumentStore>,
    radius_km: f64,
    max_results: u32,
}

impl AttractionsImpl {
    /// `radius_km` and `max_results` bound what is near.
    pub async fn new(
        db: Arc<dyn DocumentStore>,
        radius_km: f64,
        max_results: u32,
    ) -> Result<Self, InitError> {
        for kind in [RESTAURANTS, MUSEUMS, CINEMAS] {
            places::index(&*db, kind).await?;
        }
        Ok(Self { db, radius_km, max_results })
    }

    async fn nearby(&self, kind: &str, hotel_id: String) -> Result<Vec<String>, HotelError> {
        let Some(hotel) = self.db.get_as::<Point>(HOTELS, &hotel_id).await? else {
            return Err(HotelError::NoSuchHotel(hotel_id));
        };
        Ok(places::nearest(&*self.db, kind, hotel, self.radius_km, self.max_results).await?)
    }
}

#[service]
impl Attractions for AttractionsImpl {
    async fn nearby_rest(&self, hotel_id: String) -> Result<Vec<String>, HotelError> {
        self.nearby(RESTAURANTS, hotel_id).await
    }

    async fn nearby_mus(&self, hotel_id: String) -> Result<Vec<String>, HotelError> {
        self.nearby(MUSEUMS, hotel_id).await
    }

    async fn nearby_cinema(&self, hotel_id: String) -> Result<Vec<String>, HotelError> {
        self.nearby(CINEMAS, hotel_id).await
    }
}
