//! `bp explain WIRING NAME`: every resolved value of one thing, the line that set it, what was dropped, and why.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use bp_contract::units::{format_duration, format_size};
use bp_diag::{Diagnostic, catalog};
use bp_plan::{
    BoundInstance, DeadlinePlan, EdgeClass, EdgePlan, EntryPlan, InitPlan, InstancePlan,
    ListenerPlan, ParameterPlan, Plan, ProcessPlan, RuntimeSource, Settings, TablePlace, Value,
    WrapperPlan,
};

/// Collects rows, each a text and its origin; origins are aligned in one column.
#[derive(Debug, Default)]
struct Page {
    rows: Vec<(String, String)>,
}

impl Page {
    fn add_row(&mut self, depth: usize, text: impl AsRef<str>, origin: impl Into<String>) {
        self.rows.push((format!("{:1$}{2}", "", depth * 2, text.as_ref()), origin.into()));
    }

    fn add_line(&mut self, depth: usize, text: impl AsRef<str>) {
        self.add_row(depth, text, "");
    }

    fn finish(self) -> String {
        let width = self.rows.iter().filter(|(_, o)| !o.is_empty()).map(|(t, _)| t.chars().count());
        let width = width.max().unwrap_or(0);
        let mut out = String::new();
        for (text, origin) in self.rows {
            let _ = if origin.is_empty() {
                writeln!(out, "{text}")
            } else {
                writeln!(out, "{text:width$}  {origin}")
            };
        }
        out
    }
}

/// The names that can be explained, sorted.
pub fn explainable_names(plan: &Plan) -> Vec<String> {
    let mut all: Vec<String> = plan
        .instances
        .keys()
        .chain(plan.edges.keys())
        .chain(plan.listeners.keys())
        .chain(plan.dropped.keys())
        .chain(plan.patches.iter().map(|p| &p.file))
        .cloned()
        .collect();
    all.extend(plan.processes.keys().map(|name| format!("process:{name}")));
    all.extend(plan.inits.keys().map(|name| format!("init:{name}")));
    all.extend(plan.targets.keys().map(|name| format!("target:{name}")));
    for (table, found) in plan.tables.iter().filter(|(_, t)| t.place == TablePlace::TopLevel) {
        all.extend(found.entries.iter().map(|entry| format!("{table}:{}", entry.name)));
    }
    all.push("app".to_owned());
    all.sort();
    all.dedup();
    all
}

/// Explains what has this name: an instance, an edge (`a->b`, spaces allowed), a listener, a process (with or without `process:`), an init (with or without `init:`), a target (with or without `target:`), an entry of a plugin's table (with or without `smoke:`), a patched file, or `app`.
///
/// # Errors
/// `BP6018` when nothing has.
pub fn explain(plan: &Plan, name: &str) -> Result<String, Diagnostic> {
    let name: String = name.split_whitespace().collect();
    let known = explainable_names(plan);
    let name = match_spelling(&known, plan, name);
    let mut page = Page::default();
    if name == "app" {
        explain_app(&mut page, plan);
        explain_keys(&mut page, plan, TablePlace::App, &name);
    }
    if let Some(instance) = plan.instances.get(&name) {
        explain_instance(&mut page, plan, &name, instance);
    }
    if let Some(edge) = plan.edges.get(&name) {
        explain_edge(&mut page, plan, &name, edge);
    }
    if let Some(listener) = plan.listeners.get(&name) {
        explain_listener(&mut page, plan, &name, listener);
    }
    let process = name.strip_prefix("process:").unwrap_or(&name);
    if let Some(found) = plan.processes.get(process) {
        explain_process(&mut page, plan, process, found);
    }
    let init = name.strip_prefix("init:").unwrap_or(&name);
    if let Some(found) = plan.inits.get(init) {
        explain_init(&mut page, init, found);
    }
    let target = name.strip_prefix("target:").unwrap_or(&name);
    if let Some(settings) = plan.targets.get(target) {
        page.add_line(0, format!("target {target}"));
        explain_settings(&mut page, 1, settings);
    }
    explain_entries(&mut page, plan, &name);
    for patch in plan.patches.iter().filter(|p| p.file == name) {
        page.add_row(0, format!("patch {}", patch.file), &patch.origin);
        match &patch.value {
            Some(value) => page.add_line(1, format!("{} = {value}", patch.pointer)),
            None => page.add_line(1, format!("{} is removed", patch.pointer)),
        }
        page.add_line(1, format!("reason: {}", patch.reason));
    }
    explain_dropped(&mut page, plan, &name);
    if page.rows.is_empty() {
        return Err(catalog::target::nothing_named(&name, &known));
    }
    Ok(page.finish())
}

