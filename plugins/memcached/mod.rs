//! The compile half of `memcached`: caches on a memcached server.

#[path = "runtime/src/settings.rs"]
mod settings;

use bp_plugin::{Plugin, PluginCode, ServerSpec, backend};

use settings::{MemcachedSettings, PORT};

pub(crate) static PLUGIN: Plugin =
    backend::<MemcachedSettings>("memcached", &["bp_backend::Cache"])
        .server(
            ServerSpec::new("docker.io/library/memcached:1.6", PORT)
                .arguments(&["--memory-limit=192"])
                .user(11211)
                .health(&["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/11211"])
                .resources(1.0, "256MiB", "64MiB"),
        )
        .codes(&[UNUSABLE_NAMESPACE])
        .about(include_str!("README.md"))
        .needs(&["a cache that all processes and replicas share"])
        .declare();

const UNUSABLE_NAMESPACE: PluginCode = PluginCode::new(
    "unusable-namespace",
    "a namespace that keys cannot begin with",
    include_str!("errors/unusable-namespace.md"),
);
