//! Books rooms.
//!
//! All that decides whether a room is free is one document a hotel: its rooms, and how many are taken each night.
//! One conditional update takes every night of a stay or none, so no interleaving books a room twice.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bp_std::{
    Cache, CacheExt, Data, DocumentStore, DocumentStoreExt, Filter, Update, service, shielded,
};
use chrono::NaiveDate;
use uuid::Uuid;

use crate::{Booking, HotelError, Stay, check_stay};

pub(crate) const HOTELS: &str = "hotels";
const RESERVATIONS: &str = "reservations";

/// What is said to be free may be this old; what is booked is decided by the store.
const FRESH: Duration = Duration::from_mins(1);

/// Rooms.
#[service]
pub trait Reservation {
    /// Books rooms in each of some hotels for a stay; returns the hotels in which they were free.
    async fn make_reservation(
        &self,
        customer_name: String,
        hotel_ids: Vec<String>,
        in_date: NaiveDate,
        out_date: NaiveDate,
        room_number: u32,
    ) -> Result<Vec<String>, HotelError>;

    /// The hotels, of some, that have so many rooms free every night of a stay; unknown hotels have none.
    #[idempotent]
    async fn check_availability(
        &self,
        customer_name: String,
        hotel_ids: Vec<String>,
        in_date: NaiveDate,
        out_date: NaiveDate,
        room_number: u32,
    ) -> Result<Vec<String>, HotelError>;
}

/// What is kept of a hotel.
#[derive(Debug, Clone, PartialEq, Data)]
pub(crate) struct Rooms {
    pub(crate) rooms: u32,
    /// By day.
    pub(crate) taken: BTreeMap<String, u32>,
}

impl Rooms {
    fn has_free(&self, stay: &Stay, rooms: u32) -> bool {
        stay.nights().all(|night| {
            let taken = self.taken.get(&night).copied().unwrap_or_default();
            taken.checked_add(rooms).is_some_and(|all| all <= self.rooms)
        })
    }
}

/// What is kept of a reservation.
#[derive(Debug, Clone, PartialEq, Data)]
struct Reserved {
    booking: Booking,
    stay: Stay,
}

/// Rooms in a document store, with a cache in front that only speaks about what may be free.
pub struct ReservationImpl {
    cache: Arc<dyn Cache>,
    db: Arc<dyn DocumentStore>,
}

impl ReservationImpl {
    /// Nothing is read before the first request.
    pub fn new(cache: Arc<dyn Cache>, db: Arc<dyn DocumentStore>) -> Self {
        Self { cache, db }
    }

    async fn find(&self, hotel_ids: Vec<String>) -> Result<Vec<Option<Rooms>>, HotelError> {
        let load = |missing| self.db.get_many_as::<Rooms>(HOTELS, missing);
        Ok(self.cache.get_many_or_load("rooms/", hotel_ids, Some(FRESH), load).await?)
    }
}

/// Takes the rooms of every night, if they are free, and notes for whom.
async fn book(
    cache: Arc<dyn Cache>,
    db: Arc<dyn DocumentStore>,
    total: u32,
    booking: Booking,
    stay: Stay,
) -> Result<bool, HotelError> {
    let Some(most) = total.checked_sub(booking.rooms) else { return Ok(false) };
    let path = |night: &str| format!("taken.{night}");
    let update = stay.nights().fold(Update::new(), |update, night| {
        // A night that nobody has booked is missing, and less than nothing is not greater.
        let free = Filter::gt(path(&night), most).not();
        update.inc(path(&night), booking.rooms).only_if(free)
    });
    let hotel = booking.hotel_id.clone();
    let taken = db.update_as::<Rooms>(HOTELS, &hotel, update).await?.is_some();
    // Without the entry the next reader sees what is true; a cache that cannot be reached forgets in time.
    drop(cache.delete(format!("rooms/{hotel}")).await);
    if !taken {
        return Ok(false);
    }
    let id = Uuid::new_v4().to_string();
    let rooms = booking.rooms;
    let noted = db.insert_as(RESERVATIONS, &id, &Reserved { booking, stay }).await;
    if let Err(error) = noted {
        // Nobody could claim the rooms, so they are given back.
        let back =
            stay.nights().fold(Update::new(), |back, n| back.inc(path(&n), -i64::from(rooms)));
        db.update_as::<Rooms>(HOTELS, &hotel, back).await?;
        return Err(error.into());
    }
    Ok(true)
}

