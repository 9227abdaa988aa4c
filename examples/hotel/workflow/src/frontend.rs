//! The front door.

use std::sync::Arc;

use bp_std::service;
use chrono::NaiveDate;

use crate::{
    Attractions, Booking, Comment, Hotel, HotelError, HotelView, Point, Profile, Recommendation,
    Reservation, Review, Search, User,
};

/// Hotel reservation as guests see it.
#[service]
pub trait Frontend {
    /// The hotels near a point that are for sale and have a room free, nearest first.
    #[idempotent]
    async fn search(
        &self,
        in_date: NaiveDate,
        out_date: NaiveDate,
        lat: f64,
        lon: f64,
        locale: String,
    ) -> Result<Vec<HotelView>, HotelError>;

    /// The best hotels by distance (`dis`), rating (`rate`) or price (`price`).
    #[idempotent]
    async fn recommend(
        &self,
        require: String,
        lat: f64,
        lon: f64,
        locale: String,
    ) -> Result<Vec<HotelView>, HotelError>;

    /// Whether user name and password are right.
    #[idempotent]
    async fn login(&self, username: String, password: String) -> Result<bool, HotelError>;

    /// Books rooms in a hotel.
    async fn reserve(
        &self,
        username: String,
        password: String,
        customer_name: String,
        hotel_id: String,
        in_date: NaiveDate,
        out_date: NaiveDate,
        number: u32,
    ) -> Result<Booking, HotelError>;

    /// What guests say of a hotel.
    #[idempotent]
    async fn reviews(
        &self,
        username: String,
        password: String,
        hotel_id: String,
    ) -> Result<Vec<Comment>, HotelError>;

    /// The restaurants near a hotel.
    #[idempotent]
    async fn restaurants(
        &self,
        username: String,
        password: String,
        hotel_id: String,
    ) -> Result<Vec<String>, HotelError>;

    /// The museums near a hotel.
    #[idempotent]
    async fn museums(
        &self,
        username: String,
        password: String,
        hotel_id: String,
    ) -> Result<Vec<String>, HotelError>;

    /// The cinemas near a hotel.
    #[idempotent]
    async fn cinemas(
        &self,
        username: String,
        password: String,
        hotel_id: String,
    ) -> Result<Vec<String>, HotelError>;
}

/// Puts together what the services know.
pub struct FrontendImpl {
    search: Arc<dyn Search>,
    profile: Arc<dyn Profile>,
    recommendation: Arc<dyn Recommendation>,
    reservation: Arc<dyn Reservation>,
    user: Arc<dyn User>,
    review: Arc<dyn Review>,
    attractions: Arc<dyn Attractions>,
}

impl FrontendImpl {
    /// Nothing is called before the first request.
    pub fn new(
        search: Arc<dyn Search>,
        profile: Arc<dyn Profile>,
        recommendation: Arc<dyn Recommendation>,
        reservation: Arc<dyn Reservation>,
        user: Arc<dyn User>,
        review: Arc<dyn Review>,
        attractions: Arc<dyn Attractions>,
    ) -> Self {
        Self { search, profile, recommendation, reservation, user, review, attractions }
    }

    async fn views(&self, ids: Vec<String>, locale: String) -> Result<Vec<HotelView>, HotelError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.profile.get_profiles(ids, locale).await?.into_iter().map(view).collect())
    }

    async fn known(&self, username: String, password: String) -> Result<(), HotelError> {
        if self.user.check_user(username, password).await? {
            Ok(())
        } else {
            Err(HotelError::BadCredentials)
        }
    }
}

fn view(hotel: Hotel) -> HotelView {
    HotelView {
        id: hotel.id,
        name: hotel.name,
        phone_number: hotel.phone_number,
        location: Point { lat: hotel.address.lat, lon: hotel.address.lon },
    }
}

#[service]
impl Frontend for FrontendImpl {
    async fn search(
        &self,
        in_date: NaiveDate,
        out_date: NaiveDate,
        lat: f64,
        lon: f64,
        locale: String,
    ) -> Result<Vec<HotelView>, HotelError> {
        let near = self.search.nearby(lat, lon, in_date, out_date).await?;
        if near.is_empty() {
            return Ok(Vec::new());
        }
        let free =
            self.reservation.check_availability(String::new(), near, in_date, out_date, 1).await?;
        self.views(free, locale).await
    }

    async fn recommend(
        &self,
        require: String,
        lat: f64,
        lon: f64,
        locale: String,
    ) -> Result<Vec<HotelView>, HotelError> {
        let best = self.recommendation.get_recommendations(require, lat, lon).await?;
        self.views(best, locale).await
    }

    async fn login(&self, username: String, password: String) -> Result<bool, HotelError> {
        self.user.check_user(username, password).await
    }

    async fn reserve(
        &self,
        username: String,
        password: String,
        customer_name: String,
        hotel_id: String,
        in_date: NaiveDate,
        out_date: NaiveDate,
        number: u32,
    ) -> Result<Booking, HotelError> {
        self.known(username, password).await?;
        let hotel_ids = vec![hotel_id.clone()];
        let booked = self
            .reservation
            .make_reservation(customer_name.clone(), hotel_ids, in_date, out_date, number)
            .await?;
        if booked.is_empty() {
            return Err(HotelError::FullyBooked(hotel_id));
        }
        Ok(Booking { hotel_id, customer_name, rooms: number })
    }

    async fn reviews(
        &self,
        username: String,
        password: String,
        hotel_id: String,
    ) -> Result<Vec<Comment>, HotelError> {
        self.known(username, password).await?;
        self.review.get_reviews(hotel_id).await
    }

    async fn restaurants(
        &self,
        username: String,
        password: String,
        hotel_id: String,
    ) -> Result<Vec<String>, HotelError> {
        self.known(username, password).await?;
        self.attractions.nearby_rest(hotel_id).await
    }

    async fn museums(
        &self,
        username: String,
        password: String,
        hotel_id: String,
    ) -> Result<Vec<String>, HotelError> {
        self.known(username, password).await?;
        self.attractions.nearby_mus(hotel_id).await
    }

    async fn cinemas(
        &self,
        username: String,
        password: String,
        hotel_id: String,
    ) -> Result<Vec<String>, HotelError> {
        self.known(username, password).await?;
        self.attractions.nearby_cinema(hotel_id).await
    }
}
