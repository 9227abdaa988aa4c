//! Names of the environment variables through which a deployment speaks to a process.

/// The process that a binary is: `BP_PROCESS=cart`; `*` is all of them in one.
pub const PROCESS: &str = "BP_PROCESS";

/// The init that a binary makes instead of being a process.
pub const INIT: &str = "BP_INIT";

/// The path of a run plan that replaces the one compiled in.
pub const PLAN: &str = "BP_PLAN";

/// The folder for what backends keep.
pub const DATA: &str = "BP_DATA";

/// Configuration over the plan, as TOML.
pub const SET: &str = "BP_SET";

/// The path of a file with configuration, which is followed while the process runs.
pub const CONFIG: &str = "BP_CONFIG";

/// How much is logged, by module.
pub const LOG: &str = "BP_LOG";

/// The form of logs: `pretty` or `json`.
pub const LOG_FORMAT: &str = "BP_LOG_FORMAT";

/// How a supervisor is noticed to be gone: `stdin`.
pub const SUPERVISED: &str = "BP_SUPERVISED";

/// The folder that holds the secrets which no variable gives; [`SECRETS_FOLDER`] by default.
pub const SECRETS: &str = "BP_SECRETS";

/// Where Docker and Kubernetes put secrets.
pub const SECRETS_FOLDER: &str = "/run/secrets";

/// The path of a file that a process writes the ports to that it was given.
pub const PORTS_FILE: &str = "BP_PORTS_FILE";

/// Where black-box tests find the system: `running` instead of one of their own.
pub const TEST_TARGET: &str = "BP_TEST_TARGET";

/// What stands before the name of an address that is dialled.
pub const ADDRESS_PREFIX: &str = "BP_ADDR_";

/// What stands before the name of an address that is listened on.
pub const BIND_PREFIX: &str = "BP_BIND_";

/// Where the address `name` is dialled: `BP_ADDR_CART_GRPC`.
pub fn address(name: &str) -> String {
    format!("{ADDRESS_PREFIX}{name}")
}

/// Where the address `name` is listened on: `BP_BIND_CART_GRPC`.
pub fn bind(name: &str) -> String {
    format!("{BIND_PREFIX}{name}")
}

/// The secret `name` of the wiring: `BP_SECRET_API_KEY` for `api-key`.
pub fn secret(name: &str) -> String {
    format!("BP_SECRET_{}", name.to_uppercase().replace('-', "_"))
}
