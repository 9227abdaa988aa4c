//! What guests rely on, whatever the wiring.

use std::sync::Arc;

use bp_std::{bp_test, spawn};
use hotel_workflow::{Booking, Frontend, HotelError};

async fn reserve(
    frontend: &Arc<dyn Frontend>,
    hotel: &str,
    (from, to): (&str, &str),
    number: u32,
) -> Result<Booking, HotelError> {
    let (username, password) = ("Cornell_1".to_owned(), "1".repeat(10));
    let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
    frontend.reserve(username, password, "Ada".to_owned(), hotel.to_owned(), from, to, number).await
}

#[bp_test]
async fn a_search_finds_what_is_near_for_sale_and_free(frontend: Arc<dyn Frontend>) {
    let day = |text: &str| text.parse().unwrap();
    let search = async |from: &str, to: &str, lat: f64| {
        frontend.search(day(from), day(to), lat, -122.09, "en".to_owned()).await
    };
    let found = search("2015-04-10", "2015-04-11", 38.02).await.unwrap();
    assert!((1..=5).contains(&found.len()), "{found:?}");
    for hotel in &found {
        let (lat, lon) = (hotel.location.lat - 38.02, hotel.location.lon + 122.09);
        assert!(lat.hypot(lon * 0.79) * 111.2 < 10.1, "{hotel:?}");
        assert!(!hotel.id.ends_with('0'), "every tenth hotel sells nothing: {hotel:?}");
        assert!(hotel.name.contains(' ') && hotel.phone_number.starts_with("(415)"), "{hotel:?}");
    }
    let later = search("2016-04-10", "2016-04-11", 38.02).await.unwrap();
    assert!(later.is_empty(), "nothing is for sale next year");
    let nowhere = search("2015-04-10", "2015-04-11", 0.0).await.unwrap();
    assert!(nowhere.is_empty(), "there is no hotel in the ocean");
    let never = search("2015-04-11", "2015-04-11", 38.02).await;
    assert!(matches!(never, Err(HotelError::BadRequest { .. })), "{never:?}");
    let off = search("2015-04-10", "2015-04-11", 91.0).await;
    assert!(matches!(off, Err(HotelError::BadRequest { .. })), "{off:?}");
}

#[bp_test]
async fn a_full_hotel_is_not_found(frontend: Arc<dyn Frontend>) {
    let day = |text: &str| text.parse().unwrap();
    let (from, to) = ("2015-04-21", "2015-04-22");
    let search = async || {
        let found = frontend.search(day(from), day(to), 38.02, -122.09, String::new()).await;
        found.unwrap().into_iter().map(|hotel| hotel.id).collect::<Vec<_>>()
    };
    let hotel = search().await.remove(0);
    let mut booked = 0;
    while reserve(&frontend, &hotel, (from, to), 1).await.is_ok() {
        booked += 1;
        assert!(booked <= 50, "`{hotel}` has no end");
    }
    assert!(booked >= 2);
    assert!(!search().await.contains(&hotel), "`{hotel}` is full");
    assert!(reserve(&frontend, &hotel, (to, "2015-04-23"), 1).await.is_ok(), "the next night is free");
}

#[bp_test]
async fn recommendations_are_the_best(frontend: Arc<dyn Frontend>) {
    let recommend = async |require: &str| {
        frontend.recommend(require.to_owned(), 38.02, -122.09, "de".to_owned()).await
    };
    for require in ["dis", "rate", "price"] {
        assert!(!recommend(require).await.unwrap().is_empty(), "{require}");
    }
    assert!(matches!(recommend("fame").await, Err(HotelError::BadRequest { .. })));
}

#[bp_test]
async fn only_users_read_reviews_and_find_attractions(frontend: Arc<dyn Frontend>) {
    let user = || ("Cornell_500".to_owned(), "500".repeat(10));
    let (name, password) = user();
    assert_eq!(frontend.login(name, password).await, Ok(true));
    for (name, password) in [("Cornell_500", "501"), ("Cornell_501", "x"), ("nobody", "")] {
        assert_eq!(frontend.login(name.to_owned(), password.to_owned()).await, Ok(false), "{name}");
    }
    let hotel = || "3".to_owned();
    let (name, password) = user();
    let reviews = frontend.reviews(name, password, hotel()).await.unwrap();
    assert!(!reviews.is_empty() && reviews.iter().all(|r| r.hotel_id == "3"), "{reviews:?}");
    let (name, password) = user();
    let near = frontend.restaurants(name, password, hotel()).await.unwrap();
    assert!(near.len() <= 5 && near.iter().all(|id| id.starts_with("restaurants-")), "{near:?}");
    let stranger = frontend.cinemas("nobody".to_owned(), String::new(), hotel()).await;
    assert_eq!(stranger, Err(HotelError::BadCredentials));
    let (name, password) = user();
    let unknown = frontend.museums(name, password, "none".to_owned()).await;
    assert_eq!(unknown, Err(HotelError::NoSuchHotel("none".to_owned())));
}

/// Hotel 14 has two rooms; thirty guests want one at once, for stays that overlap in part.
#[bp_test]
async fn no_room_is_booked_twice(frontend: Arc<dyn Frontend>) {
    const DAYS: [&str; 5] = ["2015-05-01", "2015-05-02", "2015-05-03", "2015-05-04", "2015-05-05"];
    const STAYS: [(usize, usize); 6] = [(0, 1), (0, 2), (1, 3), (0, 4), (2, 4), (3, 4)];
    let guests: Vec<_> = (0..30)
        .map(|n| {
            let (frontend, (from, to)) = (frontend.clone(), STAYS[n % STAYS.len()]);
            spawn(async move {
                let booked = reserve(&frontend, "14", (DAYS[from], DAYS[to]), 1).await;
                (from, to, booked)
            })
        })
        .collect();
    let mut taken = [0; 4];
    let mut refused = Vec::new();
    for guest in guests {
        let (from, to, booked) = guest.await.unwrap();
        match booked {
            Ok(_) => taken[from..to].iter_mut().for_each(|night| *night += 1),
            Err(HotelError::FullyBooked(_)) => refused.push((from, to)),
            Err(error) => panic!("{error}"),
        }
    }
    assert!(taken.iter().all(|night| *night <= 2), "booked twice: {taken:?}");
    // And nobody was refused who fits: what is full stays full.
    for (from, to) in refused {
        assert!(taken[from..to].contains(&2), "{from}..{to} was refused, and fits {taken:?}");
    }
    let late = reserve(&frontend, "14", (DAYS[0], DAYS[4]), 1).await;
    assert_eq!(late, Err(HotelError::FullyBooked("14".to_owned())));
}
