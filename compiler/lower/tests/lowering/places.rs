//! What a plugin sees of the place whose settings it checks.

use bp_plugin::{CheckContext, Hooks, Plugin, PluginCode};

use crate::support::{App, GRPC, MEMORY, MICRO, PROCESS, RETRY, SHOP, TIMEOUT, TRACE, registry};

const SEEN: PluginCode = PluginCode::new("seen", "what is at a place", "");

/// The plugin, made to report what it sees.
const fn witnessing(plugin: &Plugin) -> Plugin {
    Plugin { hooks: Hooks { check: Some(report_place), ..plugin.hooks }, ..*plugin }
}

fn report_place(cx: &mut CheckContext<'_>) {
    let interface = cx.interface.map_or_else(String::new, |interface| {
        let safe = interface.methods.iter().filter(|m| m.idempotent).count();
        format!("{} {}/{}", interface.path, safe, interface.methods.len())
    });
    let wrappers: Vec<String> = cx
        .neighbours
        .wrappers
        .iter()
        .map(|w| format!("{}@{}:{}", w.plugin, w.slot.name(), w.settings.values.len()))
        .collect();
    let neighbours = (wrappers, &cx.neighbours.callers, &cx.neighbours.targets);
    let text = format!("{}: {interface} {neighbours:?}", cx.place);
    cx.warn(&SEEN, "", text, "nothing is wrong");
}

/// What a plugin sees at each place, without file and line.
fn witness(plugin: &'static Plugin, wiring: &str) -> Vec<String> {
    let registry = registry().with(plugin);
    let found = App::files(SHOP, &[("wiring/local.toml", wiring)], registry).complaints();
    let code = format!("{}/seen ", plugin.id);
    let mut seen: Vec<String> = found
        .iter()
        .filter_map(|line| Some(line.strip_prefix(&code)?.split_once(' ')?.1.to_owned()))
        .collect();
    seen.sort();
    seen
}

/// The micro wiring with everything in processes of their own.
fn apart() -> String {
    let alone = |name: &str| format!("[process.{name}]\nservices = [\"{name}\"]\n");
    format!("{MICRO}\n{}{}{}", alone("front"), alone("cart"), alone("users"))
}

#[test]
fn a_backend_has_the_interface_that_is_used_and_its_callers() {
    static PLUGIN: Plugin = witnessing(&MEMORY);
    assert_eq!(
        witness(&PLUGIN, MICRO),
        [
            "cart_db: bp_backend::DocumentStore 6/9 ([], [\"cart\"], [])",
            "users_cache: bp_backend::Cache 4/6 ([], [\"users\"], [])",
        ]
    );
}

#[test]
fn an_edge_has_the_interface_of_the_callee_and_the_other_wrappers() {
    static WRAPPER: Plugin = witnessing(&RETRY);
    static TRANSPORT: Plugin = witnessing(&GRPC);
    let seen = witness(&WRAPPER, &apart());
    let of_front = "front->cart: shop_workflow::Cart 1/2 ([\"trace@trace:1\", \"timeout@deadline:1\"], [], [])";
    assert!(seen.iter().any(|line| line == of_front), "{seen:#?}");
    // Settings that were read once are checked at each place.
    assert_eq!(seen.len(), 4, "{seen:#?}");
    let seen = witness(&TRANSPORT, &apart());
    let of_front = "front->cart: shop_workflow::Cart 1/2 ([\"trace@trace:1\", \"timeout@deadline:1\", \"retry@retry:2\"], [], [])";
    assert!(seen.iter().any(|line| line == of_front), "{seen:#?}");
}

#[test]
fn wrappers_that_a_call_loses_are_not_neighbours() {
    static PLUGIN: Plugin = witnessing(&TIMEOUT);
    let together = format!("{MICRO}\n[process.all]\nservices = [\"front\", \"cart\", \"users\"]\n");
    let without = |wiring: &str| {
        let seen = witness(&PLUGIN, wiring);
        let edge: Vec<String> =
            seen.into_iter().filter(|l| l.starts_with("front->cart:")).collect();
        assert!(!edge.is_empty(), "the place is checked");
        edge.iter().all(|line| !line.contains("retry"))
    };
    assert!(without(&together) && !without(&apart()));
}

#[test]
fn a_listener_has_its_service_and_a_target_the_other_targets() {
    static WRAPPER: Plugin = witnessing(&TRACE);
    static TARGET: Plugin = witnessing(&PROCESS);
    let seen = witness(&WRAPPER, MICRO);
    assert!(seen.contains(&"cart: shop_workflow::Cart 1/2 ([], [], [])".to_owned()), "{seen:#?}");
    let two = MICRO.replace("[\"process\"]", "[\"process\", \"compose\"]");
    assert_eq!(witness(&TARGET, &two), ["target process:  ([], [], [\"compose\"])"]);
}
