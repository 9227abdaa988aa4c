use std::collections::{BTreeMap, BTreeSet};

use bp_contract::run_plan::DrainPlan;
use bp_plugin::plan::*;

use super::listing::write_listing;

#[test]
fn every_process_has_a_line() {
    let mut plan = crate::fixture::plan();
    let process = |instances: &[&str], replicas| ProcessPlan {
        instances: instances.iter().map(|name| (*name).to_owned()).collect(),
        listeners: BTreeSet::new(),
        admin: AddressPlan { name: "ADMIN".to_owned(), port: 9000 },
        replicas: Replicas::Fixed(replicas),
        exclusive: false,
        drain: DrainPlan { delay_ms: 500, limit_ms: 10_000 },
        resources: ResourcesPlan { cpu: 0.5, memory: 1 << 20, storage: 1 << 20 },
        origins: BTreeMap::new(),
        claims: BTreeMap::new(),
        origin: String::new(),
    };
    plan.processes.insert("front".to_owned(), process(&["front"], 3));
    plan.processes.insert("cart".to_owned(), process(&["cart_db", "cart"], 1));
    let expected = "The shop\n\ncart x1: cart_db, cart\nfront x3: front\n";
    assert_eq!(write_listing(&plan, "The shop"), expected);
}
