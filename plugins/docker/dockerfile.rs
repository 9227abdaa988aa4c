//! The Dockerfile's text.

use std::collections::{BTreeMap, BTreeSet};

use bp_plugin::deploy::{BuildContext, DATA_FOLDER, PROGRAM, SCRATCH, USER, WORK_FOLDER, is_in};
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
                runtime_parts => paths.list_runtime_parts(),
                dependencies => list_dependencies(paths),
                workflow => &paths.workflow,
                rust => paths.rust(),
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

/// What the layer of dependencies is made of besides the runtime.
fn list_dependencies(paths: &BuildContext) -> Vec<String> {
    let crates = list_copied(paths).into_iter().map(str::to_owned);
    paths.include.iter().cloned().chain(crates).chain(paths.carried.iter().cloned()).collect()
}

/// How many folders of crates are copied one by one: each is a layer, and an image has 127 at most.
const MOST_COPIES: usize = 32;

/// The folders that hold the workflow's other crates: one for each crate, or fewer around them if there are many, of which the ignore file lets in the crates alone.
fn list_copied(paths: &BuildContext) -> Vec<&str> {
    let mut copied: BTreeSet<&str> = paths.crates.iter().map(String::as_str).collect();
    while copied.len() > MOST_COPIES {
        let mut around: BTreeMap<&str, usize> = BTreeMap::new();
        let parents = copied.iter().filter_map(|folder| Some(folder.rsplit_once('/')?.0));
        for parent in parents.filter(|parent| !is_in(&paths.out, parent)) {
            *around.entry(parent).or_default() += 1;
        }
        // The first of those that have the most, so that the same crates give the same lines.
        let most = around.iter().rev().max_by_key(|(_, count)| **count);
        let Some(most) = most.map(|(parent, _)| *parent) else { break };
        copied.retain(|folder| !is_in(folder, most));
        copied.insert(most);
    }
    copied.into_iter().collect()
}

/// The build context: only what the Dockerfile copies.
pub(crate) fn write_ignore(paths: &BuildContext) -> String {
    let allowed = paths
        .list_runtime_parts()
        .into_iter()
        .chain(paths.include.iter().chain(&paths.crates).cloned())
        .chain([paths.workflow.clone(), paths.rust()]);
    let mut text = format!("{GENERATED}*\n");
    for path in allowed {
        text.extend(["!", &path, "\n"]);
    }
    text.push_str("**/target\n**/.bp\n**/.git\n");
    text
}
