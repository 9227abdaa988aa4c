//! The settings that backends behind a network connection have in common.
//!
//! They belong to no single plugin; the runtime reads them in `bp_store`, so all of these are declared together.

use crate::{Literal, Setting, SettingKind};

/// Where the server is.
pub const ADDRESS: Setting = Setting::new(
    "address",
    SettingKind::Text,
    "Where the server listens, `host:port`; BP_ADDR_<NAME> overrides it. Without either: this machine and the default port.",
)
.example("\"127.0.0.1:5432\"");

/// How many connections.
pub const POOL: Setting = Setting::new(
    "pool",
    SettingKind::Count,
    "The most connections that a process opens to the server.",
)
.default(Literal::Int(16))
.bounds(Literal::Int(1), Literal::Int(10_000));

/// How long a call may take.
pub const TIMEOUT: Setting = Setting::new(
    "timeout",
    SettingKind::Duration,
    "Longest time for a call, including the wait for a connection; an earlier deadline of the call applies instead.",
)
.default(Literal::Text("5s"))
.bounds(Literal::Text("1ms"), Literal::Text("10m"))
.tunable();

/// How long a call may wait for a connection.
pub const WAIT: Setting = Setting::new(
    "wait",
    SettingKind::Duration,
    "Longest time that a call waits while all connections are busy; then it fails as overloaded.",
)
.default(Literal::Text("1s"))
.bounds(Literal::Text("1ms"), Literal::Text("10m"))
.tunable();

/// How long connecting may take.
pub const CONNECT_TIMEOUT: Setting =
    Setting::new("connect_timeout", SettingKind::Duration, "Longest time to open a connection.")
        .default(Literal::Text("2s"))
        .bounds(Literal::Text("1ms"), Literal::Text("10m"))
        .tunable();

/// The user name of the process at the server.
pub const USER: Setting =
    Setting::new("user", SettingKind::Text, "The user name at the server.").example("\"hotel\"");

/// The password for that user name.
pub const PASSWORD: Setting = Setting::new(
    "password",
    SettingKind::Text,
    "The password, as a reference: `{ secret = \"rate-db-password\" }`.",
)
.secret()
.example("{ secret = \"rate-db-password\" }");

#[cfg(test)]
mod tests {
    use bp_contract::setting::Settings;
    use bp_contract::store::StoreLimits;

    use super::*;

    #[test]
    fn the_limits_are_those_that_the_runtime_reads() {
        assert_eq!(StoreLimits::SETTINGS, [POOL, TIMEOUT, WAIT, CONNECT_TIMEOUT]);
    }
}
