//! Generated Rust stays as it is under prettyplease, whatever the names' lengths.

use super::*;
use crate::generated::GENERATED;
use crate::testing::{plan_with_names, small_plan};

fn is_rust(path: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|e| e == "rs")
}

fn assert_fixpoint(plan: &Plan) {
    let input = RustInput {
        carried: std::collections::BTreeMap::default(),
        packages: std::collections::BTreeMap::default(),
        to_root: "../../../..".into(),
        runtime: Some("vendor/bp".into()),
        tests: vec!["smoke".into()],
        lock: None,
        origin: "process".into(),
    };
    let (artifacts, faults) = emit_rust(plan, "{}", &input);
    assert!(faults.is_empty(), "{faults:?}");
    let mut seen = 0;
    for (path, artifact) in artifacts.iter().filter(|(p, _)| is_rust(p.as_str())) {
        let text = std::str::from_utf8(&artifact.bytes).expect("UTF-8");
        let body = text.strip_prefix(GENERATED).expect("the mark comes first");
        let file = syn::parse_file(body).unwrap_or_else(|e| panic!("{path}: {e}\n{body}"));
        let formatted = prettyplease::unparse(&file);
        if let Some((line, (ours, theirs))) =
            body.lines().zip(formatted.lines()).enumerate().find(|(_, (a, b))| a != b)
        {
            panic!(
                "{path}:{line}
{ours}
--- instead of
{theirs}
--- in
{formatted}"
            );
        }
        assert_eq!(body, formatted, "{path}");
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
}

#[test]
fn a_small_plan_is_a_fixpoint() {
    assert_fixpoint(&small_plan());
}

#[test]
fn names_of_every_length_are_a_fixpoint() {
    for length in 1..=60 {
        assert_fixpoint(&plan_with_names(length));
    }
}

#[test]
fn a_service_stays_within_its_budget() {
    let mut plan = small_plan();
    plan.implementations.retain(|_, i| i.is_async);
    for implementation in plan.implementations.values_mut() {
        implementation.parameters.truncate(2);
    }
    for interface in plan.interfaces.values_mut() {
        interface.methods.truncate(3);
    }
    let (artifacts, _) = emit_rust(&plan, "{}", &RustInput::default());
    let bytes: usize = artifacts
        .iter()
        .filter(|(p, _)| {
            p.as_str().ends_with("interfaces/cart.rs") || p.as_str().ends_with("instances.rs")
        })
        .map(|(_, a)| a.bytes.len())
        .sum();
    assert_eq!(plan.implementations.len(), 1);
    assert!(bytes <= 3 * 1024, "{bytes} bytes");
}
