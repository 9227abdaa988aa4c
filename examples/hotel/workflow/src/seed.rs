//! Fills the stores with a city to try things in.
//!
//! An init, and no constructor's business: it runs once before traffic, and adds only what is missing, so that running again changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use bp_std::{BackendError, Data, Document, DocumentStore, DocumentStoreExt, service};
use chrono::NaiveDate;

use crate::attractions::{CINEMAS, MUSEUMS, RESTAURANTS};
use crate::rate::Plans;
use crate::reservation::Rooms;
use crate::user::{Account, USERS};
use crate::{Address, Comment, HotelError, Image, Point, RatePlan, RoomType, attractions};
use crate::{geo, passwords, profile, rate, recommendation, reservation, review};

/// Filling.
#[service]
pub trait Seed {
    /// Adds the hotels, their surroundings and the users that are missing.
    #[idempotent]
    async fn fill(&self) -> Result<Seeded, HotelError>;
}

/// What filling did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Data)]
pub struct Seeded {
    /// Documents that were missing.
    pub added: u32,
    /// Documents that were there.
    pub present: u32,
}

/// Fills every store of the application.
pub struct SeedImpl {
    geo_db: Arc<dyn DocumentStore>,
    rate_db: Arc<dyn DocumentStore>,
    profile_db: Arc<dyn DocumentStore>,
    recommendation_db: Arc<dyn DocumentStore>,
    reservation_db: Arc<dyn DocumentStore>,
    review_db: Arc<dyn DocumentStore>,
    attractions_db: Arc<dyn DocumentStore>,
    user_db: Arc<dyn DocumentStore>,
    hotels: u32,
    users: u32,
    hash_memory_kib: u32,
}

impl SeedImpl {
    /// `hash_memory_kib` is the memory that hashing one user's password takes.
    #[expect(clippy::too_many_arguments, reason = "the stores of eight services")]
    pub fn new(
        geo_db: Arc<dyn DocumentStore>,
        rate_db: Arc<dyn DocumentStore>,
        profile_db: Arc<dyn DocumentStore>,
        recommendation_db: Arc<dyn DocumentStore>,
        reservation_db: Arc<dyn DocumentStore>,
        review_db: Arc<dyn DocumentStore>,
        attractions_db: Arc<dyn DocumentStore>,
        user_db: Arc<dyn DocumentStore>,
        hotels: u32,
        users: u32,
        hash_memory_kib: u32,
    ) -> Self {
        Self {
            geo_db,
            rate_db,
            profile_db,
            recommendation_db,
            reservation_db,
            review_db,
            attractions_db,
            user_db,
            hotels,
            users,
            hash_memory_kib,
        }
    }
}

#[service]
impl Seed for SeedImpl {
    async fn fill(&self) -> Result<Seeded, HotelError> {
        let mut done = Seeded::default();
        let mut add = async |db: &Arc<dyn DocumentStore>, collection: &str, all| {
            let more = add_missing(&**db, collection, all).await?;
            done.added += more.added;
            done.present += more.present;
            Ok::<_, HotelError>(())
        };
        let hotels = 1..=self.hotels;
        let each = |make: fn(u32) -> Document| hotels.clone().map(make).collect::<Vec<_>>();
        add(&self.geo_db, geo::HOTELS, each(|n| entry(n, &place(n)))).await?;
        add(&self.rate_db, rate::RATES, each(|n| entry(n, &plans(n)))).await?;
        add(&self.profile_db, profile::PROFILES, each(|n| entry(n, &profile(n)))).await?;
        let recommended = each(|n| entry(n, &recommended(n)));
        add(&self.recommendation_db, recommendation::HOTELS, recommended).await?;
        let rooms = |n| Rooms { rooms: rooms(n), taken: BTreeMap::new() };
        let all = hotels.clone().map(|n| entry(n, &rooms(n))).collect();
        add(&self.reservation_db, reservation::HOTELS, all).await?;
        let reviews = hotels.clone().flat_map(reviews).map(|r| document(&r.review_id.clone(), &r));
        add(&self.review_db, review::REVIEWS, reviews.collect()).await?;
        add(&self.attractions_db, attractions::HOTELS, each(|n| entry(n, &place(n)))).await?;
        for (kind, count) in [(RESTAURANTS, 60), (MUSEUMS, 20), (CINEMAS, 15)] {
            let all = (1..=count).map(|n| document(&format!("{kind}-{n}"), &around(kind, n)));
            add(&self.attractions_db, kind, all.collect()).await?;
        }
        let users = self.add_users().await?;
        done.added += users.added;
        done.present += users.present;
        Ok(done)
    }
}