#[service]
impl Reservation for ReservationImpl {
    async fn make_reservation(
        &self,
        customer_name: String,
        hotel_ids: Vec<String>,
        in_date: NaiveDate,
        out_date: NaiveDate,
        room_number: u32,
    ) -> Result<Vec<String>, HotelError> {
        let stay = check_rooms(in_date, out_date, room_number)?;
        if customer_name.is_empty() {
            return Err(HotelError::bad_request("a reservation needs a customer"));
        }
        let found = self.find(hotel_ids.clone()).await?;
        let mut booked = Vec::new();
        for (hotel_id, rooms) in hotel_ids.into_iter().zip(found) {
            let Some(rooms) = rooms else { return Err(HotelError::NoSuchHotel(hotel_id)) };
            let (hotel, customer_name) = (hotel_id.clone(), customer_name.clone());
            let booking = Booking { hotel_id, customer_name, rooms: room_number };
            let (cache, db) = (self.cache.clone(), self.db.clone());
            // A caller that gives up must not leave rooms that are taken for nobody.
            if shielded(book(cache, db, rooms.rooms, booking, stay)).await? {
                booked.push(hotel);
            }
        }
        Ok(booked)
    }

    async fn check_availability(
        &self,
        _customer_name: String,
        hotel_ids: Vec<String>,
        in_date: NaiveDate,
        out_date: NaiveDate,
        room_number: u32,
    ) -> Result<Vec<String>, HotelError> {
        let stay = check_rooms(in_date, out_date, room_number)?;
        let found = self.find(hotel_ids.clone()).await?;
        let free = |rooms: Option<Rooms>| rooms.is_some_and(|r| r.has_free(&stay, room_number));
        let both = hotel_ids.into_iter().zip(found);
        Ok(both.filter_map(|(id, rooms)| free(rooms).then_some(id)).collect())
    }
}

fn check_rooms(in_date: NaiveDate, out_date: NaiveDate, rooms: u32) -> Result<Stay, HotelError> {
    if rooms == 0 {
        return Err(HotelError::bad_request("a reservation is for one room at least"));
    }
    check_stay(in_date, out_date)
}

