//! The compile half of `http`: its settings, the routes, and the OpenAPI documents.
//!
//! Main type: [`Http`].

mod openapi;
mod route;
mod schema;

use std::collections::BTreeMap;

use bp_plugin::diag::nearest;
use bp_plugin::emit::Origin;
use bp_plugin::{ArtifactContext, CheckContext, Literal, Metadata, Plugin, Setting, SettingKind};

use crate::route::Route;

/// `rpc = "http"`.
pub static PLUGIN: Http = Http;

/// The plugin.
#[derive(Debug)]
pub struct Http;

static METADATA: Metadata = Metadata::transport(
    "http",
    true,
    &[Setting::new(
        "routes",
        SettingKind::PerMethod(&SettingKind::Text),
        "Verb and path of a method; by default `POST /<service>/<method>`.",
    )
    .fixed()
    .example("{ get = \"GET /notes/{id}\" }")],
    "Carries calls over HTTP as JSON, and describes them in OpenAPI.",
)
.settings(&[Setting::new(
    "max_message",
    SettingKind::Size,
    "The largest encoded message, arguments or answer, at both ends.",
)
.default(Literal::Text("4MiB"))
.bounds(Literal::Text("1KiB"), Literal::Text("256MiB"))])
.about(include_str!("../../README.md"))
.needs(&["a browser or `curl` to call a service", "an OpenAPI document of the public interface"])
.emits(&[("openapi/<listener>.json", "the OpenAPI 3.1 document of a listener")])
.metrics(&[(
    "http_server_request_duration_seconds{http_request_method, url_scheme, http_route, http_response_status_code, error_type}",
    "how long requests take, a histogram; `http_route` is empty where nothing answers",
)])
.runtime("bp-rt-http", "plugins/http/runtime");

impl Plugin for Http {
    fn metadata(&self) -> &Metadata {
        &METADATA
    }

    fn check(&self, cx: &mut CheckContext<'_>) {
        let mut read = Vec::new();
        for (method, text) in routes(cx.settings) {
            let setting = format!("routes.{method}");
            match Route::parse(&text) {
                Err(why) => cx.complain(&setting, format!("`{text}`: {why}"), EXAMPLE),
                Ok(route) => {
                    check_arguments(cx, &setting, &method, &text, &route);
                    read.push((method, text, route));
                }
            }
        }
        check_crossings(cx, &read);
    }

    fn artifacts(&self, cx: &mut ArtifactContext<'_>) {
        for (name, listener) in cx.plan.listeners.iter().filter(|(_, l)| l.transport == "http") {
            let mut document = openapi::Document::new(cx.plan, name);
            document.write(listener);
            let (text, complaints) = document.finish();
            let path = format!("openapi/{name}.json");
            let written = cx.artifacts.insert(path, text, Origin::new("http", name.clone()));
            cx.diagnostics.extend(complaints.into_iter().chain(written.err()));
        }
    }
}

/// Reports arguments in a path that the method does not have.
fn check_arguments(
    cx: &mut CheckContext<'_>,
    setting: &str,
    method: &str,
    text: &str,
    route: &Route,
) {
    let Some(known) = cx.arguments.get(method) else { return };
    for name in route.arguments().filter(|name| !known.iter().any(|k| k == name)) {
        let help = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{{{near}}}`?"),
            None => format!("arguments of `{method}`: {}", known.join(", ")),
        };
        let message = format!("`{text}` names `{name}`, but `{method}` has no such argument");
        cx.complain(setting, message, help);
    }
}

/// Reports routes that match the same requests, default routes included.
fn check_crossings(cx: &mut CheckContext<'_>, given: &[(String, String, Route)]) {
    let apart = "give one of the two another verb or path";
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    for (index, (method, text, route)) in given.iter().enumerate() {
        let setting = format!("routes.{method}");
        if let Some(other) = taken.insert(route.key(), method) {
            cx.complain(&setting, format!("`{text}` is also the route of `{other}`"), apart);
            continue;
        }
        for (other, their, second) in given.iter().take(index) {
            if let Some(path) = route.crosses(second) {
                let message = format!("`{text}` and `{their}` of `{other}` both match `{path}`");
                cx.complain(&setting, message, apart);
            }
        }
    }
    let Some((_, instance)) = cx.place.split_once("->") else { return };
    let methods: Vec<&String> = cx.arguments.keys().collect();
    for method in methods.into_iter().filter(|m| !given.iter().any(|(name, ..)| name == *m)) {
        let default = Route::default_for(instance, method);
        let default_text = format!("{} {}", default.verb, default.path());
        for (other, text, route) in given {
            let setting = format!("routes.{other}");
            if route.key() == default.key() {
                let message = format!("`{text}` is also the default route of `{method}`");
                let help = format!(
                    "give `{other}` another verb or path, or `{method}` one of its own: `{method} = \"POST /…\"`"
                );
                cx.complain(&setting, message, help);
            } else if let Some(path) = route.crosses(&default) {
                let message = format!(
                    "`{text}` and `{default_text}`, the default route of `{method}`, both match `{path}`"
                );
                cx.complain(&setting, message, apart);
            }
        }
    }
}

const EXAMPLE: &str = "type a verb and a path, as `get = \"GET /notes/{id}\"`";

/// The routes that the settings give, by method.
pub(crate) fn routes(settings: &bp_plugin::Settings) -> Vec<(String, String)> {
    let table = settings.get("routes").and_then(bp_plugin::Value::as_table);
    let texts = table.into_iter().flatten();
    texts
        .filter_map(|(method, value)| Some((method.clone(), value.as_text()?.to_owned())))
        .collect()
}

#[cfg(test)]
mod tests;
