//! The `docker` target: a Dockerfile for the one image of all processes.
//!
//! Dependencies are compiled in a layer of their own; the program's base image has no shell, and the program runs as an unprivileged user.
//! Bases are named by the digests of `images.lock`.

mod dockerfile;
#[cfg(test)]
mod tests;

use bp_plugin::deploy::{BuildContext, ImageSettings, SCRATCH, is_image};
use bp_plugin::diag::catalog::target as codes;
use bp_plugin::emit::Origin;
use bp_plugin::{
    ArtifactContext, CheckContext, Feature, Literal, Metadata, PlanContext, Plugin, Setting,
    SettingKind, Value,
};

/// `[target] enabled = ["docker"]`.
pub(crate) static PLUGIN: Docker = Docker;

/// The plugin.
#[derive(Debug)]
pub(crate) struct Docker;

static METADATA: Metadata = Metadata::target(
    "docker",
    // It starts nothing, so it cannot set limits either.
    &Feature::ALL,
    "Writes a Dockerfile for the one image of all processes.",
)
.settings(&[
    Setting::new(
        "builder",
        SettingKind::Text,
        "The image that compiles: cargo, a C linker and a shell.",
    )
    .default(Literal::Text("docker.io/library/rust:1.95-bookworm"))
    .fixed()
    .example("\"docker.io/library/rust:1.95-bookworm\""),
    Setting::new(
        "runtime",
        SettingKind::Text,
        "The image that the program runs on, with the builder's C library or a newer one; \"scratch\" links statically and takes none.",
    )
    .default(Literal::Text("gcr.io/distroless/cc-debian12:nonroot"))
    .fixed()
    .example("\"scratch\""),
    Setting::new(
        "registry",
        SettingKind::Text,
        "The registry that all images except the application's are taken from, instead of their own registries.",
    )
    .fixed()
    .example("\"registry.example\""),
    Setting::new("image", SettingKind::Text, "The application's image, without tag; by default its name.")
        .fixed()
        .example("\"registry.example/hotel\""),
    Setting::new("tag", SettingKind::Text, "Its tag; by default the wiring's name.")
        .fixed()
        .example("\"1.2.3\""),
    Setting::new(
        "include",
        SettingKind::List(&SettingKind::Text),
        "Files and folders, from the application's folder, that the workflow's manifest needs beside its own folder.",
    )
    .fixed()
    .example("[\"Cargo.toml\"]"),
    Setting::new("pinned", SettingKind::Bool, "Whether an image that `images.lock` does not pin is an error.")
        .default(Literal::Bool(false))
        .fixed(),
])
.about(include_str!("README.md"))
.needs(&["the system as one container image"])
.emits(&[
    ("docker/Dockerfile", "the image of all processes"),
    ("docker/Dockerfile.dockerignore", "what the build context contains"),
]);

impl Plugin for Docker {
    fn metadata(&self) -> &Metadata {
        &METADATA
    }

    fn check(&self, cx: &mut CheckContext<'_>) {
        for name in ["builder", "runtime", "registry", "image", "tag"] {
            let text = cx.settings.get(name).and_then(Value::as_text);
            if text
                .is_some_and(|text| !is_image(text) || (name == "tag" && text.contains(['/', ':'])))
            {
                cx.complain(
                    name,
                    format!("`{name}` does not fit in an image's name"),
                    "use letters, digits, `.`, `_`, `-`, `/` and `:`, as in `docker.io/library/rust:1.95`",
                );
            }
        }
    }

    fn check_plan(&self, cx: &mut PlanContext<'_>) {
        let required = cx
            .plan
            .targets
            .get(METADATA.id)
            .and_then(|s| s.get("pinned").and_then(Value::as_bool))
            .unwrap_or(false);
        for image in bp_plugin::deploy::images_to_pin(cx.plan) {
            if image != SCRATCH && cx.images.is_some_and(|lock| lock.digest(&image).is_none()) {
                cx.diagnostics.push(codes::image_not_pinned(&image, required));
            }
        }
        if let Err(fault) = BuildContext::of(cx.plan, cx.place) {
            cx.diagnostics.push(fault);
        }
    }

    fn artifacts(&self, cx: &mut ArtifactContext<'_>) {
        let Some(settings) = ImageSettings::of(cx.plan) else { return };
        let paths = match BuildContext::of(cx.plan, cx.place) {
            Ok(paths) => paths,
            Err(fault) => {
                cx.diagnostics.push(fault);
                return;
            }
        };
        let files = [
            ("docker/Dockerfile", dockerfile::write_dockerfile(cx, &settings, &paths)),
            ("docker/Dockerfile.dockerignore", Ok(dockerfile::write_ignore(&paths))),
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
