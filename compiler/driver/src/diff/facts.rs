//! A plan as things and facts: what two plans are compared by.
//!
//! A thing has a stable key (`board->notes`, `process:web`); a fact of it has a dotted name, a value and the line that set it.
//! Origins are carried along and never compared, so that a moved line changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use bp_plan::{
    BoundInstance, DeadlinePlan, EdgePlan, InstancePlan, ListenerPlan, MethodPlan, ParameterPlan,
    Plan, ProcessPlan, Settings, Value, WrapperPlan, format_duration,
};

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// The value; never compared with its origin.
    pub value: Value,
    /// `wiring/local.toml:12`, `default`, `automatic`; empty where no line says so.
    pub origin: String,
}

/// Something with a key, and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Thing {
    /// `service`, `backend`, `edge`, `client wrapper`, `process`, …
    pub kind: String,
    /// Where it comes from.
    pub origin: String,
    /// By dotted name.
    pub facts: BTreeMap<String, Fact>,
}

/// Things of one section, by key.
pub type Things = BTreeMap<String, Thing>;

/// A plan, by section.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Services, backends, interfaces, knobs, smoke calls, targets, patches.
    pub nodes: Things,
    /// Who calls whom, and how the call crosses.
    pub edges: Things,
    /// Wrappers at callers and at listeners.
    pub wrappers: Things,
    /// Processes and listeners.
    pub placement: Things,
}

impl Thing {
    fn new(kind: &str, origin: &str) -> Self {
        Self { kind: kind.to_owned(), origin: origin.to_owned(), facts: BTreeMap::new() }
    }

    fn fact(&mut self, name: impl Into<String>, value: impl Into<Value>, origin: &str) {
        let fact = Fact { value: value.into(), origin: origin.to_owned() };
        self.facts.insert(name.into(), fact);
    }

    fn settings(&mut self, prefix: &str, settings: &Settings) {
        for (name, value) in &settings.values {
            self.setting(prefix, name, value, settings);
        }
    }

    fn setting(&mut self, prefix: &str, path: &str, value: &Value, settings: &Settings) {
        match value {
            Value::Table(table) if !table.is_empty() => {
                for (name, value) in table {
                    self.setting(prefix, &format!("{path}.{name}"), value, settings);
                }
            }
            other => {
                let name =
                    if prefix.is_empty() { path.to_owned() } else { format!("{prefix}.{path}") };
                self.fact(name, other.clone(), settings.origin(path));
            }
        }
    }

    fn deadline(&mut self, deadline: Option<&DeadlinePlan>) {
        if let Some(deadline) = deadline {
            self.fact("deadline", Value::Duration(deadline.after), &deadline.origin);
        }
    }
}

/// Everything of a plan that makes a difference to somebody.
pub fn facts(plan: &Plan) -> Facts {
    let mut all = Facts::default();
    for (name, instance) in &plan.instances {
        all.nodes.insert(name.clone(), node(instance));
    }
    for (path, interface) in &plan.interfaces {
        let mut thing = Thing::new("interface", "");
        for method in &interface.methods {
            thing.fact(format!("method.{}", method.name), signature(method), "");
        }
        all.nodes.insert(format!("interface:{path}"), thing);
    }
    for (name, knob) in &plan.knobs {
        let mut thing = Thing::new("knob", &knob.origin);
        thing.fact("default", knob.default, &knob.origin);
        all.nodes.insert(format!("knob:{name}"), thing);
    }
    for (name, settings) in &plan.targets {
        let mut thing = Thing::new("target", "");
        thing.settings("", settings);
        all.nodes.insert(format!("target:{name}"), thing);
    }
    checks(plan, &mut all.nodes);
    for (key, plan_edge) in &plan.edges {
        all.edges.insert(key.clone(), edge(plan_edge));
        for wrapper in &plan_edge.client {
            let key = format!("{key}.{}", wrapper.plugin);
            all.wrappers.insert(key, wrapper_thing("client wrapper", wrapper));
        }
    }
    for (name, listener) in &plan.listeners {
        all.placement.insert(format!("listener:{name}"), listener_thing(listener));
        for (service, served) in &listener.serves {
            let own = name.strip_prefix(service.as_str()).is_some_and(|r| r.starts_with('.'));
            let place = if own { name.clone() } else { format!("{name}/{service}") };
            for wrapper in &served.server {
                let key = format!("{place}.{}", wrapper.plugin);
                all.wrappers.insert(key, wrapper_thing("server wrapper", wrapper));
            }
        }
    }
    for (name, process) in &plan.processes {
        all.placement.insert(format!("process:{name}"), process_thing(process));
    }
    all
}

