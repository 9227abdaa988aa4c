//! Every place of a plan where a plugin has settings, whichever process it is in: edges, listeners, backends, entries of its tables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::overlay::{Table, quote_key};
use crate::method::Interface;
use crate::plan::{InstancePlan, RunPlan, TablePlace, WrapperPlan};

/// Interfaces of the linked application, by path.
pub(crate) type Interfaces = BTreeMap<&'static str, &'static Interface>;

/// One place: what selects it, and what the plan says there.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) table: Table,
    /// `None` on a server's side.
    pub(super) caller: Option<String>,
    pub(super) callee: String,
    /// The plugin's id.
    pub(super) plugin: String,
    /// The callee's methods; empty where settings do not differ by method.
    pub(super) methods: Vec<&'static str>,
    pub(super) base: Value,
    pub(super) by_method: BTreeMap<String, Value>,
    pub(super) off: BTreeSet<String>,
}

/// The label of the wrapper `plugin` at the caller of `edge`.
pub(crate) fn client_label(edge: &str, plugin: &str) -> String {
    format!("edge \"{edge}\", {plugin}")
}

/// The label of the transport at the caller of `edge`.
pub(crate) fn transport_label(edge: &str) -> String {
    format!("edge \"{edge}\", transport")
}

/// The label of the wrapper `plugin` in front of `instance` at `listener`.
pub(crate) fn server_label(listener: &str, instance: &str, plugin: &str) -> String {
    format!("listener \"{listener}\", {instance}, {plugin}")
}

/// The label of a listener's own settings.
pub(crate) fn listener_label(listener: &str) -> String {
    format!("listener \"{listener}\"")
}

/// The label of a backend.
pub(crate) fn backend_label(name: &str) -> String {
    format!("backend \"{name}\"")
}

/// The label of an entry of a plugin's table, or of a place that has the plugin's key: where the wiring says it.
pub(crate) fn table_label(name: &str, place: TablePlace, entry: &str) -> String {
    let entry = quote_key(entry);
    match place {
        TablePlace::TopLevel => format!("{name}.{entry}"),
        TablePlace::App => format!("app.{name}"),
        TablePlace::Process => format!("process.{entry}.{name}"),
        TablePlace::Backend => format!("backend.{entry}.{name}"),
        TablePlace::Edge => format!("edge.{entry}.{name}"),
        TablePlace::Server => format!("server.{entry}.{name}"),
    }
}

/// The name under which the settings of one method of an entry stand, where they differ: `front->cart.add`.
pub(crate) fn method_entry(entry: &str, method: &str) -> String {
    format!("{entry}.{method}")
}

/// All places of `plan`, by label.
pub(super) fn collect_places(plan: &RunPlan, interfaces: &Interfaces) -> BTreeMap<String, Place> {
    let mut places = BTreeMap::new();
    let methods = |path: &str| -> Vec<&'static str> {
        let methods = interfaces.get(path).map_or(&[][..], |interface| interface.methods);
        methods.iter().map(|method| method.name).collect()
    };
    let wrapper =
        |table, caller: Option<&str>, callee: &str, path: &str, wrapper: &WrapperPlan| Place {
            table,
            caller: caller.map(str::to_owned),
            callee: callee.to_owned(),
            plugin: wrapper.plugin.clone(),
            methods: methods(path),
            base: wrapper.settings.clone(),
            by_method: wrapper.methods.clone(),
            off: wrapper.off.clone(),
        };
    let single = |table, caller: Option<&str>, callee: &str, plugin: &str, base: &Value| Place {
        table,
        caller: caller.map(str::to_owned),
        callee: callee.to_owned(),
        plugin: plugin.to_owned(),
        methods: Vec::new(),
        base: base.clone(),
        by_method: BTreeMap::new(),
        off: BTreeSet::new(),
    };
    for (key, edge) in &plan.edges {
        let caller = Some(edge.caller.as_str());
        for plan in edge.client.iter() {
            let place = wrapper(Table::Edge, caller, &edge.callee, &edge.interface, plan);
            places.insert(client_label(key, &plan.plugin), place);
        }
        if let Some(transport) = &edge.transport {
            let (plugin, settings) = (&transport.plugin, &transport.settings);
            let place = single(Table::Edge, caller, &edge.callee, plugin, settings);
            places.insert(transport_label(key), place);
        }
    }
    for (name, listener) in &plan.listeners {
        for (instance, served) in &listener.serves {
            for plan in served.server.iter() {
                let place = wrapper(Table::Server, None, instance, &served.interface, plan);
                places.insert(server_label(name, instance, &plan.plugin), place);
            }
        }
        // A listener's own settings are selected by the first service behind it.
        let callee = listener.serves.keys().next().map_or("", String::as_str);
        let place = single(Table::Server, None, callee, &listener.transport, &listener.settings);
        places.insert(listener_label(name), place);
    }
    for (name, instance) in &plan.instances {
        if let InstancePlan::Backend { plugin, settings, .. } = instance {
            let place = single(Table::Backend, None, name, plugin, settings);
            places.insert(backend_label(name), place);
        }
    }
    for (name, table) in &plan.tables {
        let owned: Arc<str> = name.as_str().into();
        for entry in &table.entries {
            // Methods are known by the names in the plan, because a mode or a process may lack the interface.
            let methods = entry.methods.iter();
            let methods = methods.map(|(method, own)| (method_entry(&entry.name, method), own));
            for (entry, settings) in
                [(entry.name.clone(), &entry.settings)].into_iter().chain(methods)
            {
                let of = Table::Owned(owned.clone());
                let place = single(of, None, &entry, &table.plugin, settings);
                places.insert(table_label(name, table.place, &entry), place);
            }
        }
    }
    places
}
