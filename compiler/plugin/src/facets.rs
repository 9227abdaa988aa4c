//! What the compiler's own passes attach to nodes and edges; plugins' passes may read it.

use std::collections::{BTreeMap, BTreeSet};

use bp_diag::Span;
use bp_ir::{Facet, Slot};
use bp_plan::{Dropped, Reference, Settings, Value};
use bp_wiring::{ResolvedEdge, Table};
use serde_json::{Value as Json, json};

/// What a constructor's parameter gets.
#[derive(Debug, Clone, PartialEq)]
pub enum Binding {
    /// An instance.
    Instance {
        /// Its name.
        name: String,
        /// Where it was written; `None` when the type decided.
        span: Option<Span>,
    },
    /// Several instances.
    Instances(Vec<(String, Span)>),
    /// A value.
    Value {
        /// The value.
        value: Value,
        /// Where it was written.
        span: Span,
    },
    /// Nothing.
    Absent,
}

/// On a service: what its constructor gets, by parameter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bindings(pub BTreeMap<String, Binding>);

impl Facet for Bindings {
    fn name(&self) -> &'static str {
        "parameters"
    }

    fn dump(&self) -> Json {
        let show = |binding: &Binding| match binding {
            Binding::Instance { name, span: Some(_) } => json!(name),
            Binding::Instance { name, span: None } => json!({ "automatic": name }),
            Binding::Instances(items) => items.iter().map(|(name, _)| name.as_str()).collect(),
            Binding::Value { value, .. } => json!({ "value": value.to_json() }),
            Binding::Absent => json!({ "absent": true }),
        };
        Json::Object(self.0.iter().map(|(name, b)| (name.clone(), show(b))).collect())
    }
}

/// On a backend: its settings. On a transport: its settings, with what it takes beside `rpc`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PluginSettings(pub Settings);

impl Facet for PluginSettings {
    fn name(&self) -> &'static str {
        "settings"
    }

    fn dump(&self) -> Json {
        self.0.to_json()
    }
}

/// On a wrapper: its settings, and those of methods that differ.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WrapperSettings {
    /// For every method without settings of its own.
    pub settings: Settings,
    /// For methods that differ, complete.
    pub methods: BTreeMap<String, Settings>,
    /// Methods that the wrapper leaves alone.
    pub off: BTreeSet<String>,
}

impl Facet for WrapperSettings {
    fn name(&self) -> &'static str {
        "settings"
    }

    fn dump(&self) -> Json {
        let mut out = serde_json::Map::new();
        out.insert("settings".to_owned(), self.settings.to_json());
        if !self.methods.is_empty() {
            let methods = self.methods.iter().map(|(m, s)| (m.clone(), s.to_json())).collect();
            out.insert("methods".to_owned(), Json::Object(methods));
        }
        if !self.off.is_empty() {
            out.insert("off".to_owned(), self.off.iter().map(String::as_str).collect());
        }
        Json::Object(out)
    }
}

/// One wrapper that is wanted but not yet put anywhere.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedWrapper {
    /// The plugin.
    pub plugin: String,
    /// Its slot.
    pub slot: Slot,
    /// Its settings.
    pub settings: WrapperSettings,
    /// Where its key was written.
    pub span: Option<Span>,
}

/// On a service: the wrappers that its listeners get.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServerWrappers(pub Vec<WantedWrapper>);

impl Facet for ServerWrappers {
    fn name(&self) -> &'static str {
        "server"
    }

    fn dump(&self) -> Json {
        let entries = self.0.iter().map(|w| (w.plugin.clone(), w.settings.dump()));
        Json::Object(entries.collect())
    }
}

/// On a call: what the wiring says of it, selectors resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct CallSettings(pub ResolvedEdge);

impl Facet for CallSettings {
    fn name(&self) -> &'static str {
        "wiring"
    }

    fn dump(&self) -> Json {
        self.0.edge.settings.to_json()
    }
}

/// On a process: its settings, defaults filled in.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProcessSettings(pub Settings);

impl Facet for ProcessSettings {
    fn name(&self) -> &'static str {
        "settings"
    }

    fn dump(&self) -> Json {
        self.0.to_json()
    }
}

/// On a process or a backend: what the wiring says under keys that plugins own, files merged and shorthands expanded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PluginKeys(pub Table);

impl Facet for PluginKeys {
    fn name(&self) -> &'static str {
        "keys"
    }

    fn dump(&self) -> Json {
        self.0.to_json()
    }
}

/// On a service: what the wiring says of its server side, selectors resolved, if it has keys that plugins own there.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerSettings(pub ResolvedEdge);

impl Facet for ServerSettings {
    fn name(&self) -> &'static str {
        "wiring"
    }

    fn dump(&self) -> Json {
        self.0.edge.settings.to_json()
    }
}

/// On a service or call: what the wiring says that has no effect.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Drops(pub BTreeSet<Dropped>);

impl Facet for Drops {
    fn name(&self) -> &'static str {
        "dropped"
    }

    fn dump(&self) -> Json {
        self.0.iter().map(|d| json!({ "what": d.what, "why": d.why })).collect()
    }
}

/// The secrets that a value refers to, for targets that must provide them.
pub fn find_secrets(value: &Value) -> Vec<&str> {
    match value {
        Value::Reference(Reference::Secret(name)) => vec![name],
        Value::List(items) => items.iter().flat_map(find_secrets).collect(),
        Value::Table(table) => table.values().flat_map(find_secrets).collect(),
        Value::Bool(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Duration(_)
        | Value::Size(_)
        | Value::Reference(Reference::Env(_) | Reference::File(_)) => Vec::new(),
    }
}
