//! Plans for tests.

use std::collections::{BTreeMap, BTreeSet};

use bp_contract::wire::WireTable;
use bp_plan::{
    AppPlan, ArgumentPlan, ConstructorParameter, ImplementationPlan, InterfacePlan, MethodPlan,
    ParameterKind, Plan, PluginPlan, RuntimeCrate, RuntimeSource, TaskPlan, TypePlan, VERSION,
};

/// One service with a method of each sort.
pub(crate) fn small_plan() -> Plan {
    build_plan("Cart", "add", "item", "leaf_workflow::Item")
}

/// A plan whose names are about `length` long, so that lines break at every place they can.
pub(crate) fn plan_with_names(length: usize) -> Plan {
    let lower = "abcdefghij".repeat(7)[..length].to_owned();
    let upper = format!("C{}", &lower[1..]);
    let ty = format!(
        "std::collections::BTreeMap<leaf::{upper}, ({upper}, Vec<leaf::{upper}>, [u8; 4])>"
    );
    build_plan(&upper, &lower, &format!("{lower}_"), &ty)
}

fn build_method(name: &str, index: u16, arguments: &[(&str, &str)], remote: bool) -> MethodPlan {
    MethodPlan {
        name: name.into(),
        index,
        idempotent: index == 0,
        remote,
        direct: false,
        arguments: arguments
            .iter()
            .map(|(name, ty)| ArgumentPlan {
                name: (*name).into(),
                rust: (*ty).into(),
                ty: TypePlan::String,
                number: 1,
            })
            .collect(),
        returns_rust: format!(
            "Result<{}, leaf_workflow::CartError>",
            arguments.last().map_or("()", |a| a.1)
        ),
        answer: TypePlan::Unit,
        error: Some("leaf_workflow::CartError".into()),
        doc: String::new(),
    }
}

#[expect(clippy::too_many_lines, reason = "one value, written out")]
fn build_plan(interface: &str, name: &str, argument: &str, ty: &str) -> Plan {
    let path = format!("leaf_workflow::{interface}");
    let other = format!("{argument}2");
    let methods = vec![
        build_method("list", 0, &[], true),
        build_method("type", 1, &[("match", "String")], true),
        build_method(name, 2, &[(argument, ty), (&other, ty)], true),
        build_method(&format!("{name}_only"), 3, &[(argument, ty)], true),
        build_method(&format!("{name}_local"), 4, &[(argument, "usize")], false),
    ];
    let direct = MethodPlan {
        direct: true,
        error: None,
        returns_rust: "usize".into(),
        ..build_method(&format!("{name}_direct"), 0, &[(argument, "&str")], false)
    };
    let direct_path = format!("leaf_workflow::{interface}Direct");
    let parameter =
        |name: &str, kind| ConstructorParameter { name: name.into(), kind, backend: false };
    let parameters = vec![
        parameter(name, ParameterKind::Instance(path.clone())),
        parameter("b", ParameterKind::Value(ty.to_owned())),
        parameter(argument, ParameterKind::OptionalInstance("bp_backend::Cache".into())),
        parameter("rest", ParameterKind::Instances(path.clone())),
        parameter("last", ParameterKind::OptionalValue("u32".into())),
    ];
    let implementation = ImplementationPlan {
        path: format!("leaf_workflow::cart::{interface}Impl"),
        rust: format!("leaf_workflow::{interface}Impl"),
        name: format!("{interface}Impl"),
        interface: path.clone(),
        parameters,
        is_async: true,
        fallible: true,
        task: Some(TaskPlan { fallible: false }),
    };
    let plain = ImplementationPlan {
        path: format!("leaf_workflow::cart::{interface}Plain"),
        rust: format!("leaf_workflow::{interface}Plain"),
        name: format!("{interface}Plain"),
        interface: path.clone(),
        parameters: vec![parameter(name, ParameterKind::Value("u32".into()))],
        is_async: false,
        fallible: false,
        task: None,
    };
    let runtime = RuntimeCrate {
        package: format!("bp-rt-{name}"),
        folder: format!("plugins/{name}/runtime"),
    };
    let plugin = PluginPlan {
        key: name.into(),
        kind: "wrapper".into(),
        shorthand: None,
        runtime: Some(runtime),
        environment: Vec::new(),
        means: BTreeMap::new(),
        egress: std::collections::BTreeSet::new(),
        protocol: None,
        shared_by_methods: BTreeSet::new(),
        settings: BTreeMap::new(),
    };
    Plan {
        version: VERSION,
        app: AppPlan {
            name: "leaf".into(),
            workflow_package: "leaf-workflow".into(),
            workflow_crate: "leaf_workflow".into(),
            workflow_path: "workflow".into(),
            crates: BTreeMap::new(),
            interface_crates: BTreeMap::new(),
            carried: BTreeSet::new(),
            runtime: RuntimeSource::Path("vendor/bp".into()),
            origin: "wiring/local.toml:2".into(),
        },
        wiring: "local".into(),
        plugins: BTreeMap::from([(name.to_owned(), plugin)]),
        interfaces: BTreeMap::from([
            (
                path.clone(),
                InterfacePlan {
                    rust: path.clone(),
                    path,
                    name: interface.into(),
                    wire_name: format!("leaf.{interface}"),
                    methods,
                    doc: String::new(),
                },
            ),
            (
                direct_path.clone(),
                InterfacePlan {
                    rust: direct_path.clone(),
                    path: direct_path,
                    name: format!("{interface}Direct"),
                    wire_name: format!("leaf.{interface}Direct"),
                    methods: vec![direct],
                    doc: String::new(),
                },
            ),
        ]),
        types: BTreeMap::new(),
        implementations: BTreeMap::from([
            (implementation.path.clone(), implementation),
            (plain.path.clone(), plain),
        ]),
        instances: BTreeMap::new(),
        edges: BTreeMap::new(),
        listeners: BTreeMap::new(),
        processes: BTreeMap::new(),
        tables: BTreeMap::new(),
        images: None,
        inits: BTreeMap::new(),
        wire: WireTable::default(),
        patches: Vec::new(),
        targets: BTreeMap::new(),
        dropped: BTreeMap::new(),
    }
}
