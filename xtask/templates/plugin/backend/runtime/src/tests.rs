use bp_backend::{Document, Json};
use bp_runtime::{AnyInstance, BackendContext, Surroundings};
use serde_json::{Value, json};

use super::*;

async fn open(interface: &str, settings: Value) -> Result<AnyInstance, StartError> {
    let cx = BackendContext {
        name: "recent".into(),
        plugin: "sample",
        interface: interface.into(),
        settings: bp_runtime::Settings::of("backend `recent`", settings),
        address: None,
        folder: "unused".into(),
        surroundings: Surroundings::default(),
    };
    plugin().open(cx).await
}

#[tokio::test]
async fn a_cache_keeps_as_many_entries_as_the_wiring_says() {
    let opened = open("bp_backend::Cache", json!({ "items": 1 })).await.unwrap();
    let cache = opened.get::<dyn Cache>().unwrap();
    for key in ["a", "b"] {
        cache.put(key.into(), "v".into(), None).await.unwrap();
    }
    assert_eq!(cache.get("a".into()).await, Ok(None));
    assert_eq!(cache.get("b".into()).await, Ok(Some("v".into())));
}

#[tokio::test]
async fn a_document_store_keeps_everything_and_takes_no_limit() {
    let opened = open("bp_backend::DocumentStore", json!({})).await.unwrap();
    let store = opened.get::<dyn DocumentStore>().unwrap();
    let document = Document::new("a", Json::object([("n", 1)]));
    store.insert("things".into(), document.clone()).await.unwrap();
    assert_eq!(store.get("things".into(), "a".into()).await.unwrap(), Some(document));
    let error = open("bp_backend::DocumentStore", json!({ "items": 1 })).await.unwrap_err();
    assert!(error.to_string().contains("takes no `items`"), "{error}");
}
