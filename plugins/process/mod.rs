//! The `process` target: everything that starts the system on one machine without other tools.
//!
//! The Cargo workspace below `rust/` belongs to every target; this one adds, below `process/`, the run manifest that `bp run` reads, and an env file for those who start processes by hand.

mod manifest;
mod order;

use bp_plugin::emit::Origin;
use bp_plugin::{ArtifactContext, Feature, Metadata, Plugin};

/// `[target] enabled = ["process"]`.
pub(crate) static PLUGIN: Process = Process;

/// The plugin.
#[derive(Debug)]
pub(crate) struct Process;

static METADATA: Metadata = Metadata::target(
    "process",
    &[
        Feature::Replicas,
        Feature::Processes,
        Feature::Secrets,
        Feature::Inits,
        Feature::InitFiles,
    ],
    "Runs the processes on this machine, supervised by `bp run`.",
)
.about(include_str!("README.md"))
.needs(&[
    "to run the system on this machine with `bp run`",
])
.emits(&[
    ("process/run.json", "what `bp run` and `bp test` supervise: processes, addresses, replicas, time to stop, order"),
    ("process/local.env", "`BP_ADDR_…` of every listener, for processes started by hand"),
]);

impl Plugin for Process {
    fn metadata(&self) -> &Metadata {
        &METADATA
    }

    fn artifacts(&self, cx: &mut ArtifactContext<'_>) {
        let manifest = manifest::build_manifest(cx.plan).to_text();
        let files = [
            ("process/run.json", manifest),
            ("process/local.env", manifest::write_env_file(cx.plan)),
        ];
        for (path, text) in files {
            if let Err(fault) = cx.artifacts.insert(path, text, Origin::new(METADATA.id, "")) {
                cx.diagnostics.push(fault);
            }
        }
    }
}
