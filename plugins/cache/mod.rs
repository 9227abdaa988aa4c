//! The interface of caches, which `bp_std` exports as `Cache`.

use bp_plugin::{Plugin, interface};

pub(crate) static PLUGIN: Plugin = interface(
    "cache",
    "Keeps values under keys, bounded and free to forget them.",
    "bp_backend::Cache",
    include_str!("../../stdlib/backend/src/cache.rs"),
)
.about(include_str!("README.md"))
.needs(&["values at hand that can be made again"])
.declare();
