//! The run plan: what the running system reads, as JSON of version 1.
//!
//! It holds every wiring fact, so that the same binary serves any wiring; origins, types and documentation stay in the plan.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bp_plan::{
    AddressPlan, BoundInstance, EdgePlan, InitPlan, InstanceKind, InstancePlan, ListenerPlan,
    ParameterPlan, Plan, PluginPlan, ProcessPlan, Settings, SmokePlan, WrapperPlan,
    format_duration,
};
use serde_json::{Map, Value, json};

/// The run plan's version; raised when a runtime of the version before would misread it.
const VERSION: u32 = 1;

/// What the running system must know of a plan, as text: a line an instance, edge, listener, process and type, so that a difference shows what it is about and a large plan stays small.
///
/// A list of wrappers with settings is written once, under `stacks`, however many edges and listeners have it.
/// `descriptions` is what plugins hand to their runtime halves, by plugin.
pub fn run_plan(plan: &Plan, descriptions: &BTreeMap<String, String>) -> String {
    let mut stacks = Stacks::default();
    let edges = section(&plan.edges, |edge| self::edge(edge, &mut stacks));
    let listeners = section(&plan.listeners, |listener| self::listener(listener, &mut stacks));
    let wire = [("types", numbers(&plan.wire.types)), ("methods", numbers(&plan.wire.methods))];
    let sections = [
        ("version", VERSION.to_string()),
        ("app", quoted(&plan.app.name)),
        ("wiring", quoted(&plan.wiring)),
        ("runtime", quoted(env!("CARGO_PKG_VERSION"))),
        ("plugins", section(&plan.plugins, plugin)),
        ("descriptions", section(descriptions, |text| text.as_str().into())),
        ("stacks", stacks.section()),
        ("instances", section(&plan.instances, instance)),
        ("edges", edges),
        ("listeners", listeners),
        ("processes", section(&plan.processes, process)),
        ("inits", section(&plan.inits, init)),
        ("knobs", section(&plan.knobs, |knob| json!({ "default": knob.default }))),
        ("smoke", list(plan.smoke.iter().map(smoke))),
        ("wire", lines(4, wire)),
    ];
    let mut text = lines(2, sections);
    text.push('\n');
    text
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// An object with an entry a line, indented by `indent`.
fn lines<'a>(indent: usize, entries: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut text = String::from("{");
    let mut first = true;
    for (name, value) in entries {
        let comma = if std::mem::take(&mut first) { "" } else { "," };
        let _ = write!(text, "{comma}\n{:indent$}{}: {value}", "", quoted(name));
    }
    if !first {
        let outer = indent.saturating_sub(2);
        let _ = write!(text, "\n{:outer$}", "");
    }
    text.push('}');
    text
}

fn section<'a, T: 'a>(
    map: impl IntoIterator<Item = (&'a String, &'a T)>,
    mut each: impl FnMut(&'a T) -> Value,
) -> String {
    lines(4, map.into_iter().map(|(name, value)| (name.as_str(), each(value).to_string())))
}

/// Numbers have no value that JSON cannot hold, so this never falls back.
fn numbers<'a, T: serde::Serialize + 'a>(
    map: impl IntoIterator<Item = (&'a String, &'a T)>,
) -> String {
    let text = |value| serde_json::to_string(value).unwrap_or_else(|_| String::from("null"));
    lines(6, map.into_iter().map(|(name, value)| (name.as_str(), text(value))))
}

fn list(items: impl IntoIterator<Item = Value>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| format!("\n    {item}")).collect();
    if items.is_empty() { String::from("[]") } else { format!("[{}\n  ]", items.join(",")) }
}

/// Lists of wrappers, each once, by a name that says what is in it.
#[derive(Debug, Default)]
struct Stacks {
    by_name: BTreeMap<String, String>,
    names: BTreeMap<String, String>,
}

impl Stacks {
    /// The name of a list: its plugins, and a number from the second list of the same plugins on.
    fn name(&mut self, wrappers: &[WrapperPlan]) -> Value {
        if wrappers.is_empty() {
            return json!([]);
        }
        let text = wrappers.iter().map(wrapper).collect::<Value>().to_string();
        if let Some(name) = self.names.get(&text) {
            return name.as_str().into();
        }
        let plugins: Vec<&str> = wrappers.iter().map(|w| w.plugin.as_str()).collect();
        let plugins = plugins.join("+");
        let mut name = plugins.clone();
        let mut number = 2_usize;
        while self.by_name.contains_key(&name) {
            name = format!("{plugins} {number}");
            number += 1;
        }
        self.names.insert(text.clone(), name.clone());
        self.by_name.insert(name.clone(), text);
        name.into()
    }

    fn section(self) -> String {
        lines(4, self.by_name.iter().map(|(name, text)| (name.as_str(), text.clone())))
    }
}

