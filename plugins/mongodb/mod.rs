//! The compile half of `mongodb`: document stores on a MongoDB server.

#[path = "runtime/src/settings.rs"]
mod settings;

use bp_plugin::{DOCUMENT_STORE, Plugin, ServerSpec, ServerValue, backend};

use settings::{MongodbSettings, PORT};

pub(crate) static PLUGIN: Plugin = backend::<MongodbSettings>("mongodb", &[DOCUMENT_STORE])
    .server(
        ServerSpec::new("docker.io/library/mongo:7", PORT)
            .user(999)
            .environment(&[
                ("MONGO_INITDB_ROOT_USERNAME", ServerValue::Setting(MongodbSettings::USER.name())),
                (
                    "MONGO_INITDB_ROOT_PASSWORD",
                    ServerValue::Setting(MongodbSettings::PASSWORD.name()),
                ),
            ])
            .health(&["mongosh", "--quiet", "--eval", "db.adminCommand('ping').ok"])
            .data("/data/db")
            .scratch(&["/tmp", "/data/configdb"])
            .resources(1.0, "1GiB", "2GiB"),
    )
    .about(include_str!("README.md"))
    .needs(&["documents in MongoDB, shared by all processes and replicas"])
    .declare();
