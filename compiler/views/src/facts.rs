//! A plan as elements and facts, by which two plans are compared and a node of the graph is described.
//!
//! An element has a stable key (`board->notes`, `process:web`); a fact of it has a dotted name, a value and the line that set it.
//! Origins are carried along and never compared, so that a moved line changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use bp_contract::units::format_duration;
use bp_plan::{
    AppPlan, BoundInstance, DeadlinePlan, EdgePlan, InstancePlan, ListenerPlan, MethodPlan,
    ParameterPlan, Plan, ProcessPlan, Settings, TablePlace, TablePlan, Value, WrapperPlan,
};

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// The value; never compared with its origin.
    pub value: Value,
    /// `wiring/local.toml:12`, `default`, `automatic`; empty if no line sets it.
    pub origin: String,
}

/// A part of a plan: a service, an edge, a process.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// `service`, `backend`, `edge`, `client wrapper`, `process`, …
    pub kind: String,
    /// Where it comes from.
    pub origin: String,
    /// By dotted name.
    pub facts: BTreeMap<String, Fact>,
}

/// Elements of one section, by key.
pub type Elements = BTreeMap<String, Element>;

/// A plan, by section.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlanFacts {
    /// Services, backends, interfaces, targets, entries of plugins' tables, patches.
    pub nodes: Elements,
    /// Who calls whom, and how the call crosses.
    pub edges: Elements,
    /// Wrappers at callers and at listeners.
    pub wrappers: Elements,
    /// Processes and listeners.
    pub placement: Elements,
}

impl Element {
    fn new(kind: &str, origin: &str) -> Self {
        Self { kind: kind.to_owned(), origin: origin.to_owned(), facts: BTreeMap::new() }
    }

    fn add_fact(&mut self, name: impl Into<String>, value: impl Into<Value>, origin: &str) {
        let fact = Fact { value: value.into(), origin: origin.to_owned() };
        self.facts.insert(name.into(), fact);
    }

    fn add_settings(&mut self, prefix: &str, settings: &Settings) {
        for (name, value) in &settings.values {
            self.add_setting(prefix, name, value, settings);
        }
    }

    fn add_setting(&mut self, prefix: &str, path: &str, value: &Value, settings: &Settings) {
        match value {
            Value::Table(table) if !table.is_empty() => {
                for (name, value) in table {
                    self.add_setting(prefix, &format!("{path}.{name}"), value, settings);
                }
            }
            other => {
                self.add_fact(join(prefix, path), other.clone(), settings.origin(path));
            }
        }
    }

    fn add_deadline(&mut self, deadline: Option<&DeadlinePlan>) {
        if let Some(deadline) = deadline {
            self.add_fact("deadline", Value::Duration(deadline.after), &deadline.origin);
        }
    }
}

/// The application, as the one element that no instance can be called by: two applications of different names are compared too.
const APP: &str = "[app]";

/// Collects everything in a plan that counts as a difference.
pub fn collect_facts(plan: &Plan) -> PlanFacts {
    let mut all = PlanFacts::default();
    for (name, instance) in &plan.instances {
        all.nodes.insert(name.clone(), instance_element(instance));
    }
    for (path, interface) in &plan.interfaces {
        let mut element = Element::new("interface", "");
        for method in &interface.methods {
            element.add_fact(format!("method.{}", method.name), format_signature(method), "");
        }
        all.nodes.insert(format!("interface:{path}"), element);
    }
    for (name, settings) in &plan.targets {
        let mut element = Element::new("target", "");
        element.add_settings("", settings);
        all.nodes.insert(format!("target:{name}"), element);
    }
    add_patches(plan, &mut all.nodes);
    for (key, plan_edge) in &plan.edges {
        all.edges.insert(key.clone(), edge_element(plan_edge));
        for wrapper in &plan_edge.client {
            let key = format!("{key}.{}", wrapper.plugin);
            all.wrappers.insert(key, wrapper_element("client wrapper", wrapper));
        }
    }
    for (name, listener) in &plan.listeners {
        all.placement.insert(format!("listener:{name}"), listener_element(listener));
        for (service, served) in &listener.serves {
            let own = name.strip_prefix(service.as_str()).is_some_and(|r| r.starts_with('.'));
            let place = if own { name.clone() } else { format!("{name}/{service}") };
            for wrapper in &served.server {
                let key = format!("{place}.{}", wrapper.plugin);
                all.wrappers.insert(key, wrapper_element("server wrapper", wrapper));
            }
        }
    }
    for (name, process) in &plan.processes {
        all.placement.insert(format!("process:{name}"), process_element(process));
    }
    for (name, table) in &plan.tables {
        add_table(name, table, &plan.app, &mut all);
    }
    all
}

