//! The client of a MongoDB server, and what its errors mean.

use bp_backend::BackendError;
use bp_contract::fold_name;
use bp_runtime::{Infra, InfraKind, Processed, StartError};
use bp_store::{Limits, StoreContext};
use mongodb::error::{Error, ErrorKind, WriteFailure};
use mongodb::options::{Acknowledgment, ClientOptions, Credential, ServerAddress, WriteConcern};
use mongodb::{Client, Database};

use crate::settings::MongodbSettings;

/// A client of the instance's database that connects when it is used, over as many connections for calls as the pool has.
pub(crate) fn open_database(
    cx: &StoreContext,
    settings: &MongodbSettings,
) -> Result<Database, StartError> {
    let StoreContext { address, limits, .. } = cx;
    let Limits { pool, connect_timeout, .. } = **limits.get();
    let server = ServerAddress::Tcp { host: address.host.clone(), port: Some(address.port) };
    let credential = settings.login.user.as_ref().map(|user| {
        let mut credential = Credential::default();
        credential.username = Some(user.clone());
        credential.password = settings.login.password.as_ref().map(|word| word.expose().to_owned());
        credential
    });
    let mut concern = WriteConcern::default();
    concern.w = Some(Acknowledgment::Majority);
    concern.journal = Some(true);
    let mut options = ClientOptions::default();
    options.hosts = vec![server];
    options.app_name = Some("bp".to_owned());
    options.credential = credential;
    // The names that a replica set gives its members need not be known here.
    options.direct_connection = Some(true);
    options.connect_timeout = Some(connect_timeout);
    options.server_selection_timeout = Some(connect_timeout);
    options.max_pool_size = u32::try_from(pool).ok();
    // Retries are the `retry` wrapper's task, which knows what may be repeated and for how long.
    options.retry_reads = Some(false);
    options.retry_writes = Some(false);
    // An answered write is on disk.
    options.write_concern = Some(concern);
    let client =
        Client::with_options(options).map_err(|error| StartError::new(describe_error(&error)))?;
    // An instance's name is always one that a database can have.
    let database = settings.database.clone().unwrap_or_else(|| fold_name(&cx.name));
    Ok(client.database(&database))
}

/// Codes of the server, as its `error_codes.yml` names them.
mod code {
    pub(super) const TIME_EXPIRED: i32 = 50;
    pub(super) const INDEX_OPTIONS_CONFLICT: i32 = 85;
    pub(super) const SHUTDOWN_IN_PROGRESS: i32 = 91;
    pub(super) const PRIMARY_STEPPED_DOWN: i32 = 189;
    pub(super) const NOT_WRITABLE_PRIMARY: i32 = 10107;
    pub(super) const TOO_LARGE: i32 = 10334;
    pub(super) const DUPLICATE_KEY: i32 = 11000;
    pub(super) const INTERRUPTED_AT_SHUTDOWN: i32 = 11600;
    pub(super) const INTERRUPTED: i32 = 11602;
    pub(super) const NOT_PRIMARY_NO_SECONDARY: i32 = 13435;
}

/// Whether a write failed because its id is taken.
pub(crate) fn is_taken(error: &Error) -> bool {
    matches!(
        &*error.kind,
        ErrorKind::Write(WriteFailure::WriteError(write)) if write.code == code::DUPLICATE_KEY
    )
}

/// Whether an index was not made because the same fields have an index of another name.
pub(crate) fn is_indexed(error: &Error) -> bool {
    matches!(
        &*error.kind,
        ErrorKind::Command(command) if command.code == code::INDEX_OPTIONS_CONFLICT
    )
}

/// Whether no server was found in time.
pub(crate) fn is_unreachable(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::ServerSelection { .. })
}

/// The error's message; the library's own text may hold documents.
fn describe_error(error: &Error) -> String {
    match &*error.kind {
        ErrorKind::Command(command) => format!("{} ({})", command.message, command.code),
        ErrorKind::Write(WriteFailure::WriteError(write)) => {
            format!("the write was refused ({})", write.code)
        }
        ErrorKind::Write(WriteFailure::WriteConcernError(write)) => {
            format!("{} ({})", write.message, write.code)
        }
        other => other.to_string(),
    }
}

/// What an operation's error means.
pub(crate) fn classify(error: &Error) -> BackendError {
    use InfraKind::{Internal, TooLarge, Unavailable};
    use Processed::{Maybe, No};
    let (kind, processed) = match &*error.kind {
        ErrorKind::ServerSelection { .. }
        | ErrorKind::DnsResolve { .. }
        | ErrorKind::ConnectionPoolCleared { .. } => (Unavailable, No),
        ErrorKind::Write(WriteFailure::WriteError(write)) => (classify_refusal(write.code).0, No),
        // `Write` is now a write concern error: the write is done, but not as safely as it should be.
        ErrorKind::Io(_) | ErrorKind::Shutdown | ErrorKind::Write(_) => (Unavailable, Maybe),
        ErrorKind::Authentication { .. }
        | ErrorKind::InvalidArgument { .. }
        | ErrorKind::IncompatibleServer { .. } => (Internal, No),
        ErrorKind::Command(command) => classify_refusal(command.code),
        ErrorKind::BsonSerialization(_) => (TooLarge, No),
        _ => (Internal, Maybe),
    };
    let kind =
        if kind == Internal && error.to_string().contains("too large") { TooLarge } else { kind };
    BackendError::Infra(Infra::new(kind, processed, format!("MongoDB: {}", describe_error(error))))
}

fn classify_refusal(code: i32) -> (InfraKind, Processed) {
    match code {
        code::SHUTDOWN_IN_PROGRESS
        | code::INTERRUPTED_AT_SHUTDOWN
        | code::INTERRUPTED
        | code::PRIMARY_STEPPED_DOWN => (InfraKind::Unavailable, Processed::Maybe),
        code::NOT_WRITABLE_PRIMARY | code::NOT_PRIMARY_NO_SECONDARY => {
            (InfraKind::Unavailable, Processed::No)
        }
        code::TIME_EXPIRED => (InfraKind::Deadline, Processed::Maybe),
        code::TOO_LARGE => (InfraKind::TooLarge, Processed::No),
        _ => (InfraKind::Internal, Processed::No),
    }
}
