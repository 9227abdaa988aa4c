//! A plan for the tests of plugins that describe interfaces.

use std::collections::{BTreeMap, BTreeSet};

use bp_contract::wire::WireTable;
use bp_plugin::plan::*;
use bp_plugin::{Plan, Settings};

const U32: TypePlan = TypePlan::Integer { signed: false, bits: 32 };

fn field(name: &str, ty: TypePlan, number: u32) -> FieldPlan {
    FieldPlan { name: name.into(), ty, number, doc: String::new() }
}

fn variant(name: &str, number: u32, shape: Shape, fields: Vec<FieldPlan>) -> VariantPlan {
    VariantPlan { name: name.into(), number, shape, fields, doc: String::new(), status: None }
}

fn type_of(body: TypeBody, error: bool) -> TypeDefPlan {
    TypeDefPlan { body, error, doc: "A type.".into() }
}

fn argument(name: &str, ty: TypePlan, number: u32) -> ArgumentPlan {
    ArgumentPlan { name: name.into(), rust: String::new(), ty, number }
}

fn boxed(ty: &TypePlan) -> Box<TypePlan> {
    Box::new(ty.clone())
}

/// An application whose one service shows every shape of type.
#[expect(clippy::too_many_lines, reason = "a table of types")]
pub(crate) fn plan() -> Plan {
    let named = |name: &str| TypePlan::Named(format!("leaf::{name}"));
    let option = |ty: &TypePlan| TypePlan::Option(boxed(ty));
    let list = |ty: &TypePlan| TypePlan::List(boxed(ty));
    let map = |k: &TypePlan, v: &TypePlan| TypePlan::Map(boxed(k), boxed(v));
    let fields = vec![
        field("sku", TypePlan::String, 1),
        field("count", U32, 4),
        field("note", option(&option(&TypePlan::String)), 3),
        field("grid", list(&list(&U32)), 5),
        field("by_name", map(&TypePlan::String, &list(&U32)), 6),
        field("by_pair", map(&TypePlan::Tuple(vec![U32, U32]), &TypePlan::Bool), 7),
        field("shape", named("types::Shape"), 8),
        field("colour", named("Colour"), 9),
        field("parts", list(&named("Item")), 10),
        field("other", option(&named("other::Shape")), 11),
        field("took", TypePlan::Duration, 12),
    ];
    let shape = vec![
        variant("Empty", 1, Shape::Unit, vec![]),
        variant("Round", 2, Shape::Tuple, vec![field("0", TypePlan::Float { bits: 64 }, 1)]),
        variant("Box", 4, Shape::Named, vec![field("w", U32, 1), field("h", U32, 2)]),
        variant("Many", 5, Shape::Tuple, vec![field("0", list(&named("types::Shape")), 1)]),
    ];
    let unit = |name, number| variant(name, number, Shape::Unit, vec![]);
    let types = BTreeMap::from([
        ("leaf::Item".to_owned(), type_of(TypeBody::Struct { shape: Shape::Named, fields }, false)),
        ("leaf::types::Shape".to_owned(), type_of(TypeBody::Enum { variants: shape }, false)),
        (
            "leaf::other::Shape".to_owned(),
            type_of(TypeBody::Struct { shape: Shape::Unit, fields: vec![] }, false),
        ),
        (
            "leaf::Colour".to_owned(),
            type_of(TypeBody::Enum { variants: vec![unit("Red", 1), unit("DarkBlue", 3)] }, false),
        ),
        (
            "leaf::CartError".to_owned(),
            type_of(TypeBody::Enum { variants: vec![unit("Full", 1)] }, true),
        ),
    ]);
    let method = |name: &str, index, arguments, answer, remote| MethodPlan {
        name: name.into(),
        index,
        idempotent: index == 0,
        remote,
        direct: false,
        arguments,
        returns_rust: String::new(),
        answer,
        error: Some("leaf::CartError".into()),
        doc: "Does it.".into(),
    };
    let cart = InterfacePlan {
        path: "leaf::Cart".into(),
        rust: "leaf::Cart".into(),
        name: "Cart".into(),
        wire_name: "leaf.Cart".into(),
        methods: vec![
            method(
                "list_items",
                0,
                vec![argument("user", TypePlan::String, 2)],
                list(&named("Item")),
                true,
            ),
            method("clear", 1, vec![], TypePlan::Unit, true),
            method("local", 2, vec![], TypePlan::Opaque("usize".into()), false),
        ],
        doc: "A cart.".into(),
    };
    let served = ServedPlan {
        interface: "leaf::Cart".into(),
        server: vec![],
        settings: Settings::default(),
        deadline: None,
    };
    let listener = ListenerPlan {
        process: "cart".into(),
        transport: "grpc".into(),
        settings: Settings::default(),
        serves: BTreeMap::from([("cart".to_owned(), served)]),
        address: AddressPlan { name: "CART_GRPC".into(), port: 7001 },
        entry: false,
        origin: String::new(),
    };
    Plan {
        version: VERSION,
        app: AppPlan {
            name: "leaf".into(),
            workflow_package: "leaf-workflow".into(),
            workflow_crate: "leaf".into(),
            workflow_path: "workflow".into(),
            crates: BTreeMap::new(),
            interface_crates: BTreeMap::new(),
            carried: BTreeSet::new(),
            runtime: RuntimeSource::Unsaid,
            origin: String::new(),
        },
        wiring: "local".into(),
        plugins: BTreeMap::new(),
        interfaces: BTreeMap::from([("leaf::Cart".to_owned(), cart)]),
        types,
        implementations: BTreeMap::new(),
        instances: BTreeMap::new(),
        edges: BTreeMap::new(),
        listeners: BTreeMap::from([("cart.grpc".to_owned(), listener)]),
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