impl SeedImpl {
    /// Users are hashed only when they are missing: that is the slow part.
    async fn add_users(&self) -> Result<Seeded, HotelError> {
        let names: Vec<String> = (0..self.users).map(|n| format!("Cornell_{n}")).collect();
        let found = self.user_db.get_many_as::<Account>(USERS, names.clone()).await?;
        let present = found.iter().flatten().count();
        let missing = (0..self.users).zip(found).filter(|(_, found)| found.is_none());
        let (memory, numbers) = (self.hash_memory_kib, missing.map(|(n, _)| n).collect());
        let made = tokio::task::spawn_blocking(move || accounts(numbers, memory)).await;
        let made = made.ok().flatten().ok_or_else(|| {
            HotelError::bad_request("`hash_memory_kib` is 16 at least, and no more than there is")
        })?;
        let mut done = add_missing(&*self.user_db, USERS, made).await?;
        done.present += u32::try_from(present).unwrap_or(u32::MAX);
        Ok(done)
    }
}

fn accounts(numbers: Vec<u32>, memory_kib: u32) -> Option<Vec<Document>> {
    let account = |n: u32| {
        let password_hash = passwords::hash(&n.to_string().repeat(10), memory_kib)?;
        Some(document(&format!("Cornell_{n}"), &Account { password_hash }))
    };
    numbers.into_iter().map(account).collect()
}

