//! The compile half of `http`: its settings, the routes, and the OpenAPI documents.

#[path = "runtime/src/metrics.rs"]
mod metrics;
mod openapi;
mod route;
mod schema;
#[path = "runtime/src/settings.rs"]
mod settings;

use std::collections::BTreeMap;

use bp_plugin::diag::nearest;
use bp_plugin::{ArtifactContext, CheckContext, Plugin, Settings, transport};

use crate::http::route::Route;
use settings::{HttpSettings, RouteSettings};

/// `rpc = "http"`.
pub(crate) static PLUGIN: Plugin = transport::<HttpSettings>("http")
    .entry()
    .beside::<RouteSettings>()
    .check(check)
    .about(include_str!("README.md"))
    .needs(&[
        "a browser or `curl` to call a service",
        "an OpenAPI document of the public interface",
    ])
    .artifacts(&[("openapi/<listener>.json", "the OpenAPI 3.1 document of a listener")], write)
    .metrics(&[metrics::REQUEST_DURATION])
    .declare();

fn check(cx: &mut CheckContext<'_>) {
    let mut read = Vec::new();
    for (method, text) in routes(cx.settings) {
        let setting = route_path(&method);
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

fn write(cx: &mut ArtifactContext<'_>) {
    for (name, listener) in cx.plan.listeners.iter().filter(|(_, l)| l.transport == PLUGIN.id) {
        let mut document = openapi::Document::new(cx.plan, name);
        document.write(listener);
        let (text, complaints) = document.finish();
        cx.diagnostics.extend(complaints);
        cx.insert(format!("openapi/{name}.json"), name.clone(), Ok(text));
    }
}

/// The dotted path of a method's route.
fn route_path(method: &str) -> String {
    format!("{}.{method}", RouteSettings::ROUTES.name())
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
        let setting = route_path(method);
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
            let setting = route_path(other);
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
pub(crate) fn routes(settings: &Settings) -> Vec<(String, String)> {
    let read: Option<RouteSettings> = settings.read();
    read.into_iter().flat_map(|read| read.routes.0).collect()
}

#[cfg(test)]
mod tests;
