//! The backend interfaces with typed values: any [`Data`] in the place of bytes and JSON.
//!
//! Values are kept as JSON, so a stored value can be read by a program whose type has gained a field.
//! In documents, integers of 64 bits are numbers where `i64` holds them, so that they can be compared and added; larger ones are strings.

use std::future::Future;
use std::time::Duration;

use bp_data::{Codec, Data};
use bytes::Bytes;

use crate::{BackendError, Cache, Document, DocumentStore, Page, Query, Update};

/// [`Cache`] with typed values.
pub trait CacheExt: Cache {
    /// [`Cache::get`], decoded; [`BackendError::WrongType`] when what is there is not a `T`.
    fn get_as<T: Data>(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<T>, BackendError>> + Send {
        let found = self.get(key.to_owned());
        async move {
            let Some(bytes) = found.await? else { return Ok(None) };
            let value = bp_data::decode(Codec::Json, &bytes);
            value.map(Some).map_err(|error| BackendError::WrongType(error.to_string()))
        }
    }

    /// [`Cache::get_many`], decoded; [`BackendError::WrongType`] when one of them is not a `T`.
    fn get_many_as<T: Data>(
        &self,
        keys: Vec<String>,
    ) -> impl Future<Output = Result<Vec<Option<T>>, BackendError>> + Send {
        let found = self.get_many(keys);
        async move {
            let decode = |bytes: Bytes| bp_data::decode(Codec::Json, &bytes);
            let values = found.await?.into_iter().map(|found| found.map(decode).transpose());
            values
                .collect::<Result<_, _>>()
                .map_err(|error| BackendError::WrongType(error.to_string()))
        }
    }

    /// Cache-aside: the value under `key`, or else the result of `load`, which is then stored for the next time.
    ///
    /// A cache that fails, or holds a value of another type, counts as one without the entry, so the only errors are those of `load`.
    /// Concurrent misses each load.
    fn get_or_load<T: Data, E: Send>(
        &self,
        key: &str,
        ttl: Option<Duration>,
        load: impl Future<Output = Result<T, E>> + Send,
    ) -> impl Future<Output = Result<T, E>> + Send {
        let key = key.to_owned();
        async move {
            if let Ok(Some(value)) = self.get_as(&key).await {
                return Ok(value);
            }
            let value = load.await?;
            // If this fails, the next call loads again.
            drop(self.put_as(&key, &value, ttl).await);
            Ok(value)
        }
    }

    /// Cache-aside for many keys: the values under `prefix` and each key, in order. The missing ones come from `load` and are then stored for the next time.
    ///
    /// As [`CacheExt::get_or_load`]; what `load` does not have either is not remembered.
    fn get_many_or_load<T: Data, E: Send, F>(
        &self,
        prefix: &str,
        keys: Vec<String>,
        ttl: Option<Duration>,
        load: impl FnOnce(Vec<String>) -> F + Send,
    ) -> impl Future<Output = Result<Vec<Option<T>>, E>> + Send
    where
        F: Future<Output = Result<Vec<Option<T>>, E>> + Send,
    {
        let prefix = prefix.to_owned();
        async move {
            let names: Vec<String> = keys.iter().map(|key| format!("{prefix}{key}")).collect();
            let mut found: Vec<Option<T>> = match self.get_many_as(names.clone()).await {
                Ok(found) if found.len() == keys.len() => found,
                _ => keys.iter().map(|_| None).collect(),
            };
            let missing: Vec<usize> =
                found.iter().enumerate().filter(|(_, f)| f.is_none()).map(|(at, _)| at).collect();
            if missing.is_empty() {
                return Ok(found);
            }
            let wanted = missing.iter().filter_map(|at| keys.get(*at).cloned()).collect();
            let loaded = load(wanted).await?;
            for (at, value) in missing.into_iter().zip(loaded) {
                if let (Some(name), Some(value)) = (names.get(at), &value) {
                    // If this fails, the next call loads again.
                    drop(self.put_as(name, value, ttl).await);
                }
                if let Some(slot) = found.get_mut(at) {
                    *slot = value;
                }
            }
            Ok(found)
        }
    }

    /// [`Cache::put`], encoded.
    fn put_as<T: Data>(
        &self,
        key: &str,
        value: &T,
        ttl: Option<Duration>,
    ) -> impl Future<Output = Result<(), BackendError>> + Send {
        let bytes = bp_data::encode(Codec::Json, value);
        self.put(key.to_owned(), bytes, ttl)
    }
}

impl<C: Cache + ?Sized> CacheExt for C {}

/// [`DocumentStore`] with typed bodies; a `T` that is not a JSON object is [`BackendError::Invalid`].
pub trait DocumentStoreExt: DocumentStore {
    /// [`DocumentStore::insert`].
    fn insert_as<T: Data>(
        &self,
        collection: &str,
        id: &str,
        body: &T,
    ) -> impl Future<Output = Result<(), BackendError>> + Send {
        let (collection, document) = (collection.to_owned(), Document::of(id, body));
        self.insert(collection, document)
    }

