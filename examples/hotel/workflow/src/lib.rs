//! Hotel reservation in nine services and a frontend: what it does, and nothing of how it is deployed.
//!
//! The services and their methods are those of DeathStarBench's hotel reservation; `../README.md` says where they differ.

#![allow(clippy::too_many_arguments, reason = "the benchmark's interfaces take that many")]

mod attractions;
mod frontend;
mod geo;
mod passwords;
mod places;
mod profile;
mod rate;
mod recommendation;
mod reservation;
mod review;
mod search;
mod seed;
mod types;
mod user;

pub use attractions::{Attractions, AttractionsImpl};
pub use frontend::{Frontend, FrontendImpl};
pub use geo::{Geo, GeoImpl};
pub use profile::{Profile, ProfileImpl};
pub use rate::{Rate, RateImpl};
pub use recommendation::{Recommendation, RecommendationImpl};
pub use reservation::{Reservation, ReservationImpl};
pub use review::{Review, ReviewImpl};
pub use search::{Search, SearchImpl};
pub use seed::{Seed, SeedImpl, Seeded};
pub use types::{
    Address, Booking, Comment, Hotel, HotelError, HotelView, Image, Point, RatePlan, RoomType,
    Stay, check_stay,
};
pub use user::{User, UserImpl};
