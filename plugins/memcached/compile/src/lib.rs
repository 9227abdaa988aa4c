//! The compile half of `memcached`: caches on a memcached server.

use bp_plugin::{Metadata, ServerSpec, Setting, SettingKind, store};

/// `kind = "memcached"`.
pub static PLUGIN: Metadata = Metadata::backend(
    "memcached",
    &["bp_backend::Cache"],
    false,
    "Keeps its content on a memcached server, shared by all processes and gone when that server ends.",
)
.settings(&[
    store::ADDRESS,
    Setting::new(
        "namespace",
        SettingKind::Text,
        "What the instance's keys begin with, so that instances may share a server; by default the instance's name.",
    )
    .example("\"hotel-rates\""),
    store::POOL,
    store::TIMEOUT,
    store::WAIT,
    store::CONNECT_TIMEOUT,
])
.server(
    ServerSpec::new("docker.io/library/memcached:1.6", 11211)
        .arguments(&["--memory-limit=192"])
        .user(11211)
        .health(&["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/11211"])
        .resources(1.0, "256MiB", "64MiB"),
)
.about(include_str!("../../README.md"))
.needs(&["a cache that all processes and replicas share"])
.runtime("bp-rt-memcached", "plugins/memcached/runtime");
