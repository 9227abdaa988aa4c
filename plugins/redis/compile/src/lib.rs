//! The compile half of `redis`: caches on a Redis server.

use bp_plugin::{Literal, Metadata, ServerSpec, Setting, SettingKind, store};

/// `kind = "redis"`.
pub static PLUGIN: Metadata = Metadata::backend(
    "redis",
    &["bp_backend::Cache"],
    false,
    "Keeps its content on a Redis server, shared by all processes.",
)
.settings(&[
    store::ADDRESS,
    store::USER,
    store::PASSWORD,
    Setting::new("database", SettingKind::Count, "The number of the server's database.")
        .default(Literal::Int(0))
        .bounds(Literal::Int(0), Literal::Int(1_000_000)),
    Setting::new(
        "namespace",
        SettingKind::Text,
        "What the instance's keys begin with, so that instances may share a database; by default the instance's name.",
    )
    .example("\"hotel-rates\""),
    store::POOL,
    store::TIMEOUT,
    store::WAIT,
    store::CONNECT_TIMEOUT,
])
.server(
    ServerSpec::new("docker.io/library/redis:7", 6379)
        .arguments(&["--appendonly", "yes", "--maxmemory", "192mb", "--maxmemory-policy", "allkeys-lru"])
        .user(999)
        .health(&["redis-cli", "ping"])
        .data("/data")
        .resources(1.0, "512MiB", "1GiB"),
)
.about(include_str!("../../README.md"))
.needs(&["a cache that all processes and replicas share, and that survives its server's restart"])
.runtime("bp-rt-redis", "plugins/redis/runtime");
