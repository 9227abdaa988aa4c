//! What `[target.kubernetes]` says.

use bp_plugin::deploy::{ImageSettings, host, is_digest, is_dns_label, is_image};
use bp_plugin::{CheckContext, Literal, Plan, Setting, SettingKind, Value};
use serde_json::json;

pub(crate) const SETTINGS: &[Setting] = &[
    Setting::new(
        "namespace",
        SettingKind::Text,
        "The namespace of every object; without it, the one in which the manifests are applied.",
    )
    .fixed()
    .example("\"hotel\""),
    Setting::new(
        "image",
        SettingKind::Text,
        "The image of the application, with a digest or a tag; without it, the one that target `docker` builds, or the application's name.",
    )
    .fixed()
    .example("\"registry.example/hotel@sha256:…\""),
    Setting::new(
        "entry",
        SettingKind::OneOf(&["ClusterIP", "LoadBalancer", "NodePort"]),
        "The type of the Service through which the outside world calls.",
    )
    .default(Literal::Text("ClusterIP"))
    .fixed(),
    Setting::new(
        "overrides",
        SettingKind::Bool,
        "Whether processes read the key `config.toml` of the ConfigMap `<app>-overrides`.",
    )
    .default(Literal::Bool(false))
    .fixed(),
    Setting::new(
        "volume",
        SettingKind::Size,
        "How much each volume of a store or of a process with embedded stores holds.",
    )
    .default(Literal::Text("10GiB"))
    .bounds(Literal::Text("1MiB"), Literal::Text("1000TiB"))
    .fixed()
    .example("\"10GiB\""),
    Setting::new(
        "storage_class",
        SettingKind::Text,
        "The class of those volumes; without it, the cluster's default.",
    )
    .fixed()
    .example("\"fast\""),
    Setting::new(
        "monitoring",
        SettingKind::Table { settings: MONITORING, shorthand: Some("namespace") },
        "Who may read metrics, and where telemetry may go.",
    ),
];

const MONITORING: &[Setting] = &[
    Setting::new(
        "namespace",
        SettingKind::Text,
        "The namespace of the software that reads `/metrics` and receives OTLP.",
    )
    .default(Literal::Text("monitoring"))
    .fixed(),
    Setting::new("port", SettingKind::Count, "The port on which it receives OTLP.")
        .default(Literal::Int(4317))
        .bounds(Literal::Int(1), Literal::Int(65_535))
        .fixed(),
];

/// Reports names that no cluster takes.
pub(crate) fn check(cx: &mut CheckContext<'_>) {
    for path in ["namespace", "storage_class", "monitoring.namespace"] {
        let name = cx.settings.get(path).and_then(Value::as_text).unwrap_or("x").to_owned();
        // A class may have dots between labels.
        let labels: Vec<&str> =
            if path == "storage_class" { name.split('.').collect() } else { vec![&name] };
        if !labels.into_iter().all(is_dns_label) {
            cx.complain(
                path,
                format!("Kubernetes does not accept {name:?} as a name"),
                "type a name of at most 63 of `a-z`, `0-9` and `-`, with a letter or digit at both ends",
            );
        }
    }
    let image = cx.settings.get("image").and_then(Value::as_text).unwrap_or("x").to_owned();
    if !Image::parse(&image).is_sound() {
        cx.complain(
            "image",
            format!("{image:?} is not an image"),
            "type it as `registry.example/name:tag` or `registry.example/name@sha256:…`",
        );
    }
}

/// The target's settings.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) namespace: Option<String>,
    pub(crate) image: Image,
    pub(crate) entry: String,
    pub(crate) overrides: bool,
    /// Bytes.
    pub(crate) volume: u64,
    pub(crate) storage_class: Option<String>,
    pub(crate) monitoring: String,
    pub(crate) telemetry_port: u16,
}

impl Settings {
    pub(crate) fn read(plan: &Plan) -> Self {
        let settings = plan.targets.get(crate::kubernetes::ID).cloned().unwrap_or_default();
        let text = |path: &str| settings.get(path).and_then(Value::as_text).map(str::to_owned);
        let port = settings.get("monitoring.port").and_then(Value::as_integer);
        Self {
            namespace: text("namespace"),
            image: Image::parse(
                &text("image")
                    .or_else(|| ImageSettings::of(plan).map(|docker| docker.application))
                    .unwrap_or_else(|| host(&plan.app.name)),
            ),
            entry: text("entry").unwrap_or_else(|| "ClusterIP".to_owned()),
            overrides: settings.get("overrides").and_then(Value::as_bool).unwrap_or_default(),
            volume: settings.get("volume").and_then(Value::as_size).unwrap_or_default(),
            storage_class: text("storage_class"),
            monitoring: text("monitoring.namespace").unwrap_or_default(),
            telemetry_port: port.and_then(|p| u16::try_from(p).ok()).unwrap_or_default(),
        }
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
