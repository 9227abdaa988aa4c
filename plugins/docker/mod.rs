//! The `docker` target: a Dockerfile for the one image of all processes.
//!
//! Dependencies are compiled in a layer of their own; the program's base image has no shell, and the program runs as an unprivileged user.
//! Bases are named by the digests of `images.lock`.

mod dockerfile;
mod settings;
#[cfg(test)]
mod tests;

use bp_plugin::deploy::{BuildContext, SCRATCH, images_to_pin};
use bp_plugin::diag::catalog::target as codes;
use bp_plugin::{ArtifactContext, Feature, FillContext, PlanContext, Plugin, target};

use settings::DockerSettings;

// It starts nothing, so it cannot set limits either.
pub(crate) static PLUGIN: Plugin = target::<DockerSettings>("docker", &Feature::ALL)
    .fill(fill)
    .check_plan(check_plan)
    .about(include_str!("README.md"))
    .needs(&["the system as one container image"])
    .artifacts(
        &[(DOCKERFILE, "the image of all processes"), (IGNORE, "what the build context contains")],
        write,
    )
    .declare();

const DOCKERFILE: &str = "docker/Dockerfile";
const IGNORE: &str = "docker/Dockerfile.dockerignore";

/// Says which images containers run, for every target that runs some.
fn fill(cx: &mut FillContext<'_>) {
    if let Some(settings) = cx.target_settings::<DockerSettings>() {
        cx.plan.images = Some(settings.plan_images(cx.plan));
    }
}

fn check_plan(cx: &mut PlanContext<'_>) {
    let required = cx.target_settings().is_some_and(|settings: DockerSettings| settings.pinned);
    for image in images_to_pin(cx.plan) {
        if image != SCRATCH && cx.images.is_some_and(|lock| lock.digest(&image).is_none()) {
            cx.diagnostics.push(codes::image_not_pinned(&image, required));
        }
    }
    if let Err(fault) = BuildContext::of(cx.plan, cx.output) {
        cx.diagnostics.push(fault);
    }
}

fn write(cx: &mut ArtifactContext<'_>) {
    let Some(images) = &cx.plan.images else { return };
    match BuildContext::of(cx.plan, cx.output) {
        Ok(paths) => {
            cx.insert(DOCKERFILE, "", dockerfile::write_dockerfile(cx, images, &paths));
            cx.insert(IGNORE, "", Ok(dockerfile::write_ignore(&paths)));
        }
        Err(fault) => cx.diagnostics.push(fault),
    }
}
