//! The compile half of `embedded`: backends in a file on disk.

use bp_plugin::{Literal, Metadata, Setting, SettingKind};

/// `kind = "embedded"`.
///
/// redb locks the file, so it belongs to one process, like memory.
pub static PLUGIN: Metadata = Metadata::backend(
    "embedded",
    &["bp_backend::Cache", "bp_backend::DocumentStore"],
    true,
    "Keeps its content in a file of the process's data folder, with nothing to install.",
)
.settings(&[
    Setting::new(
        "durability",
        SettingKind::OneOf(&["immediate", "delayed"]),
        "When a write is answered: when it is on disk, or up to 100 ms before.",
    )
    .default(Literal::Text("immediate")),
    Setting::new("page_cache", SettingKind::Size, "Bytes of the file kept in memory.")
        .default(Literal::Text("16MiB"))
        .bounds(Literal::Text("1MiB"), Literal::Text("1TiB")),
    Setting::new(
        "sweep",
        SettingKind::Duration,
        "How often a cache removes expired entries from its file; they are missing at once in any case.",
    )
    .default(Literal::Text("10s"))
    .bounds(Literal::Text("100ms"), Literal::Text("1h")),
])
.keeps_data()
.about(include_str!("../../README.md"))
.needs(&[
    "data to survive a restart with nothing to install",
    "a database on a laptop or a single machine",
])
.runtime("bp-rt-embedded", "plugins/embedded/runtime");