#[cfg(test)]
mod tests {
    use bp_backend::memory::{CacheLimits, MemoryCache, MemoryDocuments};

    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2015, 4, 1).unwrap() + chrono::Days::new(u64::from(n))
    }

    async fn hotels(rooms: &[(&str, u32)]) -> (Arc<ReservationImpl>, Arc<MemoryDocuments>) {
        let db = Arc::new(MemoryDocuments::new());
        for (id, rooms) in rooms {
            let kept = Rooms { rooms: *rooms, taken: BTreeMap::new() };
            db.insert_as(HOTELS, id, &kept).await.unwrap();
        }
        let cache = Arc::new(MemoryCache::new(CacheLimits::default()));
        (Arc::new(ReservationImpl::new(cache, db.clone())), db)
    }

    impl ReservationImpl {
        async fn one(
            &self,
            hotel: &str,
            from: u32,
            to: u32,
            rooms: u32,
        ) -> Result<bool, HotelError> {
            let ids = vec![hotel.to_owned()];
            let booked = self.make_reservation("Ada".to_owned(), ids, day(from), day(to), rooms);
            Ok(!booked.await?.is_empty())
        }

        async fn free(&self, from: u32, to: u32, rooms: u32) -> Vec<String> {
            let ids = ["1", "2", "none"].map(str::to_owned).to_vec();
            let name = String::new();
            self.check_availability(name, ids, day(from), day(to), rooms).await.unwrap()
        }
    }

    #[tokio::test]
    async fn every_night_of_a_stay_is_taken_or_none() {
        let (service, _) = hotels(&[("1", 2), ("2", 9)]).await;
        assert_eq!(service.free(0, 5, 2).await, ["1", "2"]);
        assert_eq!(service.one("1", 2, 3, 2).await, Ok(true));
        assert_eq!(service.one("1", 0, 5, 1).await, Ok(false), "the third night is full");
        assert_eq!(service.free(0, 5, 1).await, ["2"]);
        assert_eq!(service.free(0, 2, 2).await, ["1", "2"], "the nights before are untouched");
        assert_eq!(service.free(3, 5, 2).await, ["1", "2"], "the day of departure is no night");
        assert_eq!(service.one("1", 0, 1, 3).await, Ok(false), "more than there are");
        assert_eq!(service.one("2", 0, 1, u32::MAX).await, Ok(false));
        let both = ["1", "2"].map(str::to_owned).to_vec();
        let booked = service.make_reservation("Ada".to_owned(), both, day(2), day(3), 1).await;
        assert_eq!(booked, Ok(vec!["2".to_owned()]));
    }

    #[tokio::test]
    async fn what_makes_no_sense_is_refused() {
        let (service, _) = hotels(&[("1", 2)]).await;
        for (from, to, rooms) in [(1, 1, 1), (2, 1, 1), (0, 61, 1), (0, 1, 0)] {
            let refused = service.one("1", from, to, rooms).await;
            assert!(matches!(refused, Err(HotelError::BadRequest { .. })), "{from} {to} {rooms}");
        }
        let unknown = service.one("none", 0, 1, 1).await;
        assert_eq!(unknown, Err(HotelError::NoSuchHotel("none".to_owned())));
        assert_eq!(service.one("1", 0, 60, 1).await, Ok(true));
    }

    /// Guests in any number, for stays of any shape, at once: no night has more rooms taken than there are, what is noted is what is taken, and nobody who fits is refused.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_room_is_booked_twice_whatever_comes_at_once() {
        let mut state = 7_u64;
        let mut draw = |below: u32| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            u32::try_from((state >> 33) % u64::from(below)).unwrap()
        };
        for round in 0..40 {
            let total = 1 + draw(4);
            let (service, db) = hotels(&[("1", total)]).await;
            let wishes: Vec<(u32, u32, u32)> = (0..24)
                .map(|_| {
                    let from = draw(6);
                    (from, from + 1 + draw(4), 1 + draw(2))
                })
                .collect();
            let guests: Vec<_> = wishes
                .iter()
                .map(|&(from, to, rooms)| {
                    let service = service.clone();
                    tokio::spawn(async move { service.one("1", from, to, rooms).await.unwrap() })
                })
                .collect();
            let mut taken = [0; 10];
            let mut refused = Vec::new();
            for (guest, (from, to, rooms)) in guests.into_iter().zip(wishes) {
                if guest.await.unwrap() {
                    (from..to).for_each(|night| taken[night as usize] += rooms);
                } else {
                    refused.push((from, to, rooms));
                }
            }
            assert!(taken.iter().all(|n| *n <= total), "round {round}: {taken:?} of {total}");
            let fits = |(from, to, rooms): &(u32, u32, u32)| {
                (*from..*to).all(|night| taken[night as usize] + rooms <= total)
            };
            assert!(!refused.iter().any(fits), "round {round}: {refused:?} {taken:?} of {total}");
            let kept: Rooms = db.get_as(HOTELS, "1").await.unwrap().unwrap();
            for (night, count) in (0_u32..).zip(taken) {
                let noted = kept.taken.get(&day(night).to_string()).copied().unwrap_or_default();
                assert_eq!(noted, count, "round {round}");
            }
            let noted = db.find_all_as::<Reserved>(RESERVATIONS, Default::default()).await.unwrap();
            let rooms: u32 = noted
                .iter()
                .map(|(_, r)| r.booking.rooms * u32::try_from(r.stay.nights().count()).unwrap())
                .sum();
            assert_eq!(rooms, taken.iter().sum::<u32>(), "round {round}");
        }
    }
}
