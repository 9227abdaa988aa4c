//! One test a rule: a sound graph, broken in one place.

use crate::testing::{
    add_call, add_client_end, add_edge, add_host, add_node, add_service, add_wrapper, sample,
};
use crate::verify::{VerifyStage, verify};
use crate::{ClientSlot, EdgeKey, EdgeKind, Ir, NodeKey, NodeKind, Side};

/// Breaks a sound graph and expects a broken rule whose message contains `wanted`.
fn breaks(wanted: &str, change: impl FnOnce(&mut Ir)) {
    let mut ir = sample();
    change(&mut ir);
    let broken = verify(&ir, VerifyStage::Addressed);
    assert!(broken.iter().any(|b| b.contains(wanted)), "wanted `{wanted}`, got {broken:#?}");
}

fn methods<'a>(ir: &'a mut Ir, name: &str) -> &'a mut Vec<crate::MethodFact> {
    match &mut ir.node_mut(&NodeKey::new(name)).unwrap().kind {
        NodeKind::Service { methods, .. } => methods,
        other => panic!("{other:?}"),
    }
}

fn local(methods: &mut [crate::MethodFact]) {
    for method in methods {
        method.remote = false;
    }
}

#[test]
fn a_sound_graph_breaks_nothing() {
    assert_eq!(verify(&sample(), VerifyStage::Addressed), Vec::<String>::new());
}

#[test]
fn cycles_are_legal() {
    let mut ir = sample();
    add_call(&mut ir, "c", "b");
    assert_eq!(verify(&ir, VerifyStage::Addressed), Vec::<String>::new());
}

#[test]
fn keys_are_unique() {
    breaks("are one name", |ir| {
        add_service(ir, "x-y");
        add_service(ir, "x_y");
    });
}

#[test]
fn an_edge_joins_what_its_kind_allows() {
    breaks("cannot be between service and process", |ir| {
        add_edge(ir, "a", "process:two", EdgeKind::Wraps);
    });
}

#[test]
fn a_calls_method_exists() {
    breaks("calls `get`, which does not exist", |ir| methods(ir, "b").clear());
    breaks("not `app::c`", |ir| {
        let kind = EdgeKind::Calls { interface: "app::b".into(), methods: vec![] };
        add_edge(ir, "a", "c", kind);
    });
}

#[test]
fn scopes_nest() {
    breaks("runs inside", |ir| add_host(ir, "one", "c"));
    breaks("cannot be between process and process", |ir| {
        add_edge(ir, "process:one", "process:two", EdgeKind::Hosts);
    });
}

#[test]
fn parts_have_an_owner() {
    breaks("`a->b.retry` has no owner", |ir| {
        ir.remove_edge(&EdgeKey::calls("a", "b"));
    });
    breaks("`lost` has no owner", |ir| {
        let kind =
            NodeKind::Transport { plugin: "grpc".into(), side: Side::Server, owner: "x".into() };
        add_node(ir, "lost", kind);
    });
    breaks("`address:X` has no owner", |ir| {
        add_node(ir, "address:X", NodeKind::Address { port: 1 });
    });
}

#[test]
fn chains_are_sorted_by_slot() {
    breaks("`deadline` is inside of `retry`", |ir| {
        ir.remove_node(&NodeKey::new("a->b.timeout"));
        ir.remove_node(&NodeKey::new("a->b.retry"));
        add_wrapper(ir, "a->b", "timeout", ClientSlot::Deadline, "a->b.grpc");
        add_wrapper(ir, "a->b", "retry", ClientSlot::Retry, "a->b.timeout");
    });
    breaks("two wrappers in slot `retry`", |ir| {
        add_wrapper(ir, "a->b", "again", ClientSlot::Retry, "a->b.timeout");
    });
    breaks("passes calls on to 0 nodes", |ir| {
        ir.remove_edge(&EdgeKey::new("a->b.timeout -wraps-> a->b.retry"));
    });
}

#[test]
fn every_service_is_in_a_process() {
    breaks("`d` is in no process", |ir| add_service(ir, "d"));
    let mut ir = sample();
    add_service(&mut ir, "d");
    assert_eq!(verify(&ir, VerifyStage::Bound), Vec::<String>::new());
}

#[test]
fn a_remote_call_passes_one_transport_pair() {
    breaks("crosses a process without a transport", |ir| {
        ir.remove_node(&NodeKey::new("a->b.grpc"));
    });
    breaks("has 2 transports", |ir| {
        let kind =
            NodeKind::Transport { plugin: "http".into(), side: Side::Client, owner: "a->b".into() };
        add_node(ir, "a->b.http", kind);
    });
    breaks("does not reach it", |ir| {
        ir.remove_edge(&EdgeKey::new("a->b.grpc -wraps-> address:B_GRPC"));
    });
}

#[test]
fn a_call_inside_a_process_passes_none() {
    breaks("has a transport inside a process", |ir| {
        add_node(ir, "address:C_GRPC", NodeKind::Address { port: 7001 });
        add_client_end(ir, "b", "c");
    });
}

#[test]
fn types_on_remote_calls_are_serialisable() {
    breaks("types of `get` cannot be serialised", |ir| {
        local(methods(ir, "b"));
    });
    // Inside a process anything goes.
    let mut ir = sample();
    local(methods(&mut ir, "c"));
    assert_eq!(verify(&ir, VerifyStage::Addressed), Vec::<String>::new());
}

#[test]
fn addresses_have_ports_of_their_own() {
    breaks("has no port", |ir| {
        ir.node_mut(&NodeKey::new("address:B_GRPC")).unwrap().kind = NodeKind::Address { port: 0 };
    });
    breaks("have port 7000", |ir| {
        add_node(ir, "address:X", NodeKind::Address { port: 7000 });
    });
}
