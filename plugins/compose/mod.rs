//! The `compose` target: the application and its stores on one machine, in the words of the Compose specification that Compose 1.29 knows too.
//!
//! Every process and every init is a service of the one image; every networked backend's server is a service with a named volume.
//! Only listeners of the outside world are published, on this machine alone unless the wiring says otherwise.

mod file;
mod ports;
mod service;
mod settings;
#[cfg(test)]
mod tests;

use bp_plugin::deploy::{Deployment, Options, References, host};
use bp_plugin::{ArtifactContext, Feature, GENERATED, PlanContext, Plugin, target, to_yaml};

use settings::ComposeSettings;

/// `[target] enabled = ["docker", "compose"]`.
pub(crate) static PLUGIN: Plugin = target::<ComposeSettings>(
    "compose",
    &[
        Feature::Replicas,
        Feature::Processes,
        Feature::Secrets,
        Feature::Resources,
        Feature::Inits,
        Feature::InitFiles,
    ],
)
.check_plan(check_plan)
.codes(&[ports::TOO_FEW_PORTS, ports::NOT_PUBLISHED])
.about(include_str!("README.md"))
.needs(&["the system and its stores as containers on one machine"])
.artifacts(
    &[(FILE, "every process and store"), (ENV_FILE, "the name that Compose knows the system by")],
    write,
)
.declare();

const FILE: &str = "compose/compose.yaml";
const ENV_FILE: &str = "compose/.env";

fn check_plan(cx: &mut PlanContext<'_>) {
    bp_plugin::deploy::check(cx, &References::of(cx.plan));
    ports::check(cx);
}

fn write(cx: &mut ArtifactContext<'_>) {
    let Some(settings) = cx.target_settings::<ComposeSettings>() else { return };
    let options = Options { config: settings.config.is_some(), ..Options::default() };
    let deployment = Deployment::of(cx.plan, options);
    let file = file::build_file(cx, &deployment, &settings);
    let project = format!("{}-{}", host(&cx.plan.app.name), host(&cx.plan.wiring));
    cx.insert(FILE, "", file.and_then(|file| to_yaml(PLUGIN.id, &file)));
    cx.insert(ENV_FILE, "", Ok(format!("{GENERATED}COMPOSE_PROJECT_NAME={project}\n")));
}
