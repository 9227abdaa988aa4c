//! Keeps what guests say.

use std::sync::Arc;
use std::time::Duration;

use bp_std::{
    Cache, CacheExt, Data, DocumentStore, DocumentStoreExt, Filter, Index, InitError, Query,
    service,
};

use crate::{Comment, HotelError};

pub(crate) const REVIEWS: &str = "reviews";

/// A list of reviews may be this old.
const FRESH: Duration = Duration::from_mins(5);

/// Reviews.
#[service]
pub trait Review {
    /// The reviews of a hotel, by id.
    #[idempotent]
    async fn get_reviews(&self, hotel_id: String) -> Result<Vec<Comment>, HotelError>;
}

/// What the cache holds.
#[derive(Debug, Clone, Data)]
struct Reviews {
    reviews: Vec<Comment>,
}

/// Reviews in a document store, with a cache in front.
pub struct ReviewImpl {
    cache: Arc<dyn Cache>,
    db: Arc<dyn DocumentStore>,
}

impl ReviewImpl {
    /// Makes sure that the reviews of a hotel are found fast.
    pub async fn new(cache: Arc<dyn Cache>, db: Arc<dyn DocumentStore>) -> Result<Self, InitError> {
        db.create_index(REVIEWS.to_owned(), Index::new("by_hotel", ["hotel_id"])).await?;
        Ok(Self { cache, db })
    }
}

#[service]
impl Review for ReviewImpl {
    async fn get_reviews(&self, hotel_id: String) -> Result<Vec<Comment>, HotelError> {
        let load = async {
            let query = Query::new().filter(Filter::eq("hotel_id", hotel_id.clone()));
            let all = self.db.find_all_as(REVIEWS, query).await?;
            Ok::<_, HotelError>(Reviews { reviews: all.into_iter().map(|(_, r)| r).collect() })
        };
        let key = format!("reviews/{hotel_id}");
        Ok(self.cache.get_or_load(&key, Some(FRESH), load).await?.reviews)
    }
}
