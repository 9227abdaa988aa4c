//! The interface of caches with sorted sets, which `bp_std` exports as `SortedSets`.

use bp_plugin::{Plugin, interface};

pub(crate) static PLUGIN: Plugin = interface(
    "sorted_sets",
    "A cache that also keeps sets of members ordered by a score.",
    "bp_backend::SortedSets",
    include_str!("../../stdlib/backend/src/sorted_sets.rs"),
)
.about(include_str!("README.md"))
.needs(&["leaderboards, timelines and ranks"])
.declare();