/// Renders the plan as readable text: every page that [`explain`] knows, one after another.
pub fn render_plan(plan: &Plan) -> String {
    let mut pages: BTreeMap<String, String> = BTreeMap::new();
    for name in explainable_names(plan) {
        // A process named after its only service is explained with the service.
        let plain = name.strip_prefix("process:").or_else(|| name.strip_prefix("target:"));
        let shown = plain.is_some_and(|n| plan.instances.contains_key(n));
        if !shown && let Ok(page) = explain(plan, &name) {
            pages.insert(name, page);
        }
    }
    let mut out = format!("plan {} of {}\n", plan.wiring, plan.app.name);
    for page in pages.into_values() {
        out.push('\n');
        out.push_str(&page);
    }
    out
}

/// What the wiring says of a name without effect.
fn explain_dropped(page: &mut Page, plan: &Plan, name: &str) {
    // What a process, an init, a target or an entry of a table drops is under `process:NAME` and so on, even if it was named without the prefix.
    let is_bare = !name.contains(':');
    let suffix = format!(":{name}");
    let own = |key: &str| key == name || (is_bare && key.ends_with(&suffix));
    let all = plan.dropped.iter().filter(|(key, _)| own(key)).flat_map(|(_, dropped)| dropped);
    let mut all = all.peekable();
    if all.peek().is_some() {
        page.add_line(0, "dropped:");
    }
    for drop in all {
        page.add_row(1, format!("{}: {}", drop.what, drop.why), &drop.origin);
    }
}

/// Entries of plugins' tables that have this name, with or without the table's.
fn explain_entries(page: &mut Page, plan: &Plan, name: &str) {
    for (table, found) in plan.tables.iter().filter(|(_, t)| t.place == TablePlace::TopLevel) {
        let prefix = format!("{table}:");
        let bare = name.strip_prefix(&prefix).unwrap_or(name);
        for entry in found.entries.iter().filter(|entry| entry.name == bare) {
            page.add_row(0, format!("{table} {bare}"), &entry.origin);
            explain_entry(page, 1, entry);
        }
    }
}

/// Keys of plugins that a place has.
fn explain_keys(page: &mut Page, plan: &Plan, place: TablePlace, name: &str) {
    for (key, table) in plan.tables.iter().filter(|(_, table)| table.place == place) {
        // Keys are sorted by their place's name.
        let entry = table.entries.binary_search_by(|entry| entry.name.as_str().cmp(name));
        if let Some(entry) = entry.ok().and_then(|at| table.entries.get(at)) {
            // A key all of whose settings are unset is there all the same.
            page.add_row(1, key, &entry.origin);
            explain_entry(page, 2, entry);
        }
    }
}

fn explain_entry(page: &mut Page, depth: usize, entry: &EntryPlan) {
    explain_settings(page, depth, &entry.settings);
    for (method, settings) in &entry.methods {
        page.add_line(depth, format!("method {method}:"));
        explain_settings(page, depth + 1, settings);
    }
    for method in &entry.off {
        page.add_line(depth, format!("method {method}: off"));
    }
}

/// The known name that differs only by `_` and `-`, which mean the same; else the name itself.
fn match_spelling(known: &[String], plan: &Plan, name: String) -> String {
    let fold = |text: &str| text.replace("->", ">").replace('-', "_");
    let bare = || plan.tables.values().flat_map(|table| &table.entries).map(|entry| &entry.name);
    if known.contains(&name) || bare().any(|entry| *entry == name) {
        return name;
    }
    known.iter().chain(bare()).find(|k| fold(k) == fold(&name)).cloned().unwrap_or(name)
}

fn explain_app(page: &mut Page, plan: &Plan) {
    page.add_row(0, format!("application {}", plan.app.name), &plan.app.origin);
    page.add_line(1, format!("workflow = {}", plan.app.workflow_path));
    match &plan.app.runtime {
        RuntimeSource::Path(path) => page.add_line(1, format!("runtime = {path}")),
        RuntimeSource::Version(version) => page.add_line(1, format!("runtime = version {version}")),
        RuntimeSource::Unsaid => {
            page.add_row(1, "runtime = the one beside the application", "default");
        }
    }
}