/// Adds documents unless there are some under their ids: what others made of them since stays.
async fn add_missing(
    db: &dyn DocumentStore,
    collection: &str,
    documents: Vec<Document>,
) -> Result<Seeded, HotelError> {
    let ids = documents.iter().map(|document| document.id.clone()).collect();
    let found = db.get_many(collection.to_owned(), ids).await?;
    let mut done = Seeded::default();
    for (document, found) in documents.into_iter().zip(found) {
        if found.is_some() {
            done.present += 1;
            continue;
        }
        match db.insert(collection.to_owned(), document).await {
            Ok(()) => done.added += 1,
            // Another copy of the init was faster.
            Err(BackendError::AlreadyExists(_)) => done.present += 1,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(done)
}

fn document<T: Data>(id: &str, body: &T) -> Document {
    Document::of(id, body)
}

fn entry<T: Data>(hotel: u32, body: &T) -> Document {
    document(&hotel.to_string(), body)
}

/// A number below `below` that looks drawn, and is the same for the same `seed` and `of` always (SplitMix64).
fn drawn(seed: u64, of: u32, below: u32) -> u32 {
    let mut z = (u64::from(of) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(seed);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    u32::try_from((z ^ (z >> 31)) % u64::from(below.max(1))).unwrap_or_default()
}

/// In the region that the benchmark asks about, to four digits.
fn spot(seed: u64, of: u32) -> Point {
    let lat = 37_7800 + drawn(seed, of, 4850);
    let lon = 121_9200 + drawn(seed + 1, of, 3400);
    Point { lat: f64::from(lat) / 1e4, lon: -f64::from(lon) / 1e4 }
}

fn place(hotel: u32) -> Point {
    spot(11, hotel)
}

fn around(kind: &str, number: u32) -> Point {
    spot(kind.bytes().map(u64::from).sum::<u64>() << 8, number)
}

fn rooms(hotel: u32) -> u32 {
    // Some are small enough to be full.
    if hotel.is_multiple_of(7) { 2 } else { 10 + drawn(21, hotel, 40) }
}

fn price(hotel: u32) -> f64 {
    79.0 + f64::from(drawn(31, hotel, 220))
}

fn april(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2015, 4, day).unwrap_or_default()
}

/// Every tenth hotel sells nothing, every third only for a week.
fn plans(hotel: u32) -> Plans {
    let plan = |code: &str, room: &str, price: f64| RatePlan {
        hotel_id: hotel.to_string(),
        code: code.to_owned(),
        in_date: april(if hotel.is_multiple_of(3) { 9 } else { 1 }),
        out_date: april(if hotel.is_multiple_of(3) { 17 } else { 30 }),
        room_type: RoomType {
            bookable_rate: price,
            total_rate: price,
            total_rate_inclusive: price + 15.0,
            code: room.to_owned(),
            currency: "USD".to_owned(),
            room_description: if room == "KNG" { "King size bed" } else { "Two queen size beds" }
                .to_owned(),
        },
    };
    let plans = match hotel % 10 {
        0 => vec![],
        5 => vec![plan("RACK", "KNG", price(hotel)), plan("FLEX", "QN2", price(hotel) + 20.0)],
        _ => vec![plan("RACK", "KNG", price(hotel))],
    };
    Plans { plans }
}

const FIRST: [&str; 10] = [
    "Harbour", "Grand", "Redwood", "Golden", "Bay", "Vineyard", "Mission", "Summit", "Garden",
    "Station",
];
const LAST: [&str; 8] = ["Inn", "Hotel", "House", "Lodge", "Suites", "Palace", "Court", "Rooms"];

fn name(hotel: u32) -> String {
    let pick = |words: &[&str], n: u32| {
        words.get(n as usize % words.len()).copied().unwrap_or_default().to_owned()
    };
    format!("{} {}", pick(&FIRST, hotel % 10), pick(&LAST, hotel / 10))
}

pub(crate) fn address(hotel: u32) -> Address {
    let Point { lat, lon } = place(hotel);
    Address {
        street_number: (100 + drawn(41, hotel, 900)).to_string(),
        street_name: format!("{} Street", 1 + drawn(42, hotel, 40)),
        city: "San Francisco".to_owned(),
        state: "CA".to_owned(),
        country: "United States".to_owned(),
        postal_code: (94_100 + drawn(43, hotel, 90)).to_string(),
        lat,
        lon,
    }
}

fn image(hotel: u32) -> Image {
    Image { url: format!("https://example.org/hotels/{hotel}.jpg"), default: true }
}

fn profile(hotel: u32) -> profile::Kept {
    let name = name(hotel);
    let descriptions = [
        ("en".to_owned(), format!("The {name}: {} rooms, walking distance to most.", rooms(hotel))),
        ("de".to_owned(), format!("{name}: {} Zimmer, fast alles zu Fuß.", rooms(hotel))),
    ];
    profile::Kept {
        name,
        phone_number: format!("(415) 555-{:04}", 100 + hotel),
        descriptions: descriptions.into(),
        address: address(hotel),
        images: vec![image(hotel)],
    }
}

fn recommended(hotel: u32) -> recommendation::Kept {
    let Point { lat, lon } = place(hotel);
    let rate = f64::from(20 + drawn(51, hotel, 30)) / 10.0;
    recommendation::Kept { lat, lon, rate, price: price(hotel) }
}

fn reviews(hotel: u32) -> impl Iterator<Item = Comment> {
    const WORDS: [&str; 4] =
        ["Quiet, and close to everything.", "Kind people.", "We come back.", "Breakfast is late."];
    (0..=drawn(61, hotel, 3)).map(move |n| Comment {
        review_id: format!("{hotel}-{n}"),
        hotel_id: hotel.to_string(),
        name: format!("Guest {}", 1 + drawn(62, hotel * 4 + n, 900)),
        rating: f64::from(20 + drawn(63, hotel * 4 + n, 31)) / 10.0,
        description: WORDS
            .get(drawn(64, hotel * 4 + n, 4) as usize)
            .copied()
            .unwrap_or_default()
            .to_owned(),
        image: image(hotel),
    })
}
