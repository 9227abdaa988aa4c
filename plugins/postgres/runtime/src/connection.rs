//! Connections to a PostgreSQL server, and what its errors mean.

use bp_runtime::{Infra, InfraKind, Processed};
use bp_store::{Connect, Fault, StoreAddress};
use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error, NoTls};

use crate::settings::PostgresSettings;

/// What every connection asks of the server.
///
/// A statement whose client is gone ends within a second, so that a dropped call leaves no work behind; PostgreSQL can do this since version 14.
const OPTIONS: &str = "-c client_connection_check_interval=1s -c standard_conforming_strings=on \
                       -c default_transaction_isolation=read\\ committed";

pub(crate) struct Postgres {
    address: StoreAddress,
    config: Config,
}

impl Postgres {
    pub(crate) fn new(address: StoreAddress, settings: &PostgresSettings) -> Self {
        let mut config = Config::new();
        config
            .host(&address.host)
            .port(address.port)
            .user(&settings.user)
            .dbname(&settings.database)
            .application_name("bp")
            .options(OPTIONS);
        if let Some(password) = &settings.password {
            config.password(password.expose());
        }
        Self { address, config }
    }
}

/// A connection, with the task that moves its bytes.
pub(crate) struct Session {
    pub(crate) client: Client,
    task: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        // Otherwise it would wait for the answer to a call that was dropped.
        self.task.abort();
    }
}

impl Connect for Postgres {
    type Connection = Session;

    async fn connect(&self) -> Result<Session, Infra> {
        let connected = self.config.connect(NoTls).await;
        let (client, connection) = connected.map_err(|error| self.unreachable(&error))?;
        let encoding = connection.parameter("server_encoding").unwrap_or("unknown").to_owned();
        if encoding != "UTF8" {
            return Err(Infra::new(
                InfraKind::Internal,
                Processed::No,
                format!("the database's encoding is {encoding}; UTF8 is needed"),
            ));
        }
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = describe_error(&error), "a connection to PostgreSQL ended");
            }
        });
        Ok(Session { client, task })
    }

    async fn is_alive(&self, connection: &mut Session) -> bool {
        !connection.client.is_closed() && connection.client.check_connection().await.is_ok()
    }
}

impl Postgres {
    fn unreachable(&self, error: &Error) -> Infra {
        let kind = match error.code() {
            Some(code) => classify(code),
            // Broken pipes are `Io`, refused connections `Connect`.
            None if is_io(error) => InfraKind::Unavailable,
            // A missing password and similar errors, which do not go away with time.
            None => InfraKind::Internal,
        };
        let message =
            format!("cannot use PostgreSQL at {}: {}", self.address, describe_error(error));
        Infra::new(kind, Processed::No, message)
    }
}

fn is_io(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if error.is::<std::io::Error>() {
            return true;
        }
        source = error.source();
    }
    error.is_closed()
}

/// The error's message without what it may quote of documents.
fn describe_error(error: &Error) -> String {
    match error.as_db_error() {
        Some(answer) => format!("{} ({})", answer.message(), answer.code().code()),
        None => match std::error::Error::source(error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

/// Classes of SQLSTATE, as PostgreSQL's appendix A lists them.
fn classify(code: &SqlState) -> InfraKind {
    match code.code() {
        "57014" => InfraKind::Deadline,
        // Serialization failure or deadlock: a second attempt may succeed. A read-only transaction: this server is not a primary, or not yet.
        "40001" | "40P01" | "25006" => InfraKind::Unavailable,
        // The server stops or starts, or the connection failed.
        code if code.starts_with("57P") || code.starts_with("08") => InfraKind::Unavailable,
        // Connections, memory, disk.
        code if code.starts_with("53") => InfraKind::Overloaded,
        _ => InfraKind::Internal,
    }
}

/// What a statement's error means.
///
/// The server undoes a statement that it refuses, so it was not processed, unless the server stopped meanwhile.
pub(crate) fn to_fault(error: &Error) -> Fault {
    let message = format!("PostgreSQL: {}", describe_error(error));
    match error.code() {
        Some(code) => match code.code() {
            ended if ended.starts_with("57P") || ended.starts_with("08") => {
                Fault::lost(Processed::Maybe, message)
            }
            _ => Fault::refused(classify(code), message),
        },
        None if is_io(error) => Fault::lost(Processed::Maybe, message),
        None => Fault::Broken(Infra::internal(message)),
    }
}
