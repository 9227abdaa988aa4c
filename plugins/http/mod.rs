//! The compile half of `http`: its settings, the routes, and the OpenAPI documents.

#[path = "runtime/src/metrics.rs"]
mod metrics;
mod openapi;
mod overlap;
#[path = "runtime/src/route.rs"]
mod route;
mod schema;
#[path = "runtime/src/segment.rs"]
mod segment;
#[path = "runtime/src/settings.rs"]
mod settings;

use std::collections::BTreeMap;

use bp_plugin::diag::catalog::policy::settings_disagree;
use bp_plugin::diag::nearest;
use bp_plugin::plan::{ListenerPlan, MethodPlan, ServedPlan};
use bp_plugin::{
    ArtifactContext, CheckContext, NameSource, OutputName, Plan, PlanContext, Plugin, Protocol,
    Settings, transport,
};

use crate::http::route::Route;
use settings::{HttpSettings, RouteSettings};

/// `rpc = "http"`.
pub(crate) static PLUGIN: Plugin = transport::<HttpSettings>("http")
    .usual_for_entries()
    .speaks(Protocol::Http1)
    .beside::<RouteSettings>()
    .check(check)
    .check_plan(check_plan)
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

/// Reports routes that two services of one listener would have; those of one service are compared where its edge is checked.
fn check_plan(cx: &mut PlanContext<'_>) {
    for (name, listener) in list_listeners(cx.plan) {
        let routes = listener.serves.iter().flat_map(|(instance, served)| {
            let routes = list_routes(cx.plan, instance, served);
            routes.map(move |(_, route)| {
                OutputName::part(route.key(), "a route of", NameSource::Instance(instance))
            })
        });
        let routes: Vec<OutputName<'_>> = routes.collect();
        cx.report_clashes(&format!("route on listener `{name}`"), routes);
    }
}

fn write(cx: &mut ArtifactContext<'_>) {
    for (name, listener) in list_listeners(cx.plan) {
        let mut document = openapi::Document::new(cx.plan, name);
        document.write(listener);
        cx.insert(format!("openapi/{name}.json"), name.clone(), Ok(document.finish()));
    }
}

fn list_listeners(plan: &Plan) -> impl Iterator<Item = (&String, &ListenerPlan)> {
    plan.listeners.iter().filter(|(_, listener)| listener.transport == PLUGIN.id)
}

/// Every method that a service offers, with the route at which a listener answers for it.
fn list_routes<'a>(
    plan: &'a Plan,
    instance: &'a str,
    served: &ServedPlan,
) -> impl Iterator<Item = (&'a MethodPlan, Route)> {
    let given: BTreeMap<String, String> = routes(&served.settings).into_iter().collect();
    let methods = plan.interfaces.get(&served.interface).map_or(&[][..], |i| &i.methods);
    methods.iter().filter(|method| method.remote).filter_map(move |method| {
        let route = match given.get(&method.name) {
            None => Route::default_for(instance, &method.name),
            // An invalid route was reported when the settings were checked.
            Some(text) => Route::parse(text).ok()?,
        };
        Some((method, route))
    })
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
    for name in route.unknown_arguments(known) {
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
        if let Some(other) = taken.insert(route.key(), method) {
            let message = format!("`{text}` is also the route of `{other}`");
            report_pair(cx, method, other, &message, apart);
            continue;
        }
        for (other, their, second) in given.iter().take(index) {
            if let Some(path) = route.crosses(second) {
                let message = format!("`{text}` and `{their}` of `{other}` both match `{path}`");
                report_pair(cx, method, other, &message, apart);
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

/// Reports what two routes that the wiring gives have in common, at both.
fn report_pair(cx: &mut CheckContext<'_>, method: &str, other: &str, message: &str, help: &str) {
    let (span, second) = (cx.span_of(&route_path(method)), cx.span_of(&route_path(other)));
    let fault = settings_disagree(RouteSettings::ROUTES.name(), message, help, span);
    let fault = match second {
        Some(second) => fault.at(second, "the other route"),
        None => fault,
    };
    cx.diagnostics.push(fault);
}

const EXAMPLE: &str = "type a verb and a path, as `get = \"GET /notes/{id}\"`";

/// The routes that the settings give, by method.
pub(crate) fn routes(settings: &Settings) -> Vec<(String, String)> {
    let read: Option<RouteSettings> = settings.read();
    read.into_iter().flat_map(|read| read.routes.0).collect()
}

#[cfg(test)]
mod tests;
