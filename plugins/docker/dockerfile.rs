//! The Dockerfile's text.

use bp_plugin::deploy::{BuildContext, DATA_FOLDER, PROGRAM, SCRATCH, USER, WORK_FOLDER};
use bp_plugin::diag::{Diagnostic, catalog};
use bp_plugin::emit::app_package;
use bp_plugin::plan::ImagePlan;
use bp_plugin::{ArtifactContext, GENERATED};
use minijinja::{Environment, UndefinedBehavior, context};

use crate::docker::DOCKERFILE;

const TEMPLATE: &str = include_str!("templates/Dockerfile");

/// Static linking needs a target of its own, so that build scripts and macros, which run in the builder, are still linked dynamically.
const STATIC: [&str; 2] = [
    "--release --target \"$(rustc --print host-tuple)\"",
    "/target/$(rustc --print host-tuple)/release",
];
const DYNAMIC: [&str; 2] = ["--release", "/target/release"];

/// The text contains only words of letters, digits and `._-/:@`; [`BuildContext`], `is_image` and the rules for names see to that.
pub(crate) fn write_dockerfile(
    cx: &ArtifactContext<'_>,
    images: &ImagePlan,
    paths: &BuildContext,
) -> Result<String, Diagnostic> {
    let registry = images.registry.as_deref();
    let is_static = images.runtime == SCRATCH;
    let [flags, output] = if is_static { STATIC } else { DYNAMIC };
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let up = if paths.up.is_empty() { "." } else { &paths.up };
    environment
        .render_str(
            TEMPLATE,
            context! {
                dockerfile => format!("{}/{DOCKERFILE}", paths.out),
                context => up,
                application => &images.application,
                builder => cx.images.reference(&images.builder, registry),
                runtime => cx.images.reference(&images.runtime, registry),
                runtime_parts => list_runtime_parts(paths),
                include => &paths.include,
                workflow => &paths.workflow,
                rust => format!("{}/rust", paths.out),
                package => app_package(cx.plan),
                static => is_static,
                flags => flags,
                output => output,
                program => PROGRAM,
                work_folder => WORK_FOLDER,
                data_folder => DATA_FOLDER,
                user => USER,
            },
        )
        .map(|text| format!("{}\n", text.trim_end()))
        .map_err(|fault| {
            catalog::internal::failed(&format!("the Dockerfile's template: {fault:#}"))
        })
}

/// The parts of the runtime's folder that a build reads; the folder may be a whole repository.
fn list_runtime_parts(paths: &BuildContext) -> Vec<String> {
    let Some(folder) = &paths.runtime else { return Vec::new() };
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    ["Cargo.toml", "stdlib", "plugins"].map(|part| format!("{prefix}{part}")).into()
}

/// The build context: only what the Dockerfile copies.
pub(crate) fn write_ignore(paths: &BuildContext) -> String {
    let rust = format!("{}/rust", paths.out);
    let allowed = list_runtime_parts(paths)
        .into_iter()
        .chain(paths.include.iter().cloned())
        .chain([paths.workflow.clone(), rust]);
    let mut text = format!("{GENERATED}*\n");
    for path in allowed {
        text.extend(["!", &path, "\n"]);
    }
    text.push_str("**/target\n**/.bp\n**/.git\n");
    text
}
