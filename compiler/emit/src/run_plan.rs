//! What the running system must know of a plan: origins, types and documentation stay behind.

use std::collections::BTreeMap;

use bp_contract::run_plan as run;
use bp_plan::{
    BoundInstance, EdgePlan, EntryPlan, InitPlan, InstanceKind, InstancePlan, ListenerPlan,
    ParameterPlan, Plan, PluginPlan, ProcessPlan, ServedPlan, Settings, TablePlan, WrapperPlan,
};

/// The run plan of a plan, as text.
///
/// `descriptions` is what plugins hand to their runtime halves, by plugin.
pub fn run_plan(plan: &Plan, descriptions: &BTreeMap<String, String>) -> String {
    let mut stacks = run::StackTableBuilder::default();
    let edges = convert(&plan.edges, |edge| convert_edge(edge, &mut stacks));
    let listeners = convert(&plan.listeners, |listener| convert_listener(listener, &mut stacks));
    let run_plan = run::RunPlan {
        version: run::VERSION,
        app: plan.app.name.clone(),
        wiring: plan.wiring.clone(),
        runtime: bp_contract::VERSION.to_owned(),
        plugins: convert(&plan.plugins, convert_plugin),
        descriptions: convert(descriptions, |text| text.as_str().into()),
        stacks: stacks.finish(),
        instances: convert(&plan.instances, convert_instance),
        edges,
        listeners,
        processes: convert(&plan.processes, convert_process),
        inits: convert(&plan.inits, convert_init),
        tables: plan.tables.iter().filter_map(convert_table).collect(),
        wire: plan.wire.clone(),
    };
    run_plan.to_text()
}

