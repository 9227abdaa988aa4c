//! `bp image pin`: asks the Docker engine for digests of images.

#![expect(clippy::disallowed_methods, reason = "`bp image pin` asks the Docker engine")]

use std::process::Command;

use bp_build::read_image_lock;
use bp_diag::{Diagnostic, catalog};
use bp_plugin::deploy::{IMAGES_LOCK, ImageLock, from_registry, images_to_pin};

use super::Context;
use crate::cli::Pin;

/// Pins the images that the wiring's targets name; pins of other wirings' images stay.
pub(crate) fn pin(context: &Context<'_>, arguments: &Pin) -> Option<()> {
    let compiled = context.compile(arguments.wiring.as_deref(), false, None)?;
    let plan = context.plan_or_report(&compiled)?;
    let mut lock = context.or_report(read_image_lock(context.system, &compiled.application))?;
    let before = lock.clone();
    let registry = plan.images.as_ref().and_then(|images| images.registry.as_deref());
    let docker = context.system.variable("BP_DOCKER").unwrap_or_else(|| "docker".to_owned());
    for image in images_to_pin(plan) {
        if arguments.update || lock.digest(&image).is_none() {
            let digest = context.or_report(find_digest(&docker, &image, registry))?;
            context.or_report(record_pin(&mut lock, &image, &digest))?;
            context.output.say(&format!("{image} is {digest}"));
        }
    }
    if lock == before {
        context.output.say("images.lock: nothing to pin");
        return Some(());
    }
    let path = compiled.application.root.join(IMAGES_LOCK);
    context.or_report(
        context
            .system
            .write(&path, lock.encode().as_bytes())
            .map_err(|e| catalog::target::cannot_write(path.as_str(), &e.to_string())),
    )?;
    context.output.say(&format!("{path}: written; commit it"));
    Some(())
}

fn record_pin(lock: &mut ImageLock, image: &str, digest: &str) -> Result<(), Diagnostic> {
    lock.pin(image, digest).map_err(|found| {
        catalog::target::no_digest(image, &format!("the engine says `{}`", found.escape_debug()))
    })
}

/// Pulls an image, and asks the engine for its digest in its repository.
fn find_digest(program: &str, image: &str, registry: Option<&str>) -> Result<String, Diagnostic> {
    let name = from_registry(image, registry);
    run_docker(program, image, &["pull", "--quiet", &name])?;
    let inspect = ["image", "inspect", "--format", "{{json .RepoDigests}}", &name];
    let text = run_docker(program, image, &inspect)?;
    let digests: Vec<String> = serde_json::from_str(&text).unwrap_or_default();
    let repository = repository_name(&name);
    digests
        .iter()
        .find_map(|digest| digest.strip_prefix(repository)?.strip_prefix('@'))
        .map(str::to_owned)
        .ok_or_else(|| {
            catalog::target::no_digest(image, "the engine has no digest from this repository")
        })
}

/// The name without its tag; a `:` before the last `/` belongs to the registry's port.
fn repository_name(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

fn run_docker(program: &str, image: &str, arguments: &[&str]) -> Result<String, Diagnostic> {
    let output = Command::new(program).args(arguments).output().map_err(|error| {
        catalog::target::cannot_start(
            program,
            &error.to_string(),
            "install the Docker command line, or set BP_DOCKER to its path",
        )
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no message");
    Err(catalog::target::no_digest(image, last))
}

#[cfg(test)]
mod tests {
    use super::repository_name;

    #[test]
    fn a_registry_s_port_is_not_a_tag() {
        assert_eq!(repository_name("127.0.0.1:5000/library/rust:1"), "127.0.0.1:5000/library/rust");
        assert_eq!(repository_name("127.0.0.1:5000/library/rust"), "127.0.0.1:5000/library/rust");
    }
}
