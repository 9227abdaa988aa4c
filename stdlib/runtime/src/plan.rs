//! The run plan: every fact of a wiring that the running system needs, as the compiler wrote it.
//!
//! Unknown fields are errors: a plan of another compiler must not be half understood.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bp_data::wire::WireTable;
use serde::Deserialize;
use serde_json::Value;

use crate::error::StartError;

/// The version of the plan's form that this runtime reads.
pub(crate) const VERSION: u32 = 1;

/// The whole plan.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunPlan {
    #[expect(dead_code, reason = "checked before the rest is read")]
    pub(crate) version: u32,
    pub(crate) app: String,
    pub(crate) wiring: String,
    pub(crate) runtime: String,
    #[serde(default)]
    pub(crate) plugins: BTreeMap<String, PluginPlan>,
    /// What transports say of the services that they carry, by plugin.
    #[serde(default)]
    pub(crate) descriptions: BTreeMap<String, Arc<str>>,
    /// Lists of wrappers that edges and listeners share, by the name that they have there.
    #[serde(default)]
    stacks: BTreeMap<String, Arc<[WrapperPlan]>>,
    pub(crate) instances: BTreeMap<String, InstancePlan>,
    #[serde(default)]
    pub(crate) edges: BTreeMap<String, EdgePlan>,
    #[serde(default)]
    pub(crate) listeners: BTreeMap<String, ListenerPlan>,
    pub(crate) processes: BTreeMap<String, ProcessPlan>,
    #[serde(default)]
    pub(crate) inits: BTreeMap<String, InitPlan>,
    #[serde(default)]
    pub(crate) knobs: BTreeMap<String, KnobPlan>,
    #[serde(default)]
    pub(crate) smoke: Vec<SmokePlan>,
    #[serde(default)]
    pub(crate) wire: WireTable,
}

/// What configuration may say of a plugin.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PluginPlan {
    pub(crate) key: String,
    #[serde(default)]
    #[expect(dead_code, reason = "read so that a plan is fully known; the place says what it is")]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) shorthand: Option<String>,
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, SettingPlan>,
}

/// One setting, by dotted path.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingPlan {
    #[serde(rename = "type")]
    pub(crate) kind: SettingKind,
    #[serde(default)]
    pub(crate) tunable: bool,
    #[serde(default)]
    pub(crate) min: Option<Value>,
    #[serde(default)]
    pub(crate) max: Option<Value>,
    #[serde(default)]
    pub(crate) words: Vec<String>,
    #[serde(default)]
    pub(crate) shorthand: Option<String>,
    #[serde(default)]
    pub(crate) secret: bool,
}

/// The type of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SettingKind {
    Duration,
    Size,
    Ratio,
    Count,
    Float,
    Bool,
    Text,
    OneOf,
    List,
    Table,
    Map,
    PerMethod,
    Any,
}

/// Something built once.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum InstancePlan {
    /// Of an implementation in the workflow.
    Service {
        implementation: String,
        interface: String,
        process: String,
        #[serde(default)]
        #[expect(
            dead_code,
            reason = "read so that a plan is fully known; edges say what is cyclic"
        )]
        component: u32,
        order: u32,
        #[serde(default)]
        parameters: BTreeMap<String, ParameterPlan>,
    },
    /// Of a backend plugin.
    Backend {
        plugin: String,
        interface: String,
        #[serde(default)]
        processes: BTreeSet<String>,
        #[serde(default)]
        settings: Value,
    },
}

