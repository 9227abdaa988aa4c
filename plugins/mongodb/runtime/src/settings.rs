//! What the wiring says; both halves of the plugin compile this file.

use bp_contract::setting::{Faults, Settings, Validate};
use bp_contract::store::{LoginSettings, ServerSettings};

/// The port of MongoDB.
pub(crate) const PORT: u16 = 27017;

/// Keeps its documents on a MongoDB server, shared by all processes.
#[derive(Debug, Settings)]
#[settings(validate)]
pub(crate) struct MongodbSettings {
    #[setting(flatten)]
    pub(crate) server: ServerSettings,
    #[setting(flatten)]
    pub(crate) login: LoginSettings,
    /// The database that holds the instance's collections; by default the instance's name.
    #[setting(example = "\"rates\"")]
    pub(crate) database: Option<String>,
}

/// The longest name of a database, in bytes.
const LONGEST: usize = 63;

/// What no name of a database contains, on any system that MongoDB runs on.
const FORBIDDEN: &str = "/\\. \"$*<>:|?\0";

impl Validate for MongodbSettings {
    fn validate(&self, faults: &mut Faults) {
        if self.login.user.is_none() && self.login.password.is_some() {
            faults
                .at(LoginSettings::PASSWORD, "a `password` without a `user` is never sent")
                .help("add `user = \"hotel\"`, or remove `password`")
                .code("login-incomplete");
        }
        let Some(name) = &self.database else { return };
        let fault = if name.is_empty() {
            "it is empty".to_owned()
        } else if name.len() > LONGEST {
            format!("it has {} bytes", name.len())
        } else if let Some(c) = name.chars().find(|c| FORBIDDEN.contains(*c)) {
            format!("it contains `{c:?}`")
        } else {
            return;
        };
        faults
            .at(Self::DATABASE, fault)
            .help(format!(
                "a database has a name of 1 to {LONGEST} bytes without spaces, NUL or any of `/\\.\"$*<>:|?`"
            ))
            .code("unusable-database");
    }
}
