use std::collections::{BTreeMap, BTreeSet};

use bp_contract::run_plan::DrainPlan;
use bp_plugin::plan::*;
use bp_plugin::{Diagnostics, EntrySpans, FillContext};

fn process(replicas: u32) -> ProcessPlan {
    ProcessPlan {
        instances: Vec::new(),
        listeners: BTreeSet::new(),
        admin: AddressPlan { name: "ADMIN".to_owned(), port: 9000 },
        replicas: Replicas::Fixed(replicas),
        exclusive: false,
        drain: DrainPlan::default(),
        resources: ResourcesPlan { cpu: 0.5, memory: 1 << 20, storage: 1 << 20 },
        origins: BTreeMap::new(),
        claims: BTreeMap::new(),
        origin: String::new(),
    }
}

#[test]
fn only_processes_with_the_key_scale() {
    let mut plan = crate::fixture::plan();
    plan.processes.insert("front".to_owned(), process(2));
    plan.processes.insert("cart".to_owned(), process(3));
    let values = BTreeMap::from([
        ("max".to_owned(), Value::Integer(10)),
        ("cpu".to_owned(), Value::Float(0.555)),
    ]);
    let entry = EntryPlan {
        name: "front".to_owned(),
        settings: Settings { values: values.into(), ..Settings::default() },
        methods: BTreeMap::new(),
        off: BTreeSet::new(),
        origin: String::new(),
    };
    plan.tables.insert("autoscale".to_owned(), super::KEY.plan("autoscale", vec![entry]));
    let (plugin, spans) = (&super::PLUGIN, EntrySpans::default());
    let mut diagnostics = Diagnostics::new();
    let cx = FillContext { plugin, plan: &mut plan, spans: &spans, diagnostics: &mut diagnostics };
    plugin.hooks.run_fill(cx);
    let between = Replicas::Between { least: 2, most: 10, cpu_percent: 56 };
    assert_eq!(plan.processes["front"].replicas, between);
    assert_eq!(plan.processes["cart"].replicas, Replicas::Fixed(3));
    assert!(diagnostics.is_empty());
}