/// A table's entries are elements of their own; a key's settings are facts of the place that has it.
fn add_table(name: &str, table: &TablePlan, app: &AppPlan, all: &mut PlanFacts) {
    let key = if table.place == TablePlace::TopLevel { "" } else { name };
    for entry in &table.entries {
        let own = || Element::new(name, &entry.origin);
        let element = match table.place {
            TablePlace::TopLevel => {
                all.nodes.entry(format!("{name}:{}", entry.name)).or_insert_with(own)
            }
            TablePlace::App => all
                .nodes
                .entry(APP.to_owned())
                .or_insert_with(|| Element::new("application", &app.origin)),
            TablePlace::Backend | TablePlace::Server => {
                all.nodes.entry(entry.name.clone()).or_insert_with(own)
            }
            TablePlace::Edge => all.edges.entry(entry.name.clone()).or_insert_with(own),
            TablePlace::Process => {
                all.placement.entry(format!("process:{}", entry.name)).or_insert_with(own)
            }
        };
        if !key.is_empty() {
            // A key all of whose settings are unset is there all the same.
            element.add_fact(key, true, &entry.origin);
        }
        element.add_settings(key, &entry.settings);
        for (method, settings) in &entry.methods {
            element.add_settings(&join(key, &format!("method.{method}")), settings);
        }
        for method in &entry.off {
            element.add_fact(join(key, &format!("method.{method}")), "off", &entry.origin);
        }
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn add_patches(plan: &Plan, nodes: &mut Elements) {
    for patch in &plan.patches {
        let mut element = Element::new("patch", &patch.origin);
        let value =
            patch.value.as_ref().map_or_else(|| "(removed)".to_owned(), ToString::to_string);
        element.add_fact("value", value, &patch.origin);
        nodes.insert(format!("patch:{}#{}", patch.file, patch.pointer), element);
    }
}

/// A method as a reader of the trait sees it; its position among the others does not count.
fn format_signature(method: &MethodPlan) -> String {
    let arguments: Vec<String> =
        method.arguments.iter().map(|a| format!("{}: {}", a.name, a.rust)).collect();
    let idempotent = if method.idempotent { "#[idempotent] " } else { "" };
    format!("{idempotent}({}) -> {}", arguments.join(", "), method.returns_rust)
}

fn instance_element(instance: &InstancePlan) -> Element {
    let kind = if instance.backend().is_some() { "backend" } else { "service" };
    let mut element = Element::new(kind, &instance.origin);
    element.add_fact("interface", instance.interface.clone(), &instance.origin);
    if let Some(service) = instance.service() {
        element.add_fact("impl", service.implementation.clone(), &service.implementation_origin);
        for (name, parameter) in &service.parameters {
            let name = format!("parameter.{name}");
            let bound = |b: &BoundInstance| Value::Text(b.instance.clone());
            match parameter {
                ParameterPlan::Instance(one) => element.add_fact(name, bound(one), &one.origin),
                ParameterPlan::Instances(many) => {
                    let origin = many.first().map_or("", |b| b.origin.as_str());
                    element.add_fact(name, Value::List(many.iter().map(bound).collect()), origin);
                }
                ParameterPlan::Value { value, origin } => {
                    element.add_fact(name, value.clone(), origin);
                }
                ParameterPlan::Absent => {}
            }
        }
    }
    if let Some(backend) = instance.backend() {
        element.add_fact("kind", backend.plugin.clone(), &backend.plugin_origin);
        element.add_settings("", &backend.settings);
    }
    element
}

fn edge_element(edge: &EdgePlan) -> Element {
    let mut element = Element::new("edge", &edge.origin);
    element.add_fact("interface", edge.interface.clone(), &edge.origin);
    element.add_fact("class", edge.kind.name(), &edge.origin);
    element.add_fact("remote", edge.remote, "");
    element.add_fact("cyclic", edge.cyclic, "");
    if let Some(transport) = &edge.transport {
        element.add_fact("rpc", transport.plugin.clone(), &transport.origin);
        element.add_settings("rpc", &transport.settings);
    }
    if let Some(listener) = &edge.listener {
        element.add_fact("listener", listener.clone(), "");
    }
    element.add_deadline(edge.deadline.as_ref());
    element
}

fn wrapper_element(kind: &str, wrapper: &WrapperPlan) -> Element {
    let mut element = Element::new(kind, &wrapper.origin);
    element.add_fact("slot", wrapper.slot.name(), "");
    element.add_settings("", &wrapper.settings);
    for (method, settings) in &wrapper.methods {
        element.add_settings(&format!("method.{method}"), settings);
    }
    for method in &wrapper.off {
        element.add_fact(format!("method.{method}"), "off", &wrapper.origin);
    }
    element
}

fn listener_element(listener: &ListenerPlan) -> Element {
    let mut element = Element::new("listener", &listener.origin);
    element.add_fact("process", listener.process.clone(), "");
    element.add_fact("transport", listener.transport.clone(), &listener.origin);
    element.add_fact("port", i64::from(listener.address.port), listener.settings.origin("port"));
    element.add_fact("entry", listener.entry, "");
    element.add_settings("setting", &listener.settings);
    for (service, served) in &listener.serves {
        element.add_fact(format!("serves.{service}"), true, "");
        element.add_settings(&format!("serves.{service}"), &served.settings);
        if let Some(deadline) = &served.deadline {
            let name = format!("serves.{service}.deadline");
            element.add_fact(name, Value::Duration(deadline.after), &deadline.origin);
        }
    }
    element
}

fn process_element(process: &ProcessPlan) -> Element {
    let origin = |path: &str| process.origins.get(path).map_or("default", String::as_str);
    let millis = |n: u64| format_duration(Duration::from_millis(n));
    let mut element = Element::new("process", &process.origin);
    for instance in &process.instances {
        let claim = process.claims.get(instance).map_or("with its users", String::as_str);
        element.add_fact(format!("runs.{instance}"), true, claim);
    }
    element.add_fact("replicas", i64::from(process.replicas.least()), origin("replicas"));
    element.add_fact("drain.delay", millis(process.drain.delay_ms), origin("drain.delay"));
    element.add_fact("drain.limit", millis(process.drain.limit_ms), origin("drain.limit"));
    element.add_fact("admin.port", i64::from(process.admin.port), "");
    element
}
