//! The interface of document stores, which `bp_std` exports as `DocumentStore`.

use bp_plugin::{Plugin, interface};

pub(crate) static PLUGIN: Plugin = interface(
    "document_store",
    "Keeps JSON documents in collections, and finds them by their fields.",
    "bp_backend::DocumentStore",
    include_str!("../../stdlib/backend/src/document.rs"),
)
.about(include_str!("README.md"))
.needs(&["records that are found by their fields"])
.declare();
