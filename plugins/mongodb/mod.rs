//! The compile half of `mongodb`: document stores on a MongoDB server.

#[path = "runtime/src/settings.rs"]
mod settings;

use bp_contract::store::LoginSettings;
use bp_plugin::{Plugin, PluginCode, ServerSpec, ServerValue, backend};

use settings::{MongodbSettings, PORT};

pub(crate) static PLUGIN: Plugin =
    backend::<MongodbSettings>("mongodb", &["bp_backend::DocumentStore"])
        .server(
            ServerSpec::new("docker.io/library/mongo:7", PORT)
                .user(999)
                .environment(&[
                    (
                        "MONGO_INITDB_ROOT_USERNAME",
                        ServerValue::Setting(LoginSettings::USER.name()),
                    ),
                    (
                        "MONGO_INITDB_ROOT_PASSWORD",
                        ServerValue::Setting(LoginSettings::PASSWORD.name()),
                    ),
                ])
                .health(&["mongosh", "--quiet", "--eval", "db.adminCommand('ping').ok"])
                .data("/data/db")
                .scratch(&["/tmp", "/data/configdb"])
                .resources(1.0, "1GiB", "2GiB"),
        )
        .codes(&[LOGIN_INCOMPLETE, UNUSABLE_DATABASE])
        .about(include_str!("README.md"))
        .needs(&["documents in MongoDB, shared by all processes and replicas"])
        .declare();

const LOGIN_INCOMPLETE: PluginCode =
    PluginCode::new("login-incomplete", "half a login", include_str!("errors/login-incomplete.md"));

const UNUSABLE_DATABASE: PluginCode = PluginCode::new(
    "unusable-database",
    "a name that no database can have",
    include_str!("errors/unusable-database.md"),
);
