//! The compile half of `embedded`: backends in a file on disk.
//!
//! redb locks the file, so it belongs to one process, like memory.

#[path = "runtime/src/settings.rs"]
#[expect(unreachable_pub, reason = "the runtime half is opened with these settings by others too")]
mod settings;

use bp_plugin::{Plugin, backend};

use settings::EmbeddedSettings;

pub(crate) static PLUGIN: Plugin =
    backend::<EmbeddedSettings>("embedded", &["bp_backend::Cache", "bp_backend::DocumentStore"])
        .one_process()
        .keeps_data()
        .about(include_str!("README.md"))
        .needs(&[
            "data to survive a restart with nothing to install",
            "a database on a laptop or a single machine",
        ])
        .declare();
