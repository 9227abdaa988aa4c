//! The `process` target: everything that starts the system on one machine without other tools.
//!
//! The Cargo workspace below `rust/` belongs to every target; this one adds, below `process/`, the run manifest that `bp run` reads, and an env file for those who start processes by hand.

mod manifest;
mod order;

use bp_contract::setting::Settings;
use bp_plugin::{ArtifactContext, Feature, Plugin, target};

/// Runs the processes on this machine, supervised by `bp run`.
#[derive(Debug, Settings)]
struct ProcessSettings {}

pub(crate) static PLUGIN: Plugin = target::<ProcessSettings>(
    "process",
    &[
        Feature::Replicas,
        Feature::Processes,
        Feature::Secrets,
        Feature::Inits,
        Feature::InitFiles,
    ],
)
.about(include_str!("README.md"))
.needs(&["to run the system on this machine with `bp run`"])
.runs_here(MANIFEST)
.artifacts(
    &[
        (
            MANIFEST,
            "what `bp run` and `bp test` supervise: processes, addresses, replicas, time to stop, order",
        ),
        (ENV_FILE, "`BP_ADDR_…` of every listener, for processes started by hand"),
    ],
    write,
)
.declare();

const MANIFEST: &str = "process/run.json";
const ENV_FILE: &str = "process/local.env";

fn write(cx: &mut ArtifactContext<'_>) {
    cx.insert(MANIFEST, "", Ok(manifest::build_manifest(cx.plan).to_text()));
    cx.insert(ENV_FILE, "", Ok(manifest::write_env_file(cx.plan)));
}
