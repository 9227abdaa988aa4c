//! Tables and indexes, made when they are first needed.

use bp_backend::{BackendError, Index};
use bp_store::Fault;
use postgres_protocol::escape::{escape_identifier, escape_literal};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};

use crate::connection::to_fault;
use crate::sql;

/// When two sessions create the same object at once, PostgreSQL fails one, even with `IF NOT EXISTS`; this lock, held to the end of the transaction, makes one of them wait.
///
/// The session that waited may still not see what the other one made; [`may_retry`] says when to try again.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7079601331)";
/// How many times to try again.
const ATTEMPTS: usize = 5;

/// Whether a statement failed because another session has just made the same object.
fn may_retry(error: &Error) -> bool {
    let codes = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_SCHEMA,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
    ];
    error.code().is_some_and(|code| codes.contains(code))
}

/// Runs statements under the lock.
async fn make(client: &Client, statements: &str) -> Result<(), Error> {
    let locked = format!("{LOCK}; {statements}");
    let mut made = client.batch_execute(&locked).await;
    for _ in 1..ATTEMPTS {
        if !made.as_ref().is_err_and(may_retry) {
            break;
        }
        made = client.batch_execute(&locked).await;
    }
    made
}

/// The names of an instance's tables.
#[derive(Debug)]
pub(crate) struct Schema {
    name: String,
}

impl Schema {
    pub(crate) fn new(name: String) -> Self {
        Self { name }
    }

    fn quoted(&self) -> String {
        escape_identifier(&self.name)
    }

    /// The table of a collection, quoted.
    pub(crate) fn table(&self, collection: &str) -> String {
        format!("{}.{}", self.quoted(), escape_identifier(collection))
    }

    /// Makes the table of a collection, and the schema around it if that is missing too; nothing if they are there.
    pub(crate) async fn make(&self, client: &Client, collection: &str) -> Result<(), Fault> {
        // The key's index lives beside the tables; by default it would take the name of a collection `<collection>_pkey`.
        let key = escape_identifier(&format!("{collection}.id"));
        let table = format!(
            "CREATE TABLE IF NOT EXISTS {} (id text COLLATE \"C\" CONSTRAINT {key} PRIMARY KEY, body jsonb NOT NULL)",
            self.table(collection)
        );
        match make(client, &table).await {
            Err(error) if error.code() == Some(&SqlState::INVALID_SCHEMA_NAME) => {
                let schema = format!("CREATE SCHEMA IF NOT EXISTS {}", self.quoted());
                let made = make(client, &format!("{schema}; {table}")).await;
                made.map_err(|error| to_fault(&error))
            }
            made => made.map_err(|error| to_fault(&error)),
        }
    }

    /// Makes an index, with its definition as its comment, by which the same index is recognised later.
    pub(crate) async fn index(
        &self,
        client: &Client,
        collection: &str,
        index: &Index,
    ) -> Result<(), Fault> {
        let definition = definition(index);
        // PostgreSQL's names are too short for both of our names, and share one namespace with tables.
        let name = format!("bp_{}_{}", self.hash(collection, index), index.name);
        let name = name.get(..63).unwrap_or(&name);
        let qualified = format!("{}.{}", self.quoted(), escape_identifier(name));
        let paths: Vec<_> =
            index.paths.iter().map(|path| format!("({})", sql::index_expression(path))).collect();
        let create = format!(
            "CREATE INDEX IF NOT EXISTS {} ON {} ({})",
            escape_identifier(name),
            self.table(collection),
            paths.join(", ")
        );
        let comment = format!("COMMENT ON INDEX {qualified} IS {}", escape_literal(&definition));
        // Only if it is new, which the block checks under the lock.
        let block = format!(
            "DO {} ",
            escape_literal(&format!(
                "BEGIN IF to_regclass({}) IS NULL THEN {create}; {comment}; END IF; END",
                escape_literal(&qualified)
            ))
        );
        make(client, &block).await.map_err(|error| to_fault(&error))?;
        let found = client
            .query_typed_one(
                "SELECT coalesce(obj_description(to_regclass($1), 'pg_class'), '')",
                &[(&qualified, Type::TEXT)],
            )
            .await
            .map_err(|error| to_fault(&error))?;
        let found: String = found.try_get(0).map_err(|error| to_fault(&error))?;
        if found == definition {
            return Ok(());
        }
        Err(Fault::Answer(BackendError::AlreadyExists(format!(
            "index `{}` over {found}",
            index.name
        ))))
    }

    /// Tells indexes of one name apart: of this schema's collections.
    fn hash(&self, collection: &str, index: &Index) -> String {
        // FNV-1a: only names of this schema's own indexes must differ, and they say what they are in their comment.
        let text = format!("{}.{collection}.{}", self.name, index.name);
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        format!("{hash:016x}")
    }
}

fn definition(index: &Index) -> String {
    format!("{:?}", index.paths)
}
