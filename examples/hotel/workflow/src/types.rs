//! What crosses between the services.

use bp_std::{BackendError, Data, Infra, ServiceError};
use chrono::NaiveDate;

/// Longest stay, in nights.
const LONGEST_STAY: i64 = 60;

/// A place on Earth, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Data)]
pub struct Point {
    /// Latitude.
    pub lat: f64,
    /// Longitude.
    pub lon: f64,
}

/// A hotel as guests read of it.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct Hotel {
    /// Its number, as text.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where to call.
    pub phone_number: String,
    /// What it says of itself, in the guest's language if it can.
    pub description: String,
    /// Where it is.
    pub address: Address,
    /// Its pictures.
    pub images: Vec<Image>,
}

/// Where a hotel is.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct Address {
    /// House number.
    pub street_number: String,
    /// Street.
    pub street_name: String,
    /// City.
    pub city: String,
    /// State.
    pub state: String,
    /// Country.
    pub country: String,
    /// Postal code.
    pub postal_code: String,
    /// Latitude in degrees.
    pub lat: f64,
    /// Longitude in degrees.
    pub lon: f64,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct Image {
    /// Where it is.
    pub url: String,
    /// Whether it is shown first.
    pub default: bool,
}

/// What a hotel asks for a room, for stays within some days.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct RatePlan {
    /// The hotel.
    pub hotel_id: String,
    /// The plan's name among the hotel's.
    pub code: String,
    /// First day of arrival.
    pub in_date: NaiveDate,
    /// Last day of departure.
    pub out_date: NaiveDate,
    /// The room and its prices.
    pub room_type: RoomType,
}

/// A kind of room and what it costs a night.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct RoomType {
    /// What may be discounted.
    pub bookable_rate: f64,
    /// What is due.
    pub total_rate: f64,
    /// What is due, taxes included.
    pub total_rate_inclusive: f64,
    /// The kind: `KNG`.
    pub code: String,
    /// The prices' currency.
    pub currency: String,
    /// The room in words.
    pub room_description: String,
}

/// What a guest says of a hotel.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct Comment {
    /// Unique among all.
    pub review_id: String,
    /// The hotel.
    pub hotel_id: String,
    /// Who says it.
    pub name: String,
    /// 0 to 5.
    pub rating: f64,
    /// The words.
    pub description: String,
    /// A picture.
    pub image: Image,
}

/// A hotel as a search shows it.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct HotelView {
    /// Its number, as text.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where to call.
    pub phone_number: String,
    /// Where it is.
    pub location: Point,
}

/// A reservation that was made.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct Booking {
    /// The hotel.
    pub hotel_id: String,
    /// For whom.
    pub customer_name: String,
    /// How many rooms.
    pub rooms: u32,
}

/// Days of arrival and departure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Data)]
pub struct Stay {
    /// The first night's day.
    pub in_date: NaiveDate,
    /// The day after the last night.
    pub out_date: NaiveDate,
}

impl Stay {
    /// The days of its nights, as stores spell them.
    pub fn nights(&self) -> impl Iterator<Item = String> {
        let out = self.out_date;
        self.in_date.iter_days().take_while(move |day| *day < out).map(|day| day.to_string())
    }
}

/// A stay of 1 to 60 nights.
///
/// # Errors
/// `BadRequest` for any other.
pub fn check_stay(in_date: NaiveDate, out_date: NaiveDate) -> Result<Stay, HotelError> {
    match (out_date - in_date).num_days() {
        1..=LONGEST_STAY => Ok(Stay { in_date, out_date }),
        ..1 => Err(HotelError::bad_request("a stay ends after the day on which it begins")),
        _ => Err(HotelError::bad_request(&format!("a stay has at most {LONGEST_STAY} nights"))),
    }
}

/// Why a call fails.
#[derive(Debug, Clone, PartialEq, ServiceError)]
pub enum HotelError {
    /// There is no such hotel.
    #[status(not_found, "there is no hotel `{0}`")]
    NoSuchHotel(String),
    /// What is asked for makes no sense.
    #[status(invalid_argument, "{reason}")]
    BadRequest {
        /// What is wrong with it.
        reason: String,
    },
    /// User name or password is wrong; which of them is nobody's business.
    #[status(unauthenticated, "user name or password is wrong")]
    BadCredentials,
    /// The hotel has too few rooms in one of the nights.
    #[status(failed_precondition, "hotel `{0}` is fully booked")]
    FullyBooked(String),
    /// What a store holds is not what was put there.
    #[status(data_loss, "{0}")]
    Corrupt(String),
    /// The call did not get through.
    #[infra]
    Infra(Infra),
}

impl HotelError {
    pub(crate) fn bad_request(reason: &str) -> Self {
        Self::BadRequest { reason: reason.to_owned() }
    }
}

impl From<BackendError> for HotelError {
    fn from(error: BackendError) -> Self {
        match error {
            // The ids and names of guests are the only part of what is stored and asked for that the services do not choose.
            BackendError::Invalid(reason) => Self::BadRequest { reason },
            BackendError::WrongType(what) => Self::Corrupt(what),
            other => Self::Infra(other.into()),
        }
    }
}
