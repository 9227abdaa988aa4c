//! The compile half of `redis`: caches on a Redis server.

#[path = "runtime/src/settings.rs"]
mod settings;

use bp_plugin::{Plugin, PluginCode, ServerSpec, backend};

use settings::{PORT, RedisSettings};

pub(crate) static PLUGIN: Plugin =
    backend::<RedisSettings>("redis", &["bp_backend::Cache", "bp_backend::SortedSets"])
        .server(
            ServerSpec::new("docker.io/library/redis:7", PORT)
                .arguments(&[
                    "--appendonly",
                    "yes",
                    "--maxmemory",
                    "192mb",
                    "--maxmemory-policy",
                    "allkeys-lru",
                ])
                .user(999)
                .health(&["redis-cli", "ping"])
                .data("/data")
                .resources(1.0, "512MiB", "1GiB"),
        )
        .codes(&[LOGIN_INCOMPLETE, UNUSABLE_NAMESPACE])
        .about(include_str!("README.md"))
        .needs(&[
            "a cache that all processes and replicas share, and that survives its server's restart",
        ])
        .declare();

const LOGIN_INCOMPLETE: PluginCode =
    PluginCode::new("login-incomplete", "half a login", include_str!("errors/login-incomplete.md"));

const UNUSABLE_NAMESPACE: PluginCode = PluginCode::new(
    "unusable-namespace",
    "a namespace that keys cannot begin with",
    include_str!("errors/unusable-namespace.md"),
);
