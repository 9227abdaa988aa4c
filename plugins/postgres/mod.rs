//! The compile half of `postgres`: document stores on a PostgreSQL server.

#[path = "runtime/src/settings.rs"]
mod settings;

use bp_plugin::{CheckContext, Plugin, PluginCode, ServerSpec, ServerValue, backend};

use settings::{PORT, PostgresSettings, RESERVED_HELP, SchemaSettings, explain_reserved};

pub(crate) static PLUGIN: Plugin =
    backend::<PostgresSettings>("postgres", &["bp_backend::DocumentStore"])
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
        .check(check)
        .codes(&[UNUSABLE_NAME, RESERVED_SCHEMA])
        .about(include_str!("README.md"))
        .needs(&["a database that all processes and replicas share"])
        .declare();

const UNUSABLE_NAME: PluginCode = PluginCode::new(
    "unusable-name",
    "a name that nothing in PostgreSQL can have",
    include_str!("errors/unusable-name.md"),
);

const RESERVED_SCHEMA: PluginCode = PluginCode::new(
    "reserved-schema",
    "a schema that is the server's own",
    include_str!("errors/reserved-schema.md"),
);

/// Checks the schema that an instance has by its name; one that the wiring says is checked by the rules.
fn check(cx: &mut CheckContext<'_>) {
    let Some(settings) = cx.read::<SchemaSettings>() else { return };
    if settings.schema.is_none()
        && let Some(why) = explain_reserved(&settings.choose(cx.place))
    {
        cx.report(&RESERVED_SCHEMA, SchemaSettings::SCHEMA.name(), why, RESERVED_HELP);
    }
}