fn object<'a, T: 'a>(
    map: impl IntoIterator<Item = (&'a String, &'a T)>,
    each: impl Fn(&'a T) -> Value,
) -> Value {
    Value::Object(map.into_iter().map(|(name, value)| (name.clone(), each(value))).collect())
}

fn plugin(plugin: &PluginPlan) -> Value {
    json!({
        "key": plugin.key,
        "kind": plugin.kind,
        "shorthand": plugin.shorthand,
        "settings": serde_json::to_value(&plugin.settings).unwrap_or_default(),
    })
}

fn instance(instance: &InstancePlan) -> Value {
    match &instance.kind {
        InstanceKind::Service(service) => json!({
            "kind": "service",
            "implementation": service.implementation,
            "interface": instance.interface,
            "process": instance.processes.first(),
            "component": service.component,
            "order": service.order,
            "parameters": object(&service.parameters, parameter),
        }),
        InstanceKind::Backend(backend) => json!({
            "kind": "backend",
            "plugin": backend.plugin,
            "interface": instance.interface,
            "processes": instance.processes,
            "settings": backend.settings.to_json(),
        }),
    }
}

fn parameter(parameter: &ParameterPlan) -> Value {
    let bound = |b: &BoundInstance| json!({ "instance": b.instance, "edge": b.edge });
    match parameter {
        ParameterPlan::Instance(one) => bound(one),
        ParameterPlan::Instances(all) => {
            json!({ "instances": all.iter().map(bound).collect::<Vec<_>>() })
        }
        ParameterPlan::Value { value, .. } => json!({ "value": value.to_json(), "tunable": true }),
        ParameterPlan::Absent => json!({ "absent": true }),
    }
}

fn wrapper(wrapper: &WrapperPlan) -> Value {
    let mut out = Map::new();
    out.insert("plugin".into(), wrapper.plugin.as_str().into());
    out.insert("settings".into(), wrapper.settings.to_json());
    if !wrapper.methods.is_empty() {
        out.insert("methods".into(), object(&wrapper.methods, Settings::to_json));
    }
    if !wrapper.off.is_empty() {
        out.insert("off".into(), json!(wrapper.off));
    }
    if wrapper.slot.is_for_each_endpoint() {
        out.insert("each_endpoint".into(), true.into());
    }
    Value::Object(out)
}

fn edge(edge: &EdgePlan, stacks: &mut Stacks) -> Value {
    let mut out = Map::new();
    out.insert("caller".into(), edge.caller.as_str().into());
    out.insert("callee".into(), edge.callee.as_str().into());
    out.insert("interface".into(), edge.interface.as_str().into());
    out.insert("remote".into(), edge.remote.into());
    out.insert("cyclic".into(), edge.cyclic.into());
    out.insert("client".into(), stacks.name(&edge.client));
    if let Some(transport) = &edge.transport {
        let settings = transport.settings.to_json();
        out.insert("transport".into(), json!({ "plugin": transport.plugin, "settings": settings }));
    }
    if let Some(listener) = &edge.listener {
        out.insert("listener".into(), listener.as_str().into());
    }
    if let Some(deadline) = &edge.deadline {
        out.insert("deadline".into(), format_duration(deadline.after).into());
    }
    Value::Object(out)
}

fn address(address: &AddressPlan) -> Value {
    json!({ "address": address.name, "port": address.port })
}

fn listener(listener: &ListenerPlan, stacks: &mut Stacks) -> Value {
    let mut serves = Map::new();
    for (name, served) in &listener.serves {
        let mut out = Map::new();
        out.insert("interface".into(), served.interface.as_str().into());
        out.insert("server".into(), stacks.name(&served.server));
        out.insert("settings".into(), served.settings.to_json());
        if let Some(deadline) = &served.deadline {
            out.insert("deadline".into(), format_duration(deadline.after).into());
        }
        serves.insert(name.clone(), Value::Object(out));
    }
    json!({
        "process": listener.process,
        "transport": listener.transport,
        "settings": listener.settings.to_json(),
        "serves": serves,
        "address": listener.address.name,
        "port": listener.address.port,
        "entry": listener.entry,
    })
}

fn process(process: &ProcessPlan) -> Value {
    json!({
        "instances": process.instances,
        "listeners": process.listeners,
        "admin": address(&process.admin),
        "replicas": process.replicas,
        "drain": { "delay_ms": process.drain.delay_ms, "limit_ms": process.drain.limit_ms },
    })
}

fn init(init: &InitPlan) -> Value {
    json!({ "callee": init.callee, "method": init.method, "arguments": init.arguments })
}

fn smoke(smoke: &SmokePlan) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), smoke.name.as_str().into());
    out.insert("callee".into(), smoke.callee.as_str().into());
    out.insert("method".into(), smoke.method.as_str().into());
    out.insert("arguments".into(), smoke.arguments.clone());
    if let Some(expect) = &smoke.expect {
        out.insert("expect".into(), expect.clone());
    }
    if let Some(code) = &smoke.expect_error {
        out.insert("expect_error".into(), code.as_str().into());
    }
    Value::Object(out)
}