fn convert<'a, T: 'a, R>(
    map: impl IntoIterator<Item = (&'a String, &'a T)>,
    mut each: impl FnMut(&'a T) -> R,
) -> BTreeMap<String, R> {
    map.into_iter().map(|(name, value)| (name.clone(), each(value))).collect()
}

fn convert_plugin(plugin: &PluginPlan) -> run::PluginPlan {
    run::PluginPlan {
        key: plugin.key.clone(),
        kind: Some(plugin.kind.clone()),
        shorthand: plugin.shorthand.clone(),
        shared_by_methods: plugin.shared_by_methods.clone(),
        settings: plugin.settings.clone(),
    }
}

fn convert_instance(instance: &InstancePlan) -> run::InstancePlan {
    let interface = instance.interface.clone();
    match &instance.kind {
        InstanceKind::Service(service) => run::InstancePlan::Service {
            implementation: service.implementation.clone(),
            interface,
            // A service is in exactly one process or init.
            process: instance.processes.first().cloned().unwrap_or_default(),
            component: service.component,
            order: service.order,
            parameters: convert(&service.parameters, convert_parameter),
        },
        InstanceKind::Backend(backend) => run::InstancePlan::Backend {
            plugin: backend.plugin.clone(),
            interface,
            processes: instance.processes.clone(),
            settings: backend.settings.to_json(),
        },
    }
}

fn convert_parameter(parameter: &ParameterPlan) -> run::ParameterPlan {
    let bound =
        |b: &BoundInstance| run::BoundPlan { instance: b.instance.clone(), edge: b.edge.clone() };
    match parameter {
        ParameterPlan::Instance(one) => run::ParameterPlan::Instance(bound(one)),
        ParameterPlan::Instances(all) => run::ParameterPlan::Instances(run::InstancesPlan {
            instances: all.iter().map(bound).collect(),
        }),
        ParameterPlan::Value { value, .. } => {
            run::ParameterPlan::Value(run::ValuePlan { value: value.to_json(), tunable: true })
        }
        ParameterPlan::Absent => run::ParameterPlan::Absent(run::AbsentPlan { absent: true }),
    }
}

fn convert_wrappers(wrappers: &[WrapperPlan], stacks: &mut run::StackTableBuilder) -> run::Stack {
    let wrappers = wrappers.iter().map(|wrapper| run::WrapperPlan {
        plugin: wrapper.plugin.clone(),
        settings: wrapper.settings.to_json(),
        methods: convert(&wrapper.methods, Settings::to_json),
        off: wrapper.off.clone(),
        each_endpoint: wrapper.slot.is_for_each_endpoint(),
    });
    stacks.share(wrappers.collect())
}

fn convert_edge(edge: &EdgePlan, stacks: &mut run::StackTableBuilder) -> run::EdgePlan {
    run::EdgePlan {
        caller: edge.caller.clone(),
        callee: edge.callee.clone(),
        interface: edge.interface.clone(),
        remote: edge.remote,
        cyclic: edge.cyclic,
        client: convert_wrappers(&edge.client, stacks),
        transport: edge.transport.as_ref().map(|transport| run::TransportPlan {
            plugin: transport.plugin.clone(),
            settings: transport.settings.to_json(),
        }),
        listener: edge.listener.clone(),
        deadline: edge.deadline.as_ref().map(|deadline| deadline.after),
    }
}

fn convert_listener(
    listener: &ListenerPlan,
    stacks: &mut run::StackTableBuilder,
) -> run::ListenerPlan {
    run::ListenerPlan {
        process: listener.process.clone(),
        transport: listener.transport.clone(),
        settings: listener.settings.to_json(),
        serves: convert(&listener.serves, |served| convert_served(served, stacks)),
        address: listener.address.name.clone(),
        port: listener.address.port,
        entry: listener.entry,
    }
}

fn convert_served(served: &ServedPlan, stacks: &mut run::StackTableBuilder) -> run::ServedPlan {
    run::ServedPlan {
        interface: served.interface.clone(),
        server: convert_wrappers(&served.server, stacks),
        settings: served.settings.to_json(),
        deadline: served.deadline.as_ref().map(|deadline| deadline.after),
    }
}

fn convert_process(process: &ProcessPlan) -> run::ProcessPlan {
    run::ProcessPlan {
        instances: process.instances.clone(),
        listeners: process.listeners.clone(),
        admin: run::AddressPlan { address: process.admin.name.clone(), port: process.admin.port },
        replicas: process.replicas.least(),
        drain: process.drain,
    }
}

fn convert_init(init: &InitPlan) -> run::InitPlan {
    run::InitPlan {
        callee: init.callee.clone(),
        method: init.method.clone(),
        arguments: init.arguments.clone(),
    }
}

/// A table, if anybody reads it at run time.
fn convert_table((name, table): (&String, &TablePlan)) -> Option<(String, run::TablePlan)> {
    let entry = |entry: &EntryPlan| run::EntryPlan {
        name: entry.name.clone(),
        settings: entry.settings.to_json(),
        methods: convert(&entry.methods, Settings::to_json),
        off: entry.off.clone(),
    };
    let plan = run::TablePlan {
        plugin: table.plugin.clone(),
        place: table.place,
        reader: table.reader?,
        shorthand: table.shorthand.clone(),
        verbatim: table.verbatim,
        settings: table.settings.clone(),
        entries: table.entries.iter().map(entry).collect(),
    };
    Some((name.clone(), plan))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bp_plan::Value;

    use super::*;
    use crate::testing::small_plan;

    fn entry(name: &str, on: bool) -> EntryPlan {
        let values = BTreeMap::from([("on".to_owned(), Value::Bool(on))]);
        EntryPlan {
            name: name.to_owned(),
            settings: Settings { values: values.into(), ..Settings::default() },
            methods: BTreeMap::new(),
            off: BTreeSet::new(),
            origin: "wiring/local.toml:7".to_owned(),
        }
    }

    fn table(reader: Option<run::TableReader>, verbatim: bool) -> TablePlan {
        TablePlan {
            plugin: "lights".to_owned(),
            place: run::TablePlace::TopLevel,
            reader,
            shorthand: Some("on".to_owned()),
            verbatim,
            settings: BTreeMap::new(),
            // As they are written, where that means something.
            entries: vec![entry("stairs", true), entry("hall", false)],
        }
    }

    #[test]
    fn the_tables_that_somebody_reads_are_in_the_run_plan() {
        let mut plan = small_plan();
        plan.tables = BTreeMap::from([
            ("lamp".to_owned(), table(Some(run::TableReader::Process), false)),
            ("probe".to_owned(), table(Some(run::TableReader::Mode), true)),
            ("shade".to_owned(), table(None, false)),
        ]);
        let read = run::RunPlan::parse(&run_plan(&plan, &BTreeMap::new())).expect("a run plan");
        assert_eq!(read.tables.keys().collect::<Vec<_>>(), ["lamp", "probe"]);
        let (lamp, probe) = (&read.tables["lamp"], &read.tables["probe"]);
        assert_eq!((lamp.reader, lamp.verbatim), (run::TableReader::Process, false));
        assert_eq!((probe.reader, probe.verbatim), (run::TableReader::Mode, true));
        assert_eq!(lamp.shorthand.as_deref(), Some("on"));
        let entries: Vec<_> = lamp.entries.iter().map(|e| (&*e.name, &e.settings["on"])).collect();
        assert_eq!(entries, [("stairs", &true.into()), ("hall", &false.into())]);
    }
}
