//! What is near a point: a box of degrees that the store filters by, then the exact distance.

use bp_std::{BackendError, DocumentStore, DocumentStoreExt, Filter, Index, Query};

use crate::Point;

/// Mean radius of Earth.
const EARTH_KM: f64 = 6371.0088;

/// One degree of a great circle.
const DEGREE_KM: f64 = EARTH_KM * std::f64::consts::PI / 180.0;

impl Point {
    /// Whether it is a place on Earth.
    pub(crate) fn is_valid(self) -> bool {
        self.lat.abs() <= 90.0 && self.lon.abs() <= 180.0
    }

    /// The great-circle distance, by the haversine formula.
    pub(crate) fn distance_km(self, other: Self) -> f64 {
        let half = |from: f64, to: f64| ((to - from).to_radians() / 2.0).sin().powi(2);
        let across = half(self.lon, other.lon);
        let a = half(self.lat, other.lat)
            + self.lat.to_radians().cos() * other.lat.to_radians().cos() * across;
        2.0 * EARTH_KM * a.clamp(0.0, 1.0).sqrt().asin()
    }
}

/// Asks for the index that [`nearest`] uses.
pub(crate) async fn index(db: &dyn DocumentStore, collection: &str) -> Result<(), BackendError> {
    db.create_index(collection.to_owned(), Index::new("by_place", ["lat", "lon"])).await
}

/// The ids of the documents with `lat` and `lon` within `radius_km` of `center`, nearest first, at most `limit`.
pub(crate) async fn nearest(
    db: &dyn DocumentStore,
    collection: &str,
    center: Point,
    radius_km: f64,
    limit: u32,
) -> Result<Vec<String>, BackendError> {
    let query = Query::new().filter(inside(center, radius_km)).limit(Query::MAX_LIMIT);
    let places: Vec<(String, Point)> = db.find_all_as(collection, query).await?;
    let mut near: Vec<(f64, String)> = places
        .into_iter()
        .map(|(id, place)| (center.distance_km(place), id))
        .filter(|(distance, _)| *distance <= radius_km)
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    near.truncate(limit as usize);
    Ok(near.into_iter().map(|(_, id)| id).collect())
}

/// A box that holds the circle; it leaves the longitude open where the circle touches a pole or the date line.
fn inside(center: Point, radius_km: f64) -> Filter {
    let high = radius_km / DEGREE_KM;
    let filter = Filter::gte("lat", center.lat - high).and(Filter::lte("lat", center.lat + high));
    let reach = (radius_km / EARTH_KM).sin() / center.lat.to_radians().cos();
    if center.lat.abs() + high >= 90.0 || !(0.0..1.0).contains(&reach) {
        return filter;
    }
    let wide = reach.asin().to_degrees();
    if center.lon.abs() + wide > 180.0 {
        return filter;
    }
    filter.and(Filter::gte("lon", center.lon - wide)).and(Filter::lte("lon", center.lon + wide))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lat: f64, lon: f64) -> Point {
        Point { lat, lon }
    }

    #[test]
    fn distances_are_the_known_ones() {
        let known = [
            (at(0.0, 0.0), at(0.0, 1.0), 111.195),
            (at(45.0, 10.0), at(45.0, -170.0), 10_007.6),
            (at(0.0, 179.5), at(0.0, -179.5), 111.195),
            (at(90.0, 0.0), at(-90.0, 77.0), 20015.1),
            (at(37.5, -122.5), at(37.5, -122.5), 0.0),
        ];
        for (a, b, km) in known {
            assert!((a.distance_km(b) - km).abs() < 0.1, "{a:?} {b:?}: {}", a.distance_km(b));
            assert!((a.distance_km(b) - b.distance_km(a)).abs() < 1e-9);
        }
    }

    /// The box never cuts off what the circle holds.
    #[tokio::test]
    async fn the_box_holds_the_circle_everywhere() {
        let db = bp_backend::memory::MemoryDocuments::new();
        let mut all = Vec::new();
        for lat in (-90..=90).step_by(6) {
            for lon in (-180..180).step_by(6) {
                let place = at(f64::from(lat), f64::from(lon));
                let id = format!("{lat}/{lon}");
                db.insert_as("places", &id, &place).await.unwrap();
                all.push((id, place));
            }
        }
        for center in [
            at(38.0, -122.0),
            at(0.0, 179.9),
            at(0.0, -180.0),
            at(88.0, 10.0),
            at(-90.0, 0.0),
            at(60.0, 0.0),
        ] {
            for radius in [10.0, 700.0, 2500.0, 12_000.0] {
                let found = nearest(&db, "places", center, radius, u32::MAX).await.unwrap();
                let wanted = all.iter().filter(|(_, p)| center.distance_km(*p) <= radius).count();
                assert_eq!(found.len(), wanted, "{center:?} {radius}");
            }
        }
        let five = nearest(&db, "places", at(1.0, 1.0), 5000.0, 5).await.unwrap();
        assert_eq!(five[0], "0/0");
        assert_eq!(five.len(), 5);
    }
}
