//! The compile half of `postgres`: document stores on a PostgreSQL server.

#[path = "runtime/src/settings.rs"]
mod settings;

use bp_plugin::{DOCUMENT_STORE, Plugin, ServerSpec, ServerValue, backend};

use settings::{PORT, PostgresSettings};

pub(crate) static PLUGIN: Plugin = backend::<PostgresSettings>("postgres", &[DOCUMENT_STORE])
    .server(
        ServerSpec::new("docker.io/library/postgres:17", PORT)
            .user(999)
            .environment(&[
                ("POSTGRES_USER", ServerValue::Setting(PostgresSettings::USER.name())),
                ("POSTGRES_PASSWORD", ServerValue::Secret(PostgresSettings::PASSWORD.name())),
                ("POSTGRES_DB", ServerValue::Setting(PostgresSettings::DATABASE.name())),
                ("POSTGRES_INITDB_ARGS", ServerValue::Text("--encoding=UTF8")),
                ("PGDATA", ServerValue::Text("/var/lib/postgresql/data/main")),
            ])
            .health(&["pg_isready", "--quiet", "--host=127.0.0.1"])
            .data("/var/lib/postgresql/data")
            .scratch(&["/tmp", "/var/run/postgresql"])
            .resources(1.0, "512MiB", "1GiB"),
    )
    .about(include_str!("README.md"))
    .needs(&["a database that all processes and replicas share"])
    .declare();
