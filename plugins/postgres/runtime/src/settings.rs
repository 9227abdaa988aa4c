//! What the wiring says; both halves of the plugin compile this file.

use bp_contract::fold_name;
use bp_contract::setting::{Faults, Field, Secret, Settings, Validate};
use bp_contract::store::ServerSettings;

/// The port of PostgreSQL.
pub(crate) const PORT: u16 = 5432;

/// Keeps its documents as JSONB on a PostgreSQL server, shared by all processes.
#[derive(Debug, Settings)]
#[settings(validate)]
pub(crate) struct PostgresSettings {
    #[setting(flatten)]
    pub(crate) server: ServerSettings,
    /// The user name at the server.
    #[setting(default = "postgres", example = "\"hotel\"")]
    pub(crate) user: String,
    /// The password, as a reference: `{ secret = "rate-db-password" }`.
    #[setting(example = "{ secret = \"rate-db-password\" }")]
    pub(crate) password: Option<Secret>,
    /// The database, which must exist; its encoding is UTF8.
    #[setting(default = "postgres")]
    pub(crate) database: String,
    #[setting(flatten)]
    pub(crate) schema: SchemaSettings,
}

/// Where the instance's collections are.
#[derive(Debug, Settings)]
#[settings(validate)]
pub(crate) struct SchemaSettings {
    /// The schema that holds the instance's collections, one table each, so that instances may share a database; by default the instance's name.
    #[setting(example = "\"rates\"")]
    pub(crate) schema: Option<String>,
}

/// What to do about a schema that is the server's own.
pub(crate) const RESERVED_HELP: &str = "write another one, as `schema = \"rates\"`";

/// The longest name, in bytes; the server would cut a longer one off.
const LONGEST: usize = 63;

impl SchemaSettings {
    /// The schema of an instance.
    pub(crate) fn choose(&self, instance: &str) -> String {
        self.schema.clone().unwrap_or_else(|| fold_name(instance))
    }
}

/// Why an instance cannot have a schema of this name, if the server keeps it for itself.
pub(crate) fn explain_reserved(schema: &str) -> Option<String> {
    (schema.starts_with("pg_") || schema == "information_schema")
        .then(|| format!("`{schema}` is a name that PostgreSQL keeps for schemas of its own"))
}

impl Validate for PostgresSettings {
    fn validate(&self, faults: &mut Faults) {
        check_name(Self::USER, &self.user, faults);
        check_name(Self::DATABASE, &self.database, faults);
    }
}

impl Validate for SchemaSettings {
    fn validate(&self, faults: &mut Faults) {
        let Some(schema) = &self.schema else { return };
        check_name(Self::SCHEMA, schema, faults);
        if let Some(why) = explain_reserved(schema) {
            faults.at(Self::SCHEMA, why).help(RESERVED_HELP).code("reserved-schema");
        }
    }
}

fn check_name<T>(field: Field<T>, name: &str, faults: &mut Faults) {
    let fault = if name.is_empty() {
        "it is empty".to_owned()
    } else if name.len() > LONGEST {
        format!("it has {} bytes", name.len())
    } else if name.contains('\0') {
        "it contains a NUL".to_owned()
    } else {
        return;
    };
    let help = format!("PostgreSQL's names have 1 to {LONGEST} bytes without NUL");
    faults.at(field, fault).help(help).code("unusable-name");
}
