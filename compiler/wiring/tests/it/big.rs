//! Large wirings.

use std::fmt::Write as _;

use bp_wiring::{EdgeKind, EdgeShape, resolve_edges, resolve_processes};

use crate::setup::{accepts, grammar, read_one};

/// A wiring of many services, each with edges of its own rules, and its edges.
fn large(count: usize) -> (String, Vec<EdgeShape>) {
    let mut text = String::from(
        "[app]\nname = \"a\"\nworkflow = \"w\"\n[edge.\"*\"]\nrpc = \"grpc\"\ntimeout = \"1s\"\nretry = { attempts = 3 }\n",
    );
    let mut edges = Vec::new();
    for i in 0..count {
        let next = (i + 1) % count;
        let _ = write!(
            text,
            "[service.s{i}]\nimpl = \"S\"\n[backend.db{i}]\nkind = \"postgres\"\n[edge.\"s{i} -> s{next}\"]\ntimeout = \"{}ms\"\n[process.p{i}]\nservices = [\"s{i}\"]\n",
            i + 1
        );
        let edge = |callee: String, kind| EdgeShape {
            caller: format!("s{i}"),
            callee,
            kind,
            interface: "shop::Any".to_owned(),
            methods: vec!["get".to_owned(), "put".to_owned()],
        };
        edges.push(edge(format!("s{next}"), EdgeKind::Service));
        edges.push(edge(format!("db{i}"), EdgeKind::Backend));
    }
    (text, edges)
}

#[test]
fn three_thousand_services_are_read_and_resolved() {
    let (text, edges) = large(3000);
    let (model, found, _) = read_one(text);
    assert!(found.is_empty());
    let (resolved, found) = resolve_edges(&model, &grammar(), &edges, &accepts);
    assert!(found.is_empty());
    assert_eq!(resolved.len(), 6000);
    assert_eq!(
        resolved[2].edge.settings.get("timeout").map(|i| i.value.to_string()),
        Some("{ after = \"2ms\" }".to_owned())
    );
    let (processes, found) = resolve_processes(&model, &grammar());
    assert!(found.is_empty());
    assert_eq!(processes.len(), 3000);
}