fn explain_instance(page: &mut Page, plan: &Plan, name: &str, instance: &InstancePlan) {
    let processes = instance.processes.iter().cloned().collect::<Vec<_>>().join(", ");
    if let Some(service) = instance.service() {
        page.add_row(0, format!("service {name}"), &instance.origin);
        page.add_row(
            1,
            format!("impl = {}", service.implementation),
            &service.implementation_origin,
        );
        page.add_line(1, format!("interface = {}", instance.interface));
        explain_direct(page, plan, &instance.interface);
        let home = instance.processes.first().and_then(|p| plan.processes.get(p));
        let claim = home.and_then(|p| p.claims.get(name)).map_or("automatic", String::as_str);
        match plan.inits.iter().find(|(_, init)| init.callee == name) {
            Some((name, init)) => page.add_row(1, format!("init = {name}"), &init.origin),
            None => page.add_row(1, format!("process = {processes}"), claim),
        }
        for (parameter, value) in &service.parameters {
            explain_parameter(page, parameter, value);
        }
        explain_keys(page, plan, TablePlace::Server, name);
    }
    if let Some(backend) = instance.backend() {
        page.add_row(0, format!("backend {name}"), &instance.origin);
        page.add_row(1, format!("kind = {}", backend.plugin), &backend.plugin_origin);
        page.add_line(1, format!("interface = {}", instance.interface));
        page.add_row(1, format!("processes = {processes}"), "with its users");
        explain_settings(page, 1, &backend.settings);
        explain_keys(page, plan, TablePlace::Backend, name);
    }
    for (key, edge) in &plan.edges {
        if edge.caller == name {
            page.add_row(1, format!("calls {} as {key}", edge.callee), &edge.origin);
        } else if edge.callee == name {
            // A caller may take a backend as an interface that the opened one extends.
            let taken = if edge.interface == instance.interface {
                String::new()
            } else {
                format!(", which takes {}", edge.interface)
            };
            page.add_row(1, format!("is called by {} as {key}{taken}", edge.caller), &edge.origin);
        }
    }
}

/// Methods that only the callee itself can answer.
fn explain_direct(page: &mut Page, plan: &Plan, interface: &str) {
    let methods = plan.interfaces.get(interface).map(|i| i.methods.as_slice()).unwrap_or_default();
    let direct: Vec<&str> = methods.iter().filter(|m| m.direct).map(|m| m.name.as_str()).collect();
    if !direct.is_empty() {
        let list = direct.join(", ");
        page.add_line(
            1,
            format!("direct: callers hold the callee itself, because of method {list}"),
        );
    }
}

fn explain_parameter(page: &mut Page, name: &str, value: &ParameterPlan) {
    let bound = |page: &mut Page, b: &BoundInstance| {
        page.add_row(1, format!("{name} = {} by edge {}", b.instance, b.edge), &b.origin);
    };
    match value {
        ParameterPlan::Instance(one) => bound(page, one),
        ParameterPlan::Instances(all) => all.iter().for_each(|b| bound(page, b)),
        ParameterPlan::Value { value, origin } => {
            page.add_row(1, format!("{name} = {value}  (tunable)"), origin);
        }
        ParameterPlan::Absent => page.add_row(1, format!("{name} is absent"), "default"),
    }
}

fn explain_settings(page: &mut Page, depth: usize, settings: &Settings) {
    for (name, value) in &settings.values {
        explain_value(page, depth, name, value, settings);
    }
}

fn explain_value(page: &mut Page, depth: usize, path: &str, value: &Value, settings: &Settings) {
    match value {
        Value::Table(table) if !table.is_empty() => {
            for (name, value) in table {
                explain_value(page, depth, &format!("{path}.{name}"), value, settings);
            }
        }
        other => page.add_row(depth, format!("{path} = {other}"), settings.origin(path)),
    }
}

fn explain_wrappers(page: &mut Page, side: &str, wrappers: &[WrapperPlan]) {
    if wrappers.is_empty() {
        page.add_line(1, "no wrappers");
        return;
    }
    page.add_line(1, format!("wrappers {side}, outermost first:"));
    for wrapper in wrappers {
        page.add_row(2, &wrapper.plugin, &wrapper.origin);
        explain_settings(page, 3, &wrapper.settings);
        for (method, settings) in &wrapper.methods {
            page.add_line(3, format!("method {method}:"));
            explain_settings(page, 4, settings);
        }
        for method in &wrapper.off {
            page.add_line(3, format!("method {method}: off"));
        }
    }
}

