//! What `[target.docker]` says.

use bp_contract::setting::{Faults, Field, Settings, Validate};
use bp_plugin::Plan;
use bp_plugin::deploy::{host, is_image};
use bp_plugin::plan::ImagePlan;

use crate::docker::DOCKERFILE;

/// Writes a Dockerfile for the one image of all processes.
#[derive(Debug, Settings)]
#[settings(validate)]
pub(crate) struct DockerSettings {
    /// The image that compiles: cargo, a C linker and a shell.
    #[setting(
        default = "docker.io/library/rust:1.95-bookworm",
        fixed,
        example = "\"docker.io/library/rust:1.95-bookworm\""
    )]
    builder: String,
    /// The image that the program runs on, with the builder's C library or a newer one; "scratch" links statically and takes none.
    #[setting(default = "gcr.io/distroless/cc-debian12:nonroot", fixed, example = "\"scratch\"")]
    runtime: String,
    /// The registry that all images except the application's are taken from, instead of their own registries.
    #[setting(fixed, example = "\"registry.example\"")]
    registry: Option<String>,
    /// The application's image, without tag; by default its name.
    #[setting(fixed, example = "\"registry.example/hotel\"")]
    image: Option<String>,
    /// Its tag; by default the wiring's name.
    #[setting(fixed, example = "\"1.2.3\"")]
    tag: Option<String>,
    /// Files and folders, from the application's folder, that manifests of the workflow's crates need beside the folders of those crates: a workspace's manifest, a crate of macros, what a build script is linked with.
    #[setting(fixed, example = "[\"Cargo.toml\"]")]
    include: Vec<String>,
    /// Whether an image that `images.lock` does not pin is an error.
    #[setting(default = false, fixed)]
    pub(crate) pinned: bool,
}

impl DockerSettings {
    /// The images of a plan's containers.
    pub(crate) fn plan_images(self, plan: &Plan) -> ImagePlan {
        let image = self.image.unwrap_or_else(|| host(&plan.app.name));
        let tag = self.tag.unwrap_or_else(|| plan.wiring.clone());
        ImagePlan {
            builder: self.builder,
            runtime: self.runtime,
            registry: self.registry,
            application: format!("{image}:{tag}"),
            dockerfile: DOCKERFILE.to_owned(),
            include: self.include,
        }
    }
}

const IMAGE_CHARACTERS: &str =
    "use letters, digits, `.`, `_`, `-`, `/` and `:`, as in `docker.io/library/rust:1.95`";

impl Validate for DockerSettings {
    fn validate(&self, faults: &mut Faults) {
        let mut check = |field: Field<Self>, text: Option<&String>, fits: &dyn Fn(&str) -> bool| {
            if text.is_some_and(|text| !fits(text)) {
                faults.at(field, "it does not fit in an image's name").help(IMAGE_CHARACTERS);
            }
        };
        check(Self::BUILDER, Some(&self.builder), &is_image);
        check(Self::RUNTIME, Some(&self.runtime), &is_image);
        check(Self::REGISTRY, self.registry.as_ref(), &is_image);
        check(Self::IMAGE, self.image.as_ref(), &is_image);
        check(Self::TAG, self.tag.as_ref(), &|tag| is_image(tag) && !tag.contains(['/', ':']));
    }
}
