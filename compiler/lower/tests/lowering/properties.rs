//! Properties: passes are idempotent, the order of the text does not matter, what is accepted verifies.

use std::fmt::Write as _;

use bp_diag::Diagnostics;
use bp_lower::ordered_passes;
use bp_plugin::PassContext;
use proptest::prelude::*;

use crate::support::{App, MICRO, SHOP, registry};

/// A random wiring of a random workflow: services that call each other, in some processes.
#[derive(Debug, Clone)]
struct Shape {
    services: usize,
    calls: Vec<(usize, usize)>,
    processes: Vec<usize>,
    wrappers: Vec<(usize, usize, u8)>,
}

fn shapes() -> impl Strategy<Value = Shape> {
    (2usize..7).prop_flat_map(|services| {
        (
            proptest::collection::vec((0..services, 0..services), 0..12),
            proptest::collection::vec(0..3usize, services),
            proptest::collection::vec((0..services, 0..services, any::<u8>()), 0..6),
        )
            .prop_map(move |(calls, processes, wrappers)| Shape {
                services,
                calls,
                processes,
                wrappers,
            })
    })
}

impl Shape {
    fn callees(&self, caller: usize) -> Vec<usize> {
        let mut callees: Vec<usize> = self
            .calls
            .iter()
            .filter(|(from, to)| *from == caller && to != from)
            .map(|(_, to)| *to)
            .collect();
        callees.sort_unstable();
        callees.dedup();
        callees
    }

    fn workflow(&self) -> String {
        let mut text = "use std::sync::Arc;\nuse bp_std::{Infra, ServiceError, service};\n#[derive(Debug, ServiceError)]\npub enum E { #[infra] Infra(Infra) }\n".to_owned();
        for i in 0..self.services {
            let parameters: Vec<String> =
                self.callees(i).iter().map(|c| format!("s{c}: Arc<dyn S{c}>")).collect();
            let _ = write!(
                text,
                "#[service] pub trait S{i} {{ #[idempotent] async fn get(&self) -> Result<u32, E>; async fn set(&self, to: u32) -> Result<(), E>; }}\npub struct I{i};\nimpl I{i} {{ pub fn new({}) -> Self {{ Self }} pub async fn run(&self) {{}} }}\n#[service] impl S{i} for I{i} {{ async fn get(&self) -> Result<u32, E> {{ todo!() }} async fn set(&self, to: u32) -> Result<(), E> {{ todo!() }} }}\n",
                parameters.join(", ")
            );
        }
        text
    }

    /// The wiring's tables, each a text of its own.
    fn tables(&self) -> Vec<String> {
        let mut tables = vec![
            "[app]\nname = \"shop\"\nworkflow = \"../workflow\"\n".to_owned(),
            "[edge.\"*\"]\nrpc = \"grpc\"\ntimeout = \"1s\"\n".to_owned(),
            "[edge.\"client -> s0\"]\nrpc = \"http\"\n".to_owned(),
            "[server.\"s1\"]\ntrace = true\n".to_owned(),
        ];
        for i in 0..self.services {
            tables.push(format!("[service.s{i}]\nimpl = \"I{i}\"\n"));
        }
        for process in 0..3 {
            let members: Vec<String> = (0..self.services)
                .filter(|i| self.processes.get(*i) == Some(&process))
                .map(|i| format!("\"s{i}\""))
                .collect();
            if !members.is_empty() && process > 0 {
                tables.push(format!("[process.p{process}]\nservices = [{}]\n", members.join(", ")));
            }
        }
        let mut seen = std::collections::BTreeSet::new();
        for (from, to, seed) in &self.wrappers {
            let exists = self.callees(*from).contains(to);
            if exists && seen.insert((from, to)) {
                let attempts = seed % 5 + 1;
                tables.push(format!("[edge.\"s{from} -> s{to}\"]\nretry = {attempts}\n"));
                tables.push(format!("[edge.\"s{from} -> s{to}.set\"]\nretry = false\n"));
            }
        }
        tables
    }
}

/// The plan without its origins: lines move when tables do.
fn plan_text(app: &App) -> String {
    bp_plugin::emit::run_plan(&app.plan(), &std::collections::BTreeMap::new())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// The front ends accept it, so the graph must verify, and a plan must come out.
    #[test]
    fn what_is_accepted_verifies(shape in shapes()) {
        let app = App::new(&shape.workflow(), &shape.tables().concat());
        let complaints = app.complaints();
        let serious: Vec<_> = complaints.iter().filter(|c| !c.starts_with("BP8")).collect();
        prop_assert!(serious.is_empty(), "{serious:#?}");
        let plan = app.plan();
        for edge in plan.edges.values() {
            prop_assert_eq!(edge.remote, edge.transport.is_some());
            prop_assert!(edge.client.is_sorted_by_key(|w| w.slot));
        }
    }

    /// Tables in any order are the same system.
    #[test]
    fn order_does_not_matter(shape in shapes(), seed in any::<u64>()) {
        let tables = shape.tables();
        let mut shuffled = tables.clone();
        let mut state = seed | 1;
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let j = usize::try_from(state >> 33).unwrap() % (i + 1);
            shuffled.swap(i, j);
        }
        let source = shape.workflow();
        let first = App::new(&source, &tables.concat());
        let second = App::new(&source, &shuffled.concat());
        prop_assert_eq!(plan_text(&first), plan_text(&second));
    }

    /// A pass that runs twice changes nothing more.
    #[test]
    fn passes_are_idempotent(shape in shapes()) {
        idempotent(&App::new(&shape.workflow(), &shape.tables().concat()))?;
    }
}

fn idempotent(app: &App) -> Result<(), TestCaseError> {
    let mut ir = bp_ir::Ir::new();
    for pass in ordered_passes(&registry()) {
        let run = |ir: &mut bp_ir::Ir| {
            let mut diagnostics = Diagnostics::new();
            pass.run(&mut PassContext {
                ir,
                workflow: &app.workflow,
                wiring: &app.wiring,
                declarations: &app.registry,
                sources: &app.sources,
                diagnostics: &mut diagnostics,
            });
            ir.dump_text(&app.sources)
        };
        let once = run(&mut ir);
        let twice = run(&mut ir);
        prop_assert_eq!(once, twice, "pass {}", pass.name());
    }
    Ok(())
}

#[test]
fn the_sample_is_idempotent_and_deterministic() {
    let app = App::new(SHOP, MICRO);
    idempotent(&app).unwrap();
    assert_eq!(plan_text(&app), plan_text(&App::new(SHOP, MICRO)));
}

#[test]
fn a_component_of_hundreds_lowers() {
    let services = 300;
    let mut calls: Vec<(usize, usize)> = (0..services).map(|i| (i, (i + 1) % services)).collect();
    calls.extend((0..services).map(|i| (i, (i * 7 + 3) % services)));
    let processes = vec![0; services];
    let shape = Shape { services, calls, processes, wrappers: Vec::new() };
    let app = App::new(&shape.workflow(), &shape.tables().concat());
    let plan = app.plan();
    assert!(plan.instances.values().all(|i| i.service().unwrap().component == 0));
    assert!(
        plan.edges.values().filter(|e| e.kind == bp_plan::EdgeClass::Service).all(|e| e.cyclic)
    );
    let orders: std::collections::BTreeSet<u32> =
        plan.instances.values().map(|i| i.service().unwrap().order).collect();
    assert_eq!(orders.len(), services);
}
