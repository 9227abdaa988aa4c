//! What `[target.kubernetes]` says.

use bp_contract::setting::{Faults, Field, Settings, Size, Validate};
use bp_plugin::Plan;
use bp_plugin::deploy::{host, is_digest, is_dns_label, is_image};
use serde_json::json;

/// Writes manifests and a kustomization for a Kubernetes cluster.
#[derive(Debug, Clone, Settings)]
#[settings(validate)]
pub(crate) struct KubernetesSettings {
    /// The namespace of every object; without it, the one in which the manifests are applied.
    #[setting(fixed, example = "\"hotel\"")]
    pub(crate) namespace: Option<String>,
    /// The image of the application, with a digest or a tag; without it, the one that target `docker` builds, or the application's name.
    #[setting(fixed, example = "\"registry.example/hotel@sha256:…\"")]
    image: Option<String>,
    /// The type of the Service through which the outside world calls.
    #[setting(default = "ClusterIP", fixed)]
    pub(crate) entry: Entry,
    /// Whether processes read the key `config.toml` of the ConfigMap `<app>-overrides`.
    #[setting(default = false, fixed)]
    pub(crate) overrides: bool,
    /// How much each volume of a store or of a process with embedded stores holds.
    #[setting(default = "10GiB", range = "1MiB"..="1000TiB", fixed, example = "\"10GiB\"")]
    pub(crate) volume: Size,
    /// The class of those volumes; without it, the cluster's default.
    #[setting(fixed, example = "\"fast\"")]
    pub(crate) storage_class: Option<String>,
    /// Who may read metrics, and where telemetry may go.
    pub(crate) monitoring: Monitoring,
}

/// The type of a Service, in Kubernetes' words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Settings)]
pub(crate) enum Entry {
    #[setting(name = "ClusterIP")]
    ClusterIp,
    #[setting(name = "LoadBalancer")]
    LoadBalancer,
    #[setting(name = "NodePort")]
    NodePort,
}

/// Who may read metrics, and where telemetry may go.
#[derive(Debug, Clone, Settings)]
#[settings(shorthand = "namespace", validate)]
pub(crate) struct Monitoring {
    /// The namespace of the software that reads `/metrics` and receives OTLP.
    #[setting(default = "monitoring", fixed)]
    pub(crate) namespace: String,
    /// The port on which it receives OTLP.
    #[setting(default = 4317, range = 1..=65_535, fixed)]
    pub(crate) port: u16,
}

impl Validate for KubernetesSettings {
    fn validate(&self, faults: &mut Faults) {
        if let Some(namespace) = &self.namespace {
            check_name(faults, Self::NAMESPACE, namespace, is_dns_label(namespace));
        }
        if let Some(class) = &self.storage_class {
            // A class may have dots between labels.
            check_name(faults, Self::STORAGE_CLASS, class, class.split('.').all(is_dns_label));
        }
        if let Some(image) = self.image.as_ref().filter(|image| !Image::parse(image).is_sound()) {
            faults
                .at(Self::IMAGE, format!("{image:?} is not an image"))
                .help("type it as `registry.example/name:tag` or `registry.example/name@sha256:…`");
        }
    }
}

impl Validate for Monitoring {
    fn validate(&self, faults: &mut Faults) {
        check_name(faults, Self::NAMESPACE, &self.namespace, is_dns_label(&self.namespace));
    }
}

/// Reports a name that no cluster takes.
fn check_name<T>(faults: &mut Faults, field: Field<T>, name: &str, is_accepted: bool) {
    if !is_accepted {
        faults
            .at(field, format!("Kubernetes does not accept {name:?} as a name"))
            .help("type a name of at most 63 of `a-z`, `0-9` and `-`, with a letter or digit at both ends");
    }
}

impl KubernetesSettings {
    /// The application's image.
    pub(crate) fn image(&self, plan: &Plan) -> Image {
        let built = || plan.images.as_ref().map(|images| images.application.clone());
        let image = self.image.clone().or_else(built).unwrap_or_else(|| host(&plan.app.name));
        Image::parse(&image)
    }
}

/// The application's image, which the kustomization writes in place of the name in the manifests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    name: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl Image {
    fn parse(text: &str) -> Self {
        let (text, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest.to_owned())),
            None => (text, None),
        };
        // A colon before a slash belongs to the registry's port.
        let (name, tag) = match text.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag.to_owned())),
            _ => (text, None),
        };
        Self { name: name.to_owned(), tag, digest }
    }

    fn is_sound(&self) -> bool {
        let tag = |tag: &str| is_image(tag) && !tag.contains(['/', ':', '@']);
        is_image(&self.name)
            && self.tag.as_deref().is_none_or(tag)
            && self.digest.as_deref().is_none_or(is_digest)
    }

    pub(crate) fn build_override(&self, app: &str) -> serde_json::Value {
        let mut value = json!({ "name": host(app), "newName": self.name });
        if let Some(object) = value.as_object_mut() {
            match (&self.digest, &self.tag) {
                (Some(digest), _) => object.insert("digest".to_owned(), json!(digest)),
                (None, Some(tag)) => object.insert("newTag".to_owned(), json!(tag)),
                (None, None) => None,
            };
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_s_parts_are_told_apart() {
        let parts = |text: &str| {
            let image = Image::parse(text);
            (image.name, image.tag, image.digest)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parts("hotel"), ("hotel".to_owned(), None, None));
        assert_eq!(parts("r:5000/hotel"), ("r:5000/hotel".to_owned(), None, None));
        assert_eq!(parts("r:5000/hotel:v1"), ("r:5000/hotel".to_owned(), some("v1"), None));
        assert_eq!(
            parts("hotel:v1@sha256:ab"),
            ("hotel".to_owned(), some("v1"), some("sha256:ab"))
        );
    }
}
