//! Images: their names, and the digests that `images.lock` pins them to.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bp_plan::Plan;
use serde::Deserialize;

/// The file in the application's folder that pins images.
pub const IMAGES_LOCK: &str = "images.lock";

/// The word for an image with nothing in it.
pub const SCRATCH: &str = "scratch";

/// Where images come from when their name does not say.
const HUB: &str = "docker.io";

/// Digests of images, as `bp image pin` found them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageLock {
    pins: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LockFile {
    version: u32,
    #[serde(default)]
    images: BTreeMap<String, String>,
}

impl ImageLock {
    /// Reads the file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: LockFile = toml::from_str(text).map_err(|e| e.message().to_owned())?;
        if file.version != 1 {
            return Err(format!("its version is {}, but this `bp` reads version 1", file.version));
        }
        for (image, digest) in &file.images {
            if !is_image(image) {
                return Err(format!("`{}` is not the name of an image", image.escape_debug()));
            }
            if !is_digest(digest) {
                return Err(format!(
                    "the digest of `{image}` is not `sha256:` and 64 hexadecimal digits"
                ));
            }
        }
        Ok(Self { pins: file.images })
    }

    /// The file's text.
    pub fn encode(&self) -> String {
        let mut text =
            String::from("# Written by `bp image pin`; commit it.\nversion = 1\n\n[images]\n");
        for (image, digest) in &self.pins {
            // Neither holds what TOML would have to escape.
            let _ = writeln!(text, "\"{image}\" = \"{digest}\"");
        }
        text
    }

    /// Pins an image; a text that is not a digest is refused.
    ///
    /// # Errors
    /// The text, when it is not a digest.
    pub fn pin(&mut self, image: &str, digest: &str) -> Result<(), String> {
        if !is_digest(digest) {
            return Err(digest.to_owned());
        }
        self.pins.insert(full_name(image), digest.to_owned());
        Ok(())
    }

    /// The digest of an image.
    pub fn digest(&self, image: &str) -> Option<&str> {
        self.pins.get(&full_name(image)).map(String::as_str)
    }

    /// Leaves only the images of this list.
    pub fn retain<'a>(&mut self, images: impl IntoIterator<Item = &'a str>) {
        let wanted: Vec<String> = images.into_iter().map(full_name).collect();
        self.pins.retain(|image, _| wanted.contains(image));
    }

    /// How an image is named where it is used: from `registry` instead of its own, and with its digest if it is pinned.
    pub fn reference(&self, image: &str, registry: Option<&str>) -> String {
        if image == SCRATCH {
            return image.to_owned();
        }
        let from = from_registry(image, registry);
        match self.digest(image) {
            Some(digest) => format!("{from}@{digest}"),
            None => from,
        }
    }
}

/// `docker.io/library/rust:1.95` for `rust:1.95`: the name with its registry.
pub fn full_name(image: &str) -> String {
    let (host, rest) = split_registry(image);
    format!("{host}/{rest}")
}

/// The name with another registry in place of its own.
pub fn from_registry(image: &str, registry: Option<&str>) -> String {
    let (host, rest) = split_registry(image);
    format!("{}/{rest}", registry.map_or(host, |r| r.trim_end_matches('/')))
}

fn split_registry(image: &str) -> (&str, String) {
    match image.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => {
            (host, rest.to_owned())
        }
        Some(_) => (HUB, image.to_owned()),
        None => (HUB, format!("library/{image}")),
    }
}

/// Whether a text names an image: no white space and no syntax of a shell or a file, so that it can be written into a Dockerfile.
pub fn is_image(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
    !text.is_empty()
        && text.len() <= 255
        && text.chars().all(plain)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.contains("//")
}

/// Whether a text is a digest, as engines write it.
pub fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
    })
}

/// How a store's image is named where it is used: from the registry that the plan names, and pinned if it is.
pub fn store_image(plan: &Plan, lock: &ImageLock, image: &str) -> String {
    let registry = plan.images.as_ref().and_then(|images| images.registry.as_deref());
    lock.reference(image, registry)
}

/// Every image that the plan's targets name but do not build: those to pin.
pub fn images_to_pin(plan: &Plan) -> Vec<String> {
    let own = plan.images.iter().flat_map(|own| [own.builder.clone(), own.runtime.clone()]);
    let servers = plan.instances.values().filter_map(|i| i.deployed_server());
    let stores = servers.map(|server| server.image.clone());
    let mut all: Vec<String> = own.chain(stores).filter(|image| image != SCRATCH).collect();
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn names_get_their_registry_or_another() {
        for (image, full, mirrored) in [
            ("rust:1", "docker.io/library/rust:1", "127.0.0.1:5000/library/rust:1"),
            ("a/b", "docker.io/a/b", "127.0.0.1:5000/a/b"),
            ("gcr.io/x/y:z", "gcr.io/x/y:z", "127.0.0.1:5000/x/y:z"),
            ("localhost/y", "localhost/y", "127.0.0.1:5000/y"),
        ] {
            assert_eq!(full_name(image), full);
            assert_eq!(from_registry(image, Some("127.0.0.1:5000/")), mirrored);
        }
    }

    #[test]
    fn a_pinned_image_is_named_with_its_digest() {
        let mut lock = ImageLock::default();
        assert_eq!(lock.reference("rust:1", None), "docker.io/library/rust:1");
        lock.pin("rust:1", DIGEST).unwrap();
        assert_eq!(
            lock.reference("docker.io/library/rust:1", None),
            format!("docker.io/library/rust:1@{DIGEST}")
        );
        assert_eq!(lock.reference(SCRATCH, Some("r.example")), SCRATCH);
        assert_eq!(ImageLock::parse(&lock.encode()), Ok(lock.clone()));
        assert!(lock.pin("rust:1", "sha256:12").is_err());
        lock.retain(["debian:12"]);
        assert_eq!(lock, ImageLock::default());
    }

    #[test]
    fn a_lock_holds_nothing_else() {
        for bad in [
            "version = 2",
            "version = 1\n[images]\n\"a b\" = \"sha256:0\"",
            "version = 1\n[images]\n\"a\" = \"sha256:0\"",
            "version = 1\nother = 1",
            "x",
        ] {
            assert!(ImageLock::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_image_s_name_is_no_syntax() {
        for bad in ["", "a b", "a\nRUN x", "$(x)", "-x", "a//b", "a\\", "a#b", "a=b"] {
            assert!(!is_image(bad), "{bad:?}");
        }
        assert!(is_image("127.0.0.1:5000/library/rust:1.95-bookworm"));
    }
}