    /// [`DocumentStore::put`].
    fn put_as<T: Data>(
        &self,
        collection: &str,
        id: &str,
        body: &T,
    ) -> impl Future<Output = Result<(), BackendError>> + Send {
        let (collection, document) = (collection.to_owned(), Document::of(id, body));
        self.put(collection, document)
    }

    /// [`DocumentStore::get`]; [`BackendError::WrongType`] when what is there is not a `T`.
    fn get_as<T: Data>(
        &self,
        collection: &str,
        id: &str,
    ) -> impl Future<Output = Result<Option<T>, BackendError>> + Send {
        let found = self.get(collection.to_owned(), id.to_owned());
        async move { found.await?.map(typed).transpose() }
    }

    /// [`DocumentStore::find`]; the bodies of the page, in order.
    fn find_as<T: Data>(
        &self,
        collection: &str,
        query: Query,
    ) -> impl Future<Output = Result<Vec<T>, BackendError>> + Send {
        let found = self.find(collection.to_owned(), query);
        async move { found.await?.documents.into_iter().map(typed).collect() }
    }

    /// [`DocumentStore::get_many`]; [`BackendError::WrongType`] when one of them is not a `T`.
    fn get_many_as<T: Data>(
        &self,
        collection: &str,
        ids: Vec<String>,
    ) -> impl Future<Output = Result<Vec<Option<T>>, BackendError>> + Send {
        let found = self.get_many(collection.to_owned(), ids);
        async move { found.await?.into_iter().map(|found| found.map(typed).transpose()).collect() }
    }

    /// [`DocumentStore::find`] with ids and the token of the next page.
    fn page_as<T: Data>(
        &self,
        collection: &str,
        query: Query,
    ) -> impl Future<Output = Result<TypedPage<T>, BackendError>> + Send {
        let found = self.find(collection.to_owned(), query);
        async move {
            let Page { documents, next } = found.await?;
            let entry = |document: Document| Ok((document.id.clone(), typed(document)?));
            let entries = documents.into_iter().map(entry).collect::<Result<_, BackendError>>()?;
            Ok(TypedPage { entries, next })
        }
    }

    /// All documents of a query, page by page; its limit is the page's size.
    fn find_all(
        &self,
        collection: &str,
        mut query: Query,
    ) -> impl Future<Output = Result<Vec<Document>, BackendError>> + Send {
        let collection = collection.to_owned();
        async move {
            let mut all = Vec::new();
            loop {
                let page = self.find(collection.clone(), query.clone()).await?;
                all.extend(page.documents);
                if page.next.is_none() {
                    return Ok(all);
                }
                query.after = page.next;
            }
        }
    }

    /// [`DocumentStoreExt::find_all`] with ids and typed bodies.
    fn find_all_as<T: Data>(
        &self,
        collection: &str,
        query: Query,
    ) -> impl Future<Output = Result<Vec<(String, T)>, BackendError>> + Send {
        let all = self.find_all(collection, query);
        async move {
            all.await?.into_iter().map(|found| Ok((found.id.clone(), typed(found)?))).collect()
        }
    }

