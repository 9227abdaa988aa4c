//! The compile half of `memory`: backends in the process's memory.

use bp_plugin::{Literal, Metadata, Setting, SettingKind};

/// `kind = "memory"`.
pub static PLUGIN: Metadata = Metadata::backend(
    "memory",
    &["bp_backend::Cache", "bp_backend::DocumentStore"],
    true,
    "Keeps its content in the process's memory; it is gone when the process ends.",
)
.forgets()
.settings(&[
    Setting::new(
        "max_items",
        SettingKind::Count,
        "Most entries of a cache; beyond it those used longest ago go. Not for document stores.",
    )
    .bounds(Literal::Int(1), Literal::Int(1_000_000_000))
    .example("10000"),
    Setting::new(
        "max_bytes",
        SettingKind::Size,
        "Most bytes of a cache, 64 MiB by default; beyond it those entries used longest ago go. Not for document stores.",
    )
    .bounds(Literal::Text("64KiB"), Literal::Text("1TiB"))
    .example("\"256MiB\""),
])
.about(include_str!("../../README.md"))
.needs(&[
    "a cache inside a process",
    "tests without a database",
])
.runtime("bp-rt-memory", "plugins/memory/runtime");