/// Smoke calls and patches.
fn checks(plan: &Plan, nodes: &mut Things) {
    for smoke in &plan.smoke {
        let mut thing = Thing::new("smoke call", &smoke.origin);
        thing.fact("call", format!("{}.{}", smoke.callee, smoke.method), &smoke.origin);
        thing.fact("arguments", smoke.arguments.to_string(), &smoke.origin);
        if let Some(expect) = &smoke.expect {
            thing.fact("expect", expect.to_string(), &smoke.origin);
        }
        if let Some(error) = &smoke.expect_error {
            thing.fact("expect_error", error.clone(), &smoke.origin);
        }
        nodes.insert(format!("smoke:{}", smoke.name), thing);
    }
    for patch in &plan.patches {
        let mut thing = Thing::new("patch", &patch.origin);
        let value =
            patch.value.as_ref().map_or_else(|| "(removed)".to_owned(), ToString::to_string);
        thing.fact("value", value, &patch.origin);
        nodes.insert(format!("patch:{}#{}", patch.file, patch.pointer), thing);
    }
}

/// A method as a reader of the trait sees it; its place among the others makes no difference.
fn signature(method: &MethodPlan) -> String {
    let arguments: Vec<String> =
        method.arguments.iter().map(|a| format!("{}: {}", a.name, a.rust)).collect();
    let idempotent = if method.idempotent { "#[idempotent] " } else { "" };
    format!("{idempotent}({}) -> {}", arguments.join(", "), method.returns_rust)
}

fn node(instance: &InstancePlan) -> Thing {
    let kind = if instance.backend().is_some() { "backend" } else { "service" };
    let mut thing = Thing::new(kind, &instance.origin);
    thing.fact("interface", instance.interface.clone(), &instance.origin);
    if let Some(service) = instance.service() {
        thing.fact("impl", service.implementation.clone(), &service.implementation_origin);
        for (name, parameter) in &service.parameters {
            let name = format!("parameter.{name}");
            let bound = |b: &BoundInstance| Value::Text(b.instance.clone());
            match parameter {
                ParameterPlan::Instance(one) => thing.fact(name, bound(one), &one.origin),
                ParameterPlan::Instances(many) => {
                    let origin = many.first().map_or("", |b| b.origin.as_str());
                    thing.fact(name, Value::List(many.iter().map(bound).collect()), origin);
                }
                ParameterPlan::Value { value, origin } => thing.fact(name, value.clone(), origin),
                ParameterPlan::Absent => {}
            }
        }
    }
    if let Some(backend) = instance.backend() {
        thing.fact("kind", backend.plugin.clone(), &backend.plugin_origin);
        thing.settings("", &backend.settings);
    }
    thing
}

fn edge(edge: &EdgePlan) -> Thing {
    let mut thing = Thing::new("edge", &edge.origin);
    thing.fact("interface", edge.interface.clone(), &edge.origin);
    thing.fact("class", edge.kind.name(), &edge.origin);
    thing.fact("remote", edge.remote, "");
    thing.fact("cyclic", edge.cyclic, "");
    if let Some(transport) = &edge.transport {
        thing.fact("rpc", transport.plugin.clone(), &transport.origin);
        thing.settings("rpc", &transport.settings);
    }
    if let Some(listener) = &edge.listener {
        thing.fact("listener", listener.clone(), "");
    }
    thing.deadline(edge.deadline.as_ref());
    thing
}

fn wrapper_thing(kind: &str, wrapper: &WrapperPlan) -> Thing {
    let mut thing = Thing::new(kind, &wrapper.origin);
    thing.fact("slot", wrapper.slot.name(), "");
    thing.settings("", &wrapper.settings);
    for (method, settings) in &wrapper.methods {
        thing.settings(&format!("method.{method}"), settings);
    }
    for method in &wrapper.off {
        thing.fact(format!("method.{method}"), "off", &wrapper.origin);
    }
    thing
}

fn listener_thing(listener: &ListenerPlan) -> Thing {
    let mut thing = Thing::new("listener", &listener.origin);
    thing.fact("process", listener.process.clone(), "");
    thing.fact("transport", listener.transport.clone(), &listener.origin);
    thing.fact("port", i64::from(listener.address.port), listener.settings.origin("port"));
    thing.fact("entry", listener.entry, "");
    thing.settings("setting", &listener.settings);
    for (service, served) in &listener.serves {
        thing.fact(format!("serves.{service}"), true, "");
        thing.settings(&format!("serves.{service}"), &served.settings);
        if let Some(deadline) = &served.deadline {
            let name = format!("serves.{service}.deadline");
            thing.fact(name, Value::Duration(deadline.after), &deadline.origin);
        }
    }
    thing
}

fn process_thing(process: &ProcessPlan) -> Thing {
    let origin = |path: &str| process.origins.get(path).map_or("default", String::as_str);
    let millis = |n: u64| format_duration(Duration::from_millis(n));
    let mut thing = Thing::new("process", &process.origin);
    for instance in &process.instances {
        let claim = process.claims.get(instance).map_or("with its users", String::as_str);
        thing.fact(format!("runs.{instance}"), true, claim);
    }
    thing.fact("replicas", i64::from(process.replicas), origin("replicas"));
    thing.fact("drain.delay", millis(process.drain.delay_ms), origin("drain.delay"));
    thing.fact("drain.limit", millis(process.drain.limit_ms), origin("drain.limit"));
    thing.fact("admin.port", i64::from(process.admin.port), "");
    thing
}
