//! The compile half of `postgres`: document stores on a PostgreSQL server.

use bp_plugin::{Literal, Metadata, ServerSpec, ServerValue, Setting, SettingKind, store};

/// `kind = "postgres"`.
pub static PLUGIN: Metadata = Metadata::backend(
    "postgres",
    &["bp_backend::DocumentStore"],
    false,
    "Keeps its documents as JSONB on a PostgreSQL server, shared by all processes.",
)
.settings(&[
    store::ADDRESS,
    store::USER.default(Literal::Text("postgres")),
    store::PASSWORD,
    Setting::new("database", SettingKind::Text, "The database, which must exist; its encoding is UTF8.")
        .default(Literal::Text("postgres")),
    Setting::new(
        "schema",
        SettingKind::Text,
        "The schema that holds the instance's collections, one table each, so that instances may share a database; by default the instance's name.",
    )
    .example("\"rates\""),
    store::POOL,
    store::TIMEOUT,
    store::WAIT,
    store::CONNECT_TIMEOUT,
])
.server(
    ServerSpec::new("docker.io/library/postgres:17", 5432)
        .user(999)
        .environment(&[
            ("POSTGRES_USER", ServerValue::Setting("user")),
            ("POSTGRES_PASSWORD", ServerValue::Secret("password")),
            ("POSTGRES_DB", ServerValue::Setting("database")),
            ("POSTGRES_INITDB_ARGS", ServerValue::Text("--encoding=UTF8")),
            ("PGDATA", ServerValue::Text("/var/lib/postgresql/data/main")),
        ])
        .health(&["pg_isready", "--quiet", "--host=127.0.0.1"])
        .data("/var/lib/postgresql/data")
        .scratch(&["/tmp", "/var/run/postgresql"])
        .resources(1.0, "512MiB", "1GiB"),
)
.about(include_str!("../../README.md"))
.needs(&["a database that all processes and replicas share"])
.runtime("bp-rt-postgres", "plugins/postgres/runtime");