fn explain_edge(page: &mut Page, plan: &Plan, name: &str, edge: &EdgePlan) {
    page.add_row(0, format!("edge {name}"), &edge.origin);
    page.add_line(1, format!("interface = {}", edge.interface));
    explain_direct(page, plan, &edge.interface);
    page.add_line(1, format!("class = {}", edge.kind.name()));
    let homes = |instance: &str| {
        let homes = plan.instances.get(instance).map(|i| &i.processes).into_iter().flatten();
        homes.map(String::as_str).collect::<Vec<_>>().join(", ")
    };
    match (edge.kind, edge.remote) {
        (EdgeClass::Entry, _) => {
            page.add_line(1, format!("from outside to process {}", homes(&edge.callee)));
        }
        (_, true) => {
            let (from, to) = (homes(&edge.caller), homes(&edge.callee));
            page.add_line(1, format!("from process {from} to process {to}"));
        }
        (_, false) => page.add_line(1, format!("inside process {}", homes(&edge.caller))),
    }
    if edge.cyclic {
        page.add_line(
            1,
            "both ends are in one cycle: calls answer \"not started\" until all of it is built",
        );
    }
    match (&edge.transport, &edge.listener) {
        (Some(transport), listener) => {
            let to = listener.as_ref().map_or_else(String::new, |l| format!(" to listener {l}"));
            page.add_row(1, format!("rpc = {}{to}", transport.plugin), &transport.origin);
            explain_settings(page, 2, &transport.settings);
        }
        (None, _) => page.add_line(1, "no transport"),
    }
    // Clients run no wrappers, so the listener runs those of an entry.
    let side = if edge.kind == EdgeClass::Entry {
        "at the listener, around its own"
    } else {
        "at the caller"
    };
    explain_wrappers(page, side, &edge.client);
    explain_keys(page, plan, TablePlace::Edge, name);
    explain_deadline(page, 1, edge.deadline.as_ref());
}

fn explain_deadline(page: &mut Page, depth: usize, deadline: Option<&DeadlinePlan>) {
    if let Some(deadline) = deadline {
        let after = format_duration(deadline.after);
        page.add_row(depth, format!("deadline for a call without one = {after}"), &deadline.origin);
    }
}

fn explain_listener(page: &mut Page, plan: &Plan, name: &str, listener: &ListenerPlan) {
    page.add_row(0, format!("listener {name}"), &listener.origin);
    page.add_line(1, format!("process = {}", listener.process));
    page.add_line(1, format!("transport = {}", listener.transport));
    page.add_line(1, format!("address = BP_ADDR_{}", listener.address.name));
    let port = listener.settings.origins.get("port").map_or("by its name", String::as_str);
    page.add_row(1, format!("port = {}", listener.address.port), port);
    explain_settings(page, 1, &listener.settings);
    for (service, served) in &listener.serves {
        page.add_line(1, format!("serves {service}"));
        explain_settings(page, 2, &served.settings);
        let outside = plan.edges.get(&format!("client->{service}"));
        let outside = outside.filter(|e| e.listener.as_deref() == Some(name));
        if let Some(edge) = outside.filter(|e| !e.client.is_empty()) {
            explain_wrappers(page, "of the outside world's edge", &edge.client);
        }
        explain_wrappers(page, "at the listener", &served.server);
        explain_deadline(page, 1, served.deadline.as_ref());
    }
}

fn explain_init(page: &mut Page, name: &str, init: &InitPlan) {
    page.add_row(0, format!("init {name}"), &init.origin);
    page.add_line(1, format!("calls {}.{} once, then ends", init.callee, init.method));
    page.add_line(1, format!("arguments = {}", init.arguments));
    for instance in &init.instances {
        page.add_line(1, format!("holds {instance}"));
    }
    page.add_line(
        1,
        if init.first {
            "runs before the processes: it calls none of them"
        } else {
            "runs when the processes are ready: it calls some of them"
        },
    );
}

fn explain_process(page: &mut Page, plan: &Plan, name: &str, process: &ProcessPlan) {
    page.add_row(0, format!("process {name}"), &process.origin);
    for instance in &process.instances {
        match process.claims.get(instance) {
            Some(claim) => page.add_row(1, format!("runs service {instance}"), claim),
            None => page.add_row(1, format!("runs backend {instance}"), "with its users"),
        }
    }
    let origin = |path: &str| process.origins.get(path).map_or("default", String::as_str);
    let time = |millis| format_duration(Duration::from_millis(millis));
    page.add_row(1, format!("replicas = {}", process.replicas.least()), origin("replicas"));
    let drain = &process.drain;
    page.add_row(1, format!("drain.delay = {}", time(drain.delay_ms)), origin("drain.delay"));
    page.add_row(1, format!("drain.limit = {}", time(drain.limit_ms)), origin("drain.limit"));
    let amounts = &process.resources;
    page.add_row(1, format!("resources.cpu = {}", amounts.cpu), origin("resources.cpu"));
    page.add_row(
        1,
        format!("resources.memory = {}", format_size(amounts.memory)),
        origin("resources.memory"),
    );
    page.add_row(
        1,
        format!("resources.storage = {}", format_size(amounts.storage)),
        origin("resources.storage"),
    );
    explain_keys(page, plan, TablePlace::Process, name);
    page.add_line(
        1,
        format!("admin = BP_BIND_{}, port {}", process.admin.name, process.admin.port),
    );
    for listener in &process.listeners {
        if let Some(found) = plan.listeners.get(listener) {
            page.add_line(1, format!("listens: {listener}, port {}", found.address.port));
        }
    }
}
