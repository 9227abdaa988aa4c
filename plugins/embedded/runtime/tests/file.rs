//! One file, one owner; instances apart; plugin, sweep, and the runtime that is not blocked.

#![expect(clippy::unwrap_used, reason = "a failed step of a test ends it")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bp_backend::{BackendError, Cache, Document, DocumentStore, Json};
use bp_contract::setting::Settings as _;
use bp_rt_embedded::{Durability, EmbeddedCache, EmbeddedDocuments, EmbeddedSettings, plugin};
use bp_runtime::{AnyInstance, BackendContext, BackendPlugin, Settings, StartError, Surroundings};
use serde_json::json;
use tempfile::TempDir;

fn context(
    folder: &Path,
    name: &str,
    interface: &str,
    settings: serde_json::Value,
) -> BackendContext {
    BackendContext {
        name: name.into(),
        plugin: "embedded",
        interface: interface.into(),
        settings: Settings::of(format!("backend `{name}`"), settings),
        address: None,
        folder: folder.join(name),
        surroundings: Surroundings::default(),
    }
}

async fn opened(cx: BackendContext) -> Result<AnyInstance, StartError> {
    plugin().open(cx).await
}

fn document(id: &str) -> Document {
    Document::new(id, Json::object([("n", 1)]))
}

#[tokio::test]
async fn a_file_that_is_open_is_a_start_error_that_says_so() {
    let folder = TempDir::new().unwrap();
    let first = EmbeddedCache::open(folder.path(), defaults()).await.unwrap();
    let error = EmbeddedCache::open(folder.path(), defaults()).await.unwrap_err();
    assert!(error.to_string().contains("open already"), "{error}");
    assert!(error.to_string().contains("store.redb"), "{error}");
    // It harmed nothing, and the file is free when its owner is gone.
    first.put("k".into(), "v".into(), None).await.unwrap();
    drop(first);
    let again = EmbeddedCache::open(folder.path(), defaults()).await.unwrap();
    assert_eq!(again.get("k".into()).await, Ok(Some("v".into())));
}

#[tokio::test]
async fn a_file_of_something_else_is_a_start_error() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("store.redb"), "this is no database").unwrap();
    let error = EmbeddedDocuments::open(folder.path(), defaults()).await.unwrap_err();
    assert!(error.to_string().contains("store.redb"), "{error}");
}

#[tokio::test]
async fn instances_of_one_process_are_apart_and_survive_its_restart() {
    let folder = TempDir::new().unwrap();
    let settings = || json!({ "durability": "immediate", "page_cache": "1MiB", "sweep": "1s" });
    let store = |name: &'static str| {
        let context = context(folder.path(), name, "bp_backend::DocumentStore", settings());
        async move { opened(context).await.unwrap().get::<dyn DocumentStore>().unwrap() }
    };
    let (cart, users) = (store("cart_db").await, store("user_db").await);
    cart.insert("things".into(), document("a")).await.unwrap();
    assert_eq!(users.get("things".into(), "a".into()).await, Ok(None));
    let cache =
        opened(context(folder.path(), "cache", "bp_backend::Cache", json!({}))).await.unwrap();
    let cache = cache.get::<dyn Cache>().unwrap();
    cache.put("k".into(), "v".into(), None).await.unwrap();
    drop((cart, users));
    let (cart, users) = (store("cart_db").await, store("user_db").await);
    assert_eq!(cart.get("things".into(), "a".into()).await, Ok(Some(document("a"))));
    assert_eq!(users.get("things".into(), "a".into()).await, Ok(None));
}

