//! Small graphs for this crate's tests.

use crate::{
    ClientSlot, EdgeKind, Ir, MethodFact, NodeKey, NodeKind, Origin, ServerSlot, Side, Slot,
};

pub(crate) fn origin() -> Origin {
    Origin::new(None, "test")
}

pub(crate) fn add_node(ir: &mut Ir, key: &str, kind: NodeKind) {
    ir.add_node(&NodeKey::new(key), kind, origin()).unwrap();
}

pub(crate) fn add_edge(ir: &mut Ir, from: &str, to: &str, kind: EdgeKind) {
    ir.add_edge(&NodeKey::new(from), &NodeKey::new(to), kind, origin()).unwrap();
}

pub(crate) fn add_service(ir: &mut Ir, name: &str) {
    add_node(
        ir,
        name,
        NodeKind::Service {
            implementation: format!("app::{name}Impl"),
            interface: format!("app::{name}"),
            methods: vec![MethodFact { name: "get".into(), remote: true, idempotent: true }],
        },
    );
}

pub(crate) fn add_call(ir: &mut Ir, from: &str, to: &str) {
    let kind = EdgeKind::Calls { interface: format!("app::{to}"), methods: vec!["get".into()] };
    add_edge(ir, from, to, kind);
}

pub(crate) fn add_host(ir: &mut Ir, process: &str, instance: &str) {
    let key = format!("process:{process}");
    if ir.node(&NodeKey::new(&*key)).is_none() {
        add_node(ir, &key, NodeKind::Process { replicas: 1, once: false });
    }
    add_edge(ir, &key, instance, EdgeKind::Hosts);
}

/// A wrapper on a call, which passes on to `inner`.
pub(crate) fn add_wrapper(ir: &mut Ir, call: &str, plugin: &str, slot: ClientSlot, inner: &str) {
    let key = format!("{call}.{plugin}");
    add_node(
        ir,
        &key,
        NodeKind::Wrapper { plugin: plugin.into(), slot: Slot::Client(slot), owner: call.into() },
    );
    add_edge(ir, &key, inner, EdgeKind::Wraps);
}

/// A service that listens with `grpc`, with a `trace` around it.
pub(crate) fn add_listener(ir: &mut Ir, name: &str) {
    let listener = format!("{name}.grpc");
    let server =
        NodeKind::Transport { plugin: "grpc".into(), side: Side::Server, owner: name.into() };
    add_node(ir, &listener, server);
    let trace = format!("{listener}.trace");
    let slot = Slot::Server(ServerSlot::Trace);
    add_node(
        ir,
        &trace,
        NodeKind::Wrapper { plugin: "trace".into(), slot, owner: listener.clone() },
    );
    add_edge(ir, &listener, &trace, EdgeKind::Wraps);
    add_edge(ir, &trace, name, EdgeKind::Serves);
    let address = format!("address:{}_GRPC", name.to_uppercase());
    add_node(ir, &address, NodeKind::Address { port: 7000 });
    add_edge(ir, &address, &listener, EdgeKind::Serves);
}

/// The client end of a call to a service that listens.
pub(crate) fn add_client_end(ir: &mut Ir, from: &str, to: &str) {
    let call = format!("{from}->{to}");
    let key = format!("{call}.grpc");
    add_node(
        ir,
        &key,
        NodeKind::Transport { plugin: "grpc".into(), side: Side::Client, owner: call },
    );
    add_edge(ir, &key, &format!("address:{}_GRPC", to.to_uppercase()), EdgeKind::Wraps);
}

/// `a` calls `b` in another process through timeout and retry; `b` calls `c` in its own.
pub(crate) fn sample() -> Ir {
    let mut ir = Ir::new();
    for name in ["a", "b", "c"] {
        add_service(&mut ir, name);
    }
    add_call(&mut ir, "a", "b");
    add_call(&mut ir, "b", "c");
    add_host(&mut ir, "one", "a");
    add_host(&mut ir, "two", "b");
    add_host(&mut ir, "two", "c");
    add_listener(&mut ir, "b");
    add_client_end(&mut ir, "a", "b");
    add_wrapper(&mut ir, "a->b", "retry", ClientSlot::Retry, "a->b.grpc");
    add_wrapper(&mut ir, "a->b", "timeout", ClientSlot::Deadline, "a->b.retry");
    add_wrapper(&mut ir, "b->c", "timeout", ClientSlot::Deadline, "c");
    ir
}