/// What a constructor's parameter gets.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum ParameterPlan {
    Instance(BoundPlan),
    Instances(InstancesPlan),
    Value(ValuePlan),
    Absent(#[expect(dead_code, reason = "its presence is its meaning")] AbsentPlan),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BoundPlan {
    pub(crate) instance: String,
    pub(crate) edge: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InstancesPlan {
    pub(crate) instances: Vec<BoundPlan>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ValuePlan {
    pub(crate) value: Value,
    #[serde(default)]
    pub(crate) tunable: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AbsentPlan {
    #[expect(dead_code, reason = "its presence is its meaning")]
    pub(crate) absent: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EdgePlan {
    pub(crate) caller: String,
    pub(crate) callee: String,
    pub(crate) interface: String,
    #[serde(default)]
    #[expect(dead_code, reason = "read so that a plan is fully known; the callee says what it is")]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) remote: bool,
    #[serde(default)]
    pub(crate) cyclic: bool,
    #[serde(default)]
    pub(crate) client: Stack,
    #[serde(default)]
    pub(crate) transport: Option<TransportPlan>,
    #[serde(default)]
    pub(crate) listener: Option<String>,
    /// What a call without a deadline gets.
    #[serde(default, deserialize_with = "crate::units::optional_duration")]
    pub(crate) deadline: Option<Duration>,
}

/// The wrappers of an edge or a listener, outermost first: written out, or the name of a list under `stacks`.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Stack {
    Named(String),
    Wrappers(Arc<[WrapperPlan]>),
}

impl Default for Stack {
    fn default() -> Self {
        Self::Wrappers(Arc::new([]))
    }
}

impl Deref for Stack {
    type Target = [WrapperPlan];

    fn deref(&self) -> &[WrapperPlan] {
        match self {
            // A plan that was read has none left.
            Self::Named(_) => &[],
            Self::Wrappers(wrappers) => wrappers,
        }
    }
}

impl Stack {
    /// Puts the list in the place of its name.
    fn resolve(
        &mut self,
        stacks: &BTreeMap<String, Arc<[WrapperPlan]>>,
        place: &str,
    ) -> Result<(), StartError> {
        if let Self::Named(name) = self {
            let found = stacks.get(name).ok_or_else(|| {
                StartError::new(format!(
                    "the run plan has no stack `{name}`, which `{place}` wants"
                ))
            })?;
            *self = Self::Wrappers(found.clone());
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrapperPlan {
    pub(crate) plugin: String,
    /// Of every method without settings of its own.
    #[serde(default)]
    pub(crate) settings: Value,
    /// Complete settings of the methods that differ.
    #[serde(default)]
    pub(crate) methods: BTreeMap<String, Value>,
    /// Methods that the wrapper leaves alone.
    #[serde(default)]
    pub(crate) off: BTreeSet<String>,
    /// Whether every endpoint of the callee has one for itself.
    #[serde(default)]
    pub(crate) each_endpoint: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransportPlan {
    pub(crate) plugin: String,
    #[serde(default)]
    pub(crate) settings: Value,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListenerPlan {
    pub(crate) process: String,
    pub(crate) transport: String,
    #[serde(default)]
    pub(crate) settings: Value,
    pub(crate) serves: BTreeMap<String, ServedPlan>,
    pub(crate) address: String,
    pub(crate) port: u16,
    #[serde(default)]
    #[expect(dead_code, reason = "read so that a plan is fully known; targets publish entries")]
    pub(crate) entry: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServedPlan {
    pub(crate) interface: String,
    #[serde(default)]
    pub(crate) server: Stack,
    #[serde(default)]
    pub(crate) settings: Value,
    /// What a call that arrives without a deadline gets.
    #[serde(default, deserialize_with = "crate::units::optional_duration")]
    pub(crate) deadline: Option<Duration>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProcessPlan {
    #[expect(dead_code, reason = "each instance says its process too")]
    pub(crate) instances: Vec<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "each listener says its process too")]
    pub(crate) listeners: Vec<String>,
    pub(crate) admin: AddressPlan,
    #[serde(default)]
    #[expect(dead_code, reason = "read so that a plan is fully known; targets start replicas")]
    pub(crate) replicas: u32,
    #[serde(default)]
    pub(crate) drain: DrainPlan,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddressPlan {
    pub(crate) address: String,
    pub(crate) port: u16,
}

/// How a process stops, in milliseconds.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DrainPlan {
    /// Between being unready and refusing connections.
    pub(crate) delay_ms: u64,
    /// For the calls that still run.
    pub(crate) limit_ms: u64,
}

impl Default for DrainPlan {
    fn default() -> Self {
        Self { delay_ms: 500, limit_ms: 10_000 }
    }
}

impl DrainPlan {
    pub(crate) fn delay(self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    pub(crate) fn limit(self) -> Duration {
        Duration::from_millis(self.limit_ms)
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KnobPlan {
    pub(crate) default: bool,
}

/// A call that is made once, in a process of its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InitPlan {
    pub(crate) callee: String,
    pub(crate) method: String,
    #[serde(default)]
    pub(crate) arguments: Value,
}

/// A call that shows that the system works.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SmokePlan {
    pub(crate) name: String,
    pub(crate) callee: String,
    pub(crate) method: String,
    #[serde(default)]
    pub(crate) arguments: Value,
    #[serde(default, deserialize_with = "present")]
    pub(crate) expect: Option<Value>,
    #[serde(default)]
    pub(crate) expect_error: Option<String>,
}

/// Keeps an expected `null` apart from no expectation.
fn present<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(source).map(Some)
}

impl RunPlan {
    /// Reads a plan.
    pub(crate) fn parse(text: &str) -> Result<Self, StartError> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let head: Head = serde_json::from_str(text)
            .map_err(|error| StartError::because("the run plan", &error))?;
        if head.version != VERSION {
            return Err(StartError::new(format!(
                "the run plan has version {}, this runtime reads version {VERSION}; build both with the same `bp`",
                head.version
            )));
        }
        let mut plan: Self = serde_json::from_str(text)
            .map_err(|error| StartError::because("the run plan", &error))?;
        let runtime = env!("CARGO_PKG_VERSION");
        if plan.runtime != runtime {
            return Err(StartError::new(format!(
                "the run plan is for runtime {}, this is runtime {runtime}; build both with the same `bp`",
                plan.runtime
            )));
        }
        for (key, edge) in &mut plan.edges {
            edge.client.resolve(&plan.stacks, key)?;
        }
        for (name, listener) in &mut plan.listeners {
            for served in listener.serves.values_mut() {
                served.server.resolve(&plan.stacks, name)?;
            }
        }
        Ok(plan)
    }

    /// The edge named `key`.
    pub(crate) fn edge(&self, key: &str) -> Result<&EdgePlan, StartError> {
        self.edges
            .get(key)
            .ok_or_else(|| StartError::new(format!("the run plan has no edge `{key}`")))
    }

    /// The listener named `name`.
    pub(crate) fn listener(&self, name: &str) -> Result<&ListenerPlan, StartError> {
        self.listeners
            .get(name)
            .ok_or_else(|| StartError::new(format!("the run plan has no listener `{name}`")))
    }
}

impl InstancePlan {
    pub(crate) fn interface(&self) -> &str {
        match self {
            Self::Service { interface, .. } | Self::Backend { interface, .. } => interface,
        }
    }

    /// Whether `process` holds it; `*` holds all.
    pub(crate) fn is_in(&self, process: &str) -> bool {
        process == ALL
            || match self {
                Self::Service { process: own, .. } => own == process,
                Self::Backend { processes, .. } => processes.contains(process),
            }
    }
}

/// The process name that stands for all of them in one.
pub(crate) const ALL: &str = "*";

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(client: &str) -> String {
        format!(
            r#"{{"version": 1, "app": "a", "wiring": "w", "runtime": "{}",
                "stacks": {{"retry": [{{"plugin": "retry", "settings": {{"attempts": 2}}}}]}},
                "instances": {{}}, "processes": {{}},
                "edges": {{"a->b": {{"caller": "a", "callee": "b", "interface": "B", "client": {client}}}}}}}"#,
            env!("CARGO_PKG_VERSION")
        )
    }

    #[test]
    fn a_stack_is_written_out_or_named() {
        for client in [r#""retry""#, r#"[{"plugin": "retry", "settings": {"attempts": 2}}]"#] {
            let plan = RunPlan::parse(&plan(client)).unwrap();
            let client = &plan.edge("a->b").unwrap().client;
            assert_eq!(client.iter().map(|w| w.plugin.as_str()).collect::<Vec<_>>(), ["retry"]);
        }
        let error = RunPlan::parse(&plan(r#""other""#)).unwrap_err().to_string();
        assert!(error.contains("`other`") && error.contains("`a->b`"), "{error}");
    }
}
