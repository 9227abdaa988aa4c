use std::collections::{BTreeMap, BTreeSet};

use bp_contract::run_plan::DrainPlan;
use bp_plugin::deploy::{ImageLock, OutputLocation};
use bp_plugin::diag::{Diagnostics, SourceMap};
use bp_plugin::emit::Artifacts;
use bp_plugin::plan::*;
use bp_plugin::{ArtifactContext, Settings, Value};

/// The file that is written for two processes with these settings.
fn write(values: &[(&str, &str)]) -> String {
    let mut plan = crate::fixture::plan();
    let process = |instances: &[&str], replicas| ProcessPlan {
        instances: instances.iter().map(|name| (*name).to_owned()).collect(),
        listeners: BTreeSet::new(),
        admin: AddressPlan { name: "ADMIN".to_owned(), port: 9000 },
        replicas,
        exclusive: false,
        drain: DrainPlan { delay_ms: 500, limit_ms: 10_000 },
        resources: ResourcesPlan { cpu: 0.5, memory: 1 << 20, storage: 1 << 20 },
        autoscale: None,
        origins: BTreeMap::new(),
        claims: BTreeMap::new(),
        origin: String::new(),
    };
    plan.processes.insert("front".to_owned(), process(&["front"], 3));
    plan.processes.insert("cart".to_owned(), process(&["cart_db", "cart"], 1));
    let values: BTreeMap<String, Value> = values
        .iter()
        .map(|(name, text)| ((*name).to_owned(), Value::Text((*text).to_owned())))
        .collect();
    let own = Settings { values: values.into(), ..Settings::default() };
    plan.targets.insert(super::PLUGIN.id.to_owned(), own);
    let (mut artifacts, mut diagnostics) = (Artifacts::new(), Diagnostics::new());
    super::write(&mut ArtifactContext {
        plugin: &super::PLUGIN,
        plan: &plan,
        run_plan: "",
        sources: &SourceMap::new(),
        place: &OutputLocation {
            to_root: "../..".to_owned(),
            from_root: Some("build/local".to_owned()),
            above: Vec::new(),
        },
        images: &ImageLock::default(),
        artifacts: &mut artifacts,
        diagnostics: &mut diagnostics,
    });
    assert_eq!(diagnostics.iter().count(), 0);
    String::from_utf8(artifacts.get(super::LISTING).unwrap().bytes.clone()).unwrap()
}

#[test]
fn every_process_has_a_line() {
    let expected = "leaf\n\ncart x1: cart_db, cart\nfront x3: front\n";
    assert_eq!(write(&[]), expected);
    assert!(write(&[("title", "The shop")]).starts_with("The shop\n\n"));
}
