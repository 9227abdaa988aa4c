//! The compile half of `mongodb`: document stores on a MongoDB server.

use bp_plugin::{Metadata, ServerSpec, ServerValue, Setting, SettingKind, store};

/// `kind = "mongodb"`.
pub static PLUGIN: Metadata = Metadata::backend(
    "mongodb",
    &["bp_backend::DocumentStore"],
    false,
    "Keeps its documents on a MongoDB server, shared by all processes.",
)
.settings(&[
    store::ADDRESS,
    store::USER,
    store::PASSWORD,
    Setting::new(
        "database",
        SettingKind::Text,
        "The database that holds the instance's collections; by default the instance's name.",
    )
    .example("\"rates\""),
    store::POOL,
    store::TIMEOUT,
    store::WAIT,
    store::CONNECT_TIMEOUT,
])
.server(
    ServerSpec::new("docker.io/library/mongo:7", 27017)
        .user(999)
        .environment(&[
            ("MONGO_INITDB_ROOT_USERNAME", ServerValue::Setting("user")),
            ("MONGO_INITDB_ROOT_PASSWORD", ServerValue::Setting("password")),
        ])
        .health(&["mongosh", "--quiet", "--eval", "db.adminCommand('ping').ok"])
        .data("/data/db")
        .scratch(&["/tmp", "/data/configdb"])
        .resources(1.0, "1GiB", "2GiB"),
)
.about(include_str!("../../README.md"))
.needs(&["documents in MongoDB, shared by all processes and replicas"])
.runtime("bp-rt-mongodb", "plugins/mongodb/runtime");