    /// [`DocumentStore::update`]; the body as it then is.
    fn update_as<T: Data>(
        &self,
        collection: &str,
        id: &str,
        update: Update,
    ) -> impl Future<Output = Result<Option<T>, BackendError>> + Send {
        let updated = self.update(collection.to_owned(), id.to_owned(), update);
        async move { updated.await?.map(typed).transpose() }
    }
}

impl<S: DocumentStore + ?Sized> DocumentStoreExt for S {}

/// A page of typed documents.
#[derive(Debug, Clone, PartialEq)]
pub struct TypedPage<T> {
    /// Ids and bodies, in the query's order.
    pub entries: Vec<(String, T)>,
    /// The token for the page after this one; `None` when there was no more.
    pub next: Option<String>,
}

fn typed<T: Data>(document: Document) -> Result<T, BackendError> {
    let wrong =
        |what: String| BackendError::WrongType(format!("document `{}`: {what}", document.id));
    T::from_json(document.body.into()).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use bp_macros::Data;

    use super::*;
    use crate::Filter;
    use crate::memory::{MemoryCache, MemoryDocuments};

    #[derive(Debug, Clone, PartialEq, Data)]
    #[data(crate = ::bp_runtime)]
    struct Stay {
        guest: String,
        cents: i64,
        seen: u64,
        rate: f64,
        note: Option<String>,
    }

    fn stay(cents: i64) -> Stay {
        Stay { guest: "Ada".into(), cents, seen: u64::MAX, rate: 1.0, note: None }
    }

    #[tokio::test]
    async fn wide_integers_of_documents_are_compared_and_added_as_numbers() {
        let store = MemoryDocuments::new();
        for cents in [9, 10, (1 << 60) + 1] {
            store.insert_as("stays", &cents.to_string(), &stay(cents)).await.unwrap();
        }
        let query = Query::new().filter(Filter::gt("cents", 9)).ascending("cents");
        let found: Vec<Stay> = store.find_as("stays", query.clone()).await.unwrap();
        assert_eq!(found, [stay(10), stay((1 << 60) + 1)]);
        let more: Option<Stay> =
            store.update_as("stays", "9", Update::new().inc("cents", 1)).await.unwrap();
        assert_eq!(more, Some(stay(10)));
        let page: TypedPage<Stay> = store.page_as("stays", query.limit(1)).await.unwrap();
        assert_eq!(page.entries, [("10".to_owned(), stay(10))]);
        assert!(page.next.is_some());
        assert_eq!(store.find_all("stays", Query::new().limit(2)).await.unwrap().len(), 3);
        let all: Vec<(String, Stay)> =
            store.find_all_as("stays", Query::new().limit(1)).await.unwrap();
        assert_eq!(all.len(), 3);
        assert_eq!(all[0], ("10".to_owned(), stay(10)));
    }

    #[tokio::test]
    async fn many_are_looked_aside_in_order_and_only_the_missing_are_loaded() {
        let cache = MemoryCache::new(crate::memory::CacheLimits::default());
        cache.put_as("n/2", &20_u32, None).await.unwrap();
        let keys = |all: &str| all.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let load = |missing: Vec<String>| async move {
            assert_eq!(missing, ["1", "none", "3"]);
            Ok::<_, ()>(vec![Some(10), None, Some(30)])
        };
        let found = cache.get_many_or_load("n/", keys("1 2 none 3"), None, load).await;
        assert_eq!(found, Ok(vec![Some(10), Some(20), None, Some(30)]));
        assert_eq!(cache.get_as("n/3").await, Ok(Some(30_u32)));
        assert_eq!(cache.get_as::<u32>("n/none").await, Ok(None));
        let never = |missing: Vec<String>| async move { Err(missing) };
        let found = cache.get_many_or_load::<u32, _, _>("n/", keys("3 1"), None, never).await;
        assert_eq!(found, Ok(vec![Some(30), Some(10)]));
        // A value of another type counts as missing, and an error of the store is the answer.
        cache.put_as("n/1", &"text".to_owned(), None).await.unwrap();
        let found = cache.get_many_or_load::<u32, _, _>("n/", keys("1"), None, never).await;
        assert_eq!(found, Err(keys("1")));
    }

    #[tokio::test]
    async fn what_is_no_such_value_is_a_wrong_type() {
        let store = MemoryDocuments::new();
        store.put_as("stays", "a", &stay(1)).await.unwrap();
        store.update("stays".into(), "a".into(), Update::new().set("cents", "x")).await.unwrap();
        let found = store.get_as::<Stay>("stays", "a").await;
        assert!(matches!(found, Err(BackendError::WrongType(_))), "{found:?}");
        let put = store.put_as("stays", "b", &7_u32).await;
        assert!(matches!(put, Err(BackendError::Invalid(_))), "{put:?}");
    }

    #[tokio::test]
    async fn look_aside_loads_once_and_survives_foreign_content() {
        let cache = MemoryCache::default();
        for expected in [1, 1] {
            let load = async { Ok::<_, BackendError>(stay(expected)) };
            assert_eq!(cache.get_or_load("k", None, load).await, Ok(stay(1)));
        }
        let unused = async { Err(BackendError::Invalid("loaded again".into())) };
        assert_eq!(cache.get_or_load("k", None, unused).await, Ok(stay(1)));
        cache.put("k".into(), Bytes::from_static(b"{"), None).await.unwrap();
        let load = async { Ok::<_, BackendError>(stay(2)) };
        assert_eq!(cache.get_or_load("k", None, load).await, Ok(stay(2)));
        let all = cache.get_many_as::<Stay>(vec!["k".into(), "none".into()]).await;
        assert_eq!(all, Ok(vec![Some(stay(2)), None]));
        let failed: Result<Stay, _> = cache.get_or_load("x", None, async { Err("no") }).await;
        assert_eq!(failed, Err("no"));
    }
}
