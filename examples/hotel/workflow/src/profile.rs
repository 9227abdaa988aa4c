//! Knows what hotels say of themselves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bp_std::{Cache, CacheExt, Data, DocumentStore, DocumentStoreExt, service};

use crate::{Address, Hotel, HotelError, Image};

pub(crate) const PROFILES: &str = "profiles";

/// The language of last resort.
const FALLBACK: &str = "en";

/// A profile may be this old.
const FRESH: Duration = Duration::from_mins(15);

/// Profiles.
#[service]
pub trait Profile {
    /// The profiles of some hotels, in their order, described in the language of `locale` where they can be; unknown hotels are left out.
    #[idempotent]
    async fn get_profiles(
        &self,
        hotel_ids: Vec<String>,
        locale: String,
    ) -> Result<Vec<Hotel>, HotelError>;
}

/// What is kept of a hotel.
#[derive(Debug, Clone, PartialEq, Data)]
pub(crate) struct Kept {
    pub(crate) name: String,
    pub(crate) phone_number: String,
    /// By language.
    pub(crate) descriptions: BTreeMap<String, String>,
    pub(crate) address: Address,
    pub(crate) images: Vec<Image>,
}

/// Profiles in a document store, with a cache in front.
pub struct ProfileImpl {
    cache: Arc<dyn Cache>,
    db: Arc<dyn DocumentStore>,
}

impl ProfileImpl {
    /// Nothing is read before the first request.
    pub fn new(cache: Arc<dyn Cache>, db: Arc<dyn DocumentStore>) -> Self {
        Self { cache, db }
    }
}

#[service]
impl Profile for ProfileImpl {
    async fn get_profiles(
        &self,
        hotel_ids: Vec<String>,
        locale: String,
    ) -> Result<Vec<Hotel>, HotelError> {
        let load = |missing| self.db.get_many_as::<Kept>(PROFILES, missing);
        let ids = hotel_ids.clone();
        let found = self.cache.get_many_or_load("profiles/", ids, Some(FRESH), load).await?;
        let both = hotel_ids.into_iter().zip(found);
        Ok(both.filter_map(|(id, kept)| Some(hotel(id, kept?, &locale))).collect())
    }
}

fn hotel(id: String, mut kept: Kept, locale: &str) -> Hotel {
    // `de-AT` is German for who has no Austrian.
    let language = locale.split(['-', '_']).next().unwrap_or_default();
    let description =
        [locale, language, FALLBACK].iter().find_map(|name| kept.descriptions.remove(*name));
    Hotel {
        id,
        name: kept.name,
        phone_number: kept.phone_number,
        description: description.unwrap_or_default(),
        address: kept.address,
        images: kept.images,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_in_the_nearest_language() {
        let text = |of: &str| (of.to_owned(), of.to_owned());
        let kept = Kept {
            name: String::new(),
            phone_number: String::new(),
            descriptions: ["en", "de", "pt-BR"].map(text).into(),
            address: crate::seed::address(1),
            images: vec![],
        };
        let said = |locale: &str| hotel("1".to_owned(), kept.clone(), locale).description;
        for (locale, expected) in [
            ("de", "de"),
            ("de-AT", "de"),
            ("pt-BR", "pt-BR"),
            ("pt", "en"),
            ("", "en"),
            ("fi_FI", "en"),
        ] {
            assert_eq!(said(locale), expected, "{locale}");
        }
    }
}
