//! The `compose` target: the application and its stores on one machine, in the words of the Compose specification that Compose 1.29 knows too.
//!
//! Every process and every init is a service of the one image; every networked backend's server is a service with a named volume.
//! Only listeners of the outside world are published, on this machine alone unless the wiring says otherwise.

mod file;
mod ports;
mod service;
#[cfg(test)]
mod tests;

use bp_plugin::deploy::{Deployment, Options, References, host};
use bp_plugin::emit::Origin;
use bp_plugin::{
    ArtifactContext, Feature, GENERATED, Literal, Metadata, PlanContext, Plugin, Setting,
    SettingKind, to_yaml,
};

/// `[target] enabled = ["docker", "compose"]`.
pub(crate) static PLUGIN: Compose = Compose;

/// The plugin.
#[derive(Debug)]
pub(crate) struct Compose;

static METADATA: Metadata = Metadata::target(
    "compose",
    &[
        Feature::Replicas,
        Feature::Processes,
        Feature::Secrets,
        Feature::Resources,
        Feature::Inits,
        Feature::InitFiles,
    ],
    "Writes a compose.yaml that runs the application and its stores on one machine.",
)
.settings(&[
    Setting::new(
        "publish",
        SettingKind::Map(&SettingKind::Count),
        "The machine's port for a listener of the outside world, by the listener's name; by default the container's port. Replicas take the ports that follow.",
    )
    .fixed()
    .example("{ \"frontend.http\" = 8080 }"),
    Setting::new(
        "bind",
        SettingKind::Text,
        "The machine's address that published ports are bound to; \"0.0.0.0\" for all.",
    )
    .default(Literal::Text("127.0.0.1"))
    .fixed(),
    Setting::new(
        "secrets",
        SettingKind::Text,
        "The folder that holds a file for every secret, from the application's folder; the users of the containers must be able to read the files.",
    )
    .default(Literal::Text("secrets"))
    .fixed(),
    Setting::new(
        "config",
        SettingKind::Text,
        "A file of overrides that every process reads and watches, from the application's folder.",
    )
    .fixed()
    .example("\"overrides.toml\""),
])
.about(include_str!("README.md"))
.needs(&["the system and its stores as containers on one machine"])
.emits(&[
    ("compose/compose.yaml", "every process and store"),
    ("compose/.env", "the name that Compose knows the system by"),
]);

impl Plugin for Compose {
    fn metadata(&self) -> &Metadata {
        &METADATA
    }

    fn check(&self, cx: &mut bp_plugin::CheckContext<'_>) {
        let bind = cx.settings.get("bind").and_then(bp_plugin::Value::as_text);
        if bind.is_some_and(|text| text.parse::<std::net::Ipv4Addr>().is_err()) {
            cx.complain("bind", "`bind` is not an IPv4 address", "type `bind = \"127.0.0.1\"`");
        }
    }

    fn check_plan(&self, cx: &mut PlanContext<'_>) {
        bp_plugin::deploy::check(cx, &References::of(cx.plan));
        ports::check(cx);
    }

    fn artifacts(&self, cx: &mut ArtifactContext<'_>) {
        let settings = service::ComposeSettings::of(cx.plan);
        let options = Options { config: settings.config.is_some(), ..Options::default() };
        let deployment = Deployment::of(cx.plan, options);
        let file = match file::build_file(cx, &deployment, &settings) {
            Ok(file) => file,
            Err(fault) => {
                cx.diagnostics.push(fault);
                return;
            }
        };
        let project = format!("{}-{}", host(&cx.plan.app.name), host(&cx.plan.wiring));
        let variables = format!("{GENERATED}COMPOSE_PROJECT_NAME={project}\n");
        let files = [
            ("compose/compose.yaml", to_yaml(METADATA.id, &file)),
            ("compose/.env", Ok(variables)),
        ];
        for (path, text) in files {
            let written =
                text.and_then(|text| cx.artifacts.insert(path, text, Origin::new(METADATA.id, "")));
            if let Err(fault) = written {
                cx.diagnostics.push(fault);
            }
        }
    }
}
