//! The `memory` backend: caches, sorted sets and document stores in the process's memory, gone at its end.

mod settings;

use std::sync::Arc;

use bp_backend::memory::{CacheLimits, MemoryCache, MemoryDocuments};
use bp_backend::{Cache, DocumentStore, SortedSets};
use bp_contract::setting::{Field, Size};
use bp_runtime::{BackendContext, BackendPlugin, Offers, StartError};

use settings::MemorySettings;

/// The plugin.
pub fn plugin() -> impl BackendPlugin {
    Offers::new()
        .interface(|cx| async move { Ok(Arc::new(open_cache(cx)?) as Arc<dyn Cache>) })
        .interface(|cx| async move { Ok(Arc::new(open_cache(cx)?) as Arc<dyn SortedSets>) })
        .interface(|cx| async move {
            check_unlimited(&cx.settings.read()?)?;
            Ok(Arc::new(MemoryDocuments::new()) as Arc<dyn DocumentStore>)
        })
}

fn open_cache(cx: BackendContext) -> Result<MemoryCache, StartError> {
    let limits = choose_limits(&cx.settings.read()?);
    Ok(MemoryCache::with_clock(limits, cx.surroundings.clock))
}

fn choose_limits(settings: &MemorySettings) -> CacheLimits {
    let default = CacheLimits::default();
    let bytes = |size: Size| usize::try_from(size.bytes()).unwrap_or(usize::MAX);
    CacheLimits {
        items: settings.max_items.unwrap_or(default.items),
        bytes: settings.max_bytes.map_or(default.bytes, bytes),
    }
}

/// The compile half checks this too, but not where a limit is a reference.
fn check_unlimited(settings: &MemorySettings) -> Result<(), StartError> {
    if settings.max_items.is_none() && settings.max_bytes.is_none() {
        return Ok(());
    }
    let [items, bytes] = MemorySettings::LIMITS.map(Field::name);
    Err(StartError::new(format!(
        "a document store forgets nothing, so it takes neither `{items}` nor `{bytes}`: remove them"
    )))
}

#[cfg(test)]
mod tests {
    use bp_backend::{BackendError, Document, Json, ScoreRange};
    use bp_runtime::{AnyInstance, ManualClock, Settings, Surroundings};
    use serde_json::json;
    use std::time::Duration;

    use super::*;

    fn context(interface: &str, settings: serde_json::Value) -> BackendContext {
        BackendContext {
            name: "db".into(),
            plugin: "memory",
            interface: interface.into(),
            settings: Settings::of("backend `db`", settings),
            address: None,
            folder: "unused".into(),
            surroundings: Surroundings::default(),
        }
    }

    async fn opened(cx: BackendContext) -> Result<AnyInstance, StartError> {
        plugin().open(cx).await
    }

    #[tokio::test]
    async fn a_cache_has_the_bounds_that_the_wiring_says() {
        let opening =
            opened(context("bp_backend::Cache", json!({ "max_items": 2, "max_bytes": "1MiB" })));
        let cache = opening.await.unwrap().get::<dyn Cache>().unwrap();
        for key in ["a", "b", "c"] {
            cache.put(key.into(), "v".into(), None).await.unwrap();
        }
        assert_eq!(cache.get("a".into()).await, Ok(None));
        assert_eq!(cache.get("c".into()).await, Ok(Some("v".into())));
        let opening = opened(context("bp_backend::Cache", json!({ "max_bytes": "100KiB" })));
        let cache = opening.await.unwrap().get::<dyn Cache>().unwrap();
        for key in ["a", "b"] {
            cache.put(key.into(), vec![0; 60 << 10].into(), None).await.unwrap();
        }
        assert_eq!(cache.get("a".into()).await, Ok(None));
        assert!(cache.get("b".into()).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_cache_follows_the_clock_of_its_surroundings() {
        let clock = ManualClock::new();
        let mut context = context("bp_backend::Cache", json!({}));
        context.surroundings.clock = Arc::new(clock.clone());
        let cache = opened(context).await.unwrap().get::<dyn Cache>().unwrap();
        cache.put("k".into(), "v".into(), Some(Duration::from_hours(1))).await.unwrap();
        clock.advance(Duration::from_secs(3599));
        assert_eq!(cache.get("k".into()).await, Ok(Some("v".into())));
        clock.advance(Duration::from_secs(1));
        assert_eq!(cache.get("k".into()).await, Ok(None));
    }

    #[tokio::test]
    async fn sorted_sets_have_the_bounds_and_the_clock_of_a_cache() {
        let clock = ManualClock::new();
        let mut context = context("bp_backend::SortedSets", json!({ "max_items": 2 }));
        context.surroundings.clock = Arc::new(clock.clone());
        let sets = opened(context).await.unwrap().get::<dyn SortedSets>().unwrap();
        let hour = Some(Duration::from_hours(1));
        for (set, ttl) in [("a", None), ("b", None), ("c", hour)] {
            sets.add_member(set.into(), "m".into(), 1.0, ttl).await.unwrap();
            sets.add_member(set.into(), "n".into(), 1.0, None).await.unwrap();
        }
        let count = |set: &str| sets.count_members(set.into(), ScoreRange::ALL);
        assert_eq!((count("a").await, count("c").await), (Ok(0), Ok(2)));
        sets.put("e".into(), "v".into(), None).await.unwrap();
        assert_eq!((count("b").await, count("c").await), (Ok(0), Ok(2)));
        clock.advance(Duration::from_hours(1));
        assert_eq!(count("c").await, Ok(0));
        assert_eq!(sets.get("e".into()).await, Ok(Some("v".into())));
    }

    #[tokio::test]
    async fn a_document_store_opens_and_takes_no_bounds() {
        let opening = opened(context("bp_backend::DocumentStore", json!({})));
        let store = opening.await.unwrap().get::<dyn DocumentStore>().unwrap();
        let document = Document::new("a", Json::object([("n", 1)]));
        store.insert("things".into(), document.clone()).await.unwrap();
        assert!(matches!(
            store.insert("things".into(), document).await,
            Err(BackendError::AlreadyExists(_))
        ));
        for settings in [json!({ "max_items": 2 }), json!({ "max_bytes": "1MiB" })] {
            let error = opened(context("bp_backend::DocumentStore", settings)).await.unwrap_err();
            assert!(error.to_string().contains("remove them"), "{error}");
        }
    }

    #[test]
    fn the_interfaces_it_offers_can_be_wrapped() {
        let paths: Vec<_> =
            plugin().interfaces().iter().map(|glue| glue.interface().path).collect();
        assert_eq!(
            paths,
            ["bp_backend::Cache", "bp_backend::SortedSets", "bp_backend::DocumentStore"]
        );
    }

    #[tokio::test]
    async fn settings_out_of_bounds_and_other_interfaces_stop_start_up() {
        let error = plugin()
            .open(context("bp_backend::Cache", json!({ "max_items": 0 })))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("max_items"), "{error}");
        let error = opened(context("bp_backend::Queue", json!({}))).await.unwrap_err();
        let expected = "`memory` offers no `bp_backend::Queue` (it offers: `bp_backend::Cache`, `bp_backend::SortedSets`, `bp_backend::DocumentStore`)";
        assert_eq!(error.to_string(), expected);
    }
}
