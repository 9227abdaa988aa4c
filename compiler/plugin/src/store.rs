//! The settings that backends behind a network connection have in common.
//!
//! They belong to no single plugin; the runtime reads them in `bp_store`, so all of these are declared together.

use crate::{Literal, Setting, SettingKind};

/// Where the server is.
pub const ADDRESS: Setting = Setting::new(
    "address",
    SettingKind::Text,
    "Where the server listens, `host:port`; BP_ADDR_<NAME> wins over it. Without either: this machine and the usual port.",
)
.example("\"127.0.0.1:5432\"");

/// How many connections.
pub const POOL: Setting = Setting::new(
    "pool",
    SettingKind::Count,
    "Most connections that a process opens to the server.",
)
.default(Literal::Int(16))
.bounds(Literal::Int(1), Literal::Int(10_000));

/// How long a call may take.
pub const TIMEOUT: Setting = Setting::new(
    "timeout",
    SettingKind::Duration,
    "Most time for a call, the wait for a connection included; the call's own deadline counts when it is earlier.",
)
.default(Literal::Text("5s"))
.bounds(Literal::Text("1ms"), Literal::Text("10m"))
.tunable();

/// How long a call may wait for a connection.
pub const WAIT: Setting = Setting::new(
    "wait",
    SettingKind::Duration,
    "Most time that a call waits while all connections are busy; then it fails as overloaded.",
)
.default(Literal::Text("1s"))
.bounds(Literal::Text("1ms"), Literal::Text("10m"))
.tunable();

/// How long connecting may take.
pub const CONNECT_TIMEOUT: Setting =
    Setting::new("connect_timeout", SettingKind::Duration, "Most time to open a connection.")
        .default(Literal::Text("2s"))
        .bounds(Literal::Text("1ms"), Literal::Text("10m"))
        .tunable();

/// Who the process is to the server.
pub const USER: Setting =
    Setting::new("user", SettingKind::Text, "The name that the server knows the application by.")
        .example("\"hotel\"");

/// What proves it.
pub const PASSWORD: Setting = Setting::new(
    "password",
    SettingKind::Text,
    "The password, as a reference: `{ secret = \"rate-db-password\" }`.",
)
.secret()
.example("{ secret = \"rate-db-password\" }");