#[tokio::test]
async fn bad_settings_and_interfaces_stop_start_up() {
    let folder = TempDir::new().unwrap();
    for (interface, settings, expected) in [
        ("bp_backend::Queue", json!({}), "`embedded` offers no `bp_backend::Queue`"),
        ("bp_backend::Cache", json!({ "durability": "sometimes" }), "sometimes"),
        ("bp_backend::Cache", json!({ "page_cache": "big" }), "big"),
        ("bp_backend::Cache", json!({ "sweep": "2h" }), "expected at most 1h"),
    ] {
        let error = opened(context(folder.path(), "db", interface, settings)).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn delayed_writes_reach_the_disk_at_an_orderly_end() {
    let folder = TempDir::new().unwrap();
    let options = EmbeddedSettings { durability: Durability::Delayed, ..defaults() };
    for round in 0..3 {
        let store = EmbeddedDocuments::open(folder.path(), options).await.unwrap();
        assert_eq!(store.count("things".into(), bp_backend::Filter::All).await, Ok(round * 10));
        for step in 0..10 {
            store.insert("things".into(), document(&format!("{round}-{step}"))).await.unwrap();
        }
    }
}

#[tokio::test]
async fn expired_entries_leave_the_file() {
    let folder = TempDir::new().unwrap();
    let options = EmbeddedSettings { sweep: Duration::from_millis(50), ..defaults() };
    let cache = EmbeddedCache::open(folder.path(), options).await.unwrap();
    for index in 0..20 {
        let life = (index % 2 == 0).then_some(Duration::from_millis(100));
        cache.put(format!("k{index}"), "v".into(), life).await.unwrap();
    }
    // Written again, so its first expiry must not take it away.
    cache.put("k0".into(), "v".into(), None).await.unwrap();
    let started = Instant::now();
    while cache.stored().await.unwrap() != 11 {
        assert!(started.elapsed() < Duration::from_secs(10), "never swept");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(cache.get("k0".into()).await, Ok(Some("v".into())));
}

/// With one thread for all tasks, a blocking write would stop the ticks.
#[tokio::test(flavor = "current_thread")]
async fn the_runtime_is_not_blocked_by_writes() {
    let folder = TempDir::new().unwrap();
    let store = EmbeddedDocuments::open(folder.path(), defaults()).await.unwrap();
    let ticks = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let ticker = tokio::spawn({
        let ticks = ticks.clone();
        async move {
            loop {
                tokio::task::yield_now().await;
                ticks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
    });
    let mut shared = 0;
    for step in 0..20 {
        let before = ticks.load(std::sync::atomic::Ordering::Relaxed);
        store.put("things".into(), document(&step.to_string())).await.unwrap();
        shared += u32::from(ticks.load(std::sync::atomic::Ordering::Relaxed) > before);
    }
    ticker.abort();
    // A write may be done before its caller first waits; a write that blocks the runtime would let no other call in.
    assert!(shared > 0, "no other task ran during any write");
}

/// How long so many writes take, one after the other or at once.
async fn timed(store: &Arc<EmbeddedDocuments>, writes: u32, at_once: bool) -> Duration {
    let started = Instant::now();
    let mut waiting = Vec::new();
    for step in 0..writes {
        let store = store.clone();
        let write = tokio::spawn(async move {
            store.put("things".into(), document(&step.to_string())).await.unwrap();
        });
        if at_once {
            waiting.push(write);
        } else {
            write.await.unwrap();
        }
    }
    for write in waiting {
        write.await.unwrap();
    }
    started.elapsed()
}

/// Ten times as many writes; with a commit each they would take about ten times as long.
#[tokio::test]
async fn concurrent_writes_share_commits() {
    let folder = TempDir::new().unwrap();
    let store = EmbeddedDocuments::open(folder.path(), defaults()).await.unwrap();
    let store = Arc::new(store);
    // A busy machine may spoil a comparison, hardly all.
    let mut times = Vec::new();
    for _ in 0..5 {
        let pair = (timed(&store, 40, false).await, timed(&store, 400, true).await);
        if pair.1 < pair.0 * 5 {
            return;
        }
        times.push(pair);
    }
    panic!("{times:?}");
}

#[tokio::test]
async fn an_error_of_one_write_leaves_the_others_of_its_commit() {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(EmbeddedDocuments::open(folder.path(), defaults()).await.unwrap());
    store.insert("things".into(), document("taken")).await.unwrap();
    let writes: Vec<_> = (0..50)
        .map(|step| {
            let store = store.clone();
            let id = if step % 2 == 0 { "taken".to_owned() } else { format!("n{step}") };
            tokio::spawn(async move { store.insert("things".into(), document(&id)).await })
        })
        .collect();
    let mut refused = 0;
    for write in writes {
        match write.await.unwrap() {
            Ok(()) => {}
            Err(BackendError::AlreadyExists(_)) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(refused, 25);
    assert_eq!(store.count("things".into(), bp_backend::Filter::All).await, Ok(26));
}

/// What a wiring that says nothing gets.
fn defaults() -> EmbeddedSettings {
    EmbeddedSettings::read(&serde_json::Value::Null).unwrap()
}
