//! The compile half of `sample`: what the compiler must know of the interface that `bp-sample` declares.

use bp_plugin::{Plugin, interface};

pub(crate) static PLUGIN: Plugin = interface(
    "sample",
    "Counts by name, for several services.",
    "bp_sample::Sample",
    include_str!("runtime/src/interface.rs"),
)
.about(include_str!("README.md"))
.needs(&["numbers that several services count up"])
.declare();
