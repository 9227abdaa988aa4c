//! The settings that `bp` itself adds: those of `[process.<name>]` beside `services`, the port of every transport, and `in_process` of every remote wrapper.
//!
//! They belong to no plugin, but they are declared in the same way, so that one reader checks and documents all settings.

use bp_contract::run_plan::DrainPlan;
use bp_plan::{ResourcesPlan, Settings, Value};

use crate::{Literal, Setting, SettingKind};

/// What a process table takes beside `services`.
pub const PROCESS_SETTINGS: &[Setting] = &[
    Setting::new("replicas", SettingKind::Count, "How many copies of the process run.")
        .default(Literal::Int(1))
        .bounds(Literal::Int(1), Literal::Int(1000))
        .fixed()
        .example("3"),
    Setting::new(
        "drain",
        SettingKind::Table { settings: DRAIN, shorthand: None },
        "How the process stops.",
    ),
    RESOURCES,
];

/// What the container of a process may use.
pub const RESOURCES: Setting = Setting::new(
    "resources",
    SettingKind::Table { settings: AMOUNTS, shorthand: None },
    "What one container may use; the request and the limit are equal.",
);

const AMOUNTS: &[Setting] = &[
    CPU.default(Literal::Float(1.0)),
    MEMORY.default(Literal::Text("256MiB")),
    STORAGE.default(Literal::Text("1GiB")),
];

/// What the container of a backend's server may use; by default, what its declaration says.
pub const SERVER_RESOURCES: Setting = Setting::new(
    "resources",
    SettingKind::Table { settings: &[CPU, MEMORY, STORAGE], shorthand: None },
    "What the server's container may use; the request and the limit are equal.",
);

const CPU: Setting = Setting::new("cpu", SettingKind::Float, "CPUs; 0.5 is half a CPU.")
    .bounds(Literal::Float(0.01), Literal::Float(1024.0))
    .fixed()
    .example("0.5");

const MEMORY: Setting =
    Setting::new("memory", SettingKind::Size, "Memory; a container that uses more is killed.")
        .bounds(Literal::Text("16MiB"), Literal::Text("16TiB"))
        .fixed()
        .example("\"256MiB\"");

const STORAGE: Setting = Setting::new(
    "storage",
    SettingKind::Size,
    "Disk space outside volumes: logs and scratch files.",
)
.bounds(Literal::Text("16MiB"), Literal::Text("16TiB"))
.fixed()
.example("\"1GiB\"");

/// Reads a `resources` table, whose defaults are already filled in.
pub fn read_resources(settings: &Settings) -> ResourcesPlan {
    let size = |path: &str| settings.get(path).and_then(Value::as_size).unwrap_or_default();
    ResourcesPlan {
        cpu: settings.get("resources.cpu").and_then(Value::as_float).unwrap_or_default(),
        memory: size("resources.memory"),
        storage: size("resources.storage"),
    }
}

/// Half a second for callers to notice and ten seconds to finish: together less than the thirty seconds that Kubernetes grants.
const DRAIN: &[Setting] = &[
    Setting::new(
        "delay",
        SettingKind::Duration,
        "Time from becoming not ready to refusing calls, so that callers notice.",
    )
    .default(Literal::Text(DrainPlan::DEFAULT_DELAY))
    .bounds(Literal::Text("0s"), Literal::Text("1m"))
    .fixed()
    .example("\"500ms\""),
    Setting::new("limit", SettingKind::Duration, "Longest wait for calls that are still running.")
        .default(Literal::Text(DrainPlan::DEFAULT_LIMIT))
        .bounds(Literal::Text("0s"), Literal::Text("1h"))
        .fixed()
        .example("\"10s\""),
];

/// What every transport takes beside its own settings: `rpc = { kind = "http", port = 8080 }`.
pub const PORT: Setting = Setting::new("port", SettingKind::Count, "The port to listen on.")
    .bounds(Literal::Int(1), Literal::Int(65_535))
    .fixed()
    .example("8080");

/// What every remote wrapper takes beside its own settings.
pub const IN_PROCESS: Setting =
    Setting::new("in_process", SettingKind::Bool, "Keeps the wrapper on calls inside a process.")
        .fixed()
        .example("true");

/// What every target's table takes beside the plugin's own settings.
pub const TARGET_SETTINGS: &[Setting] = &[Setting::new(
    "lossy",
    SettingKind::List(&SettingKind::OneOf(&[
        "replicas",
        "processes",
        "secrets",
        "resources",
        "storage",
        "autoscale",
        "inits",
        "init_files",
    ])),
    "Features that the wiring asks for and the target leaves out, because it cannot express them.",
)
.fixed()
.example("[\"storage\"]")];

/// Whether the settings of a wrapper keep it on calls inside a process.
pub fn keeps_in_process(settings: &Settings) -> bool {
    settings.get(IN_PROCESS.name).and_then(Value::as_bool) == Some(true)
}
