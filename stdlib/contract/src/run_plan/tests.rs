use serde_json::json;

use super::*;

fn wrapper(plugin: &str, attempts: u32) -> WrapperPlan {
    WrapperPlan {
        plugin: plugin.to_owned(),
        settings: json!({ "attempts": attempts }),
        methods: BTreeMap::new(),
        off: BTreeSet::new(),
        each_endpoint: false,
    }
}

fn edge(client: Stack) -> EdgePlan {
    EdgePlan {
        caller: "front".to_owned(),
        callee: "cart".to_owned(),
        interface: "shop::Cart".to_owned(),
        remote: true,
        cyclic: false,
        client,
        transport: Some(TransportPlan { plugin: "grpc".to_owned(), settings: json!({}) }),
        listener: Some("cart.grpc".to_owned()),
        deadline: Some(Duration::from_millis(1500)),
    }
}

fn front() -> InstancePlan {
    let bound = BoundPlan { instance: "cart".to_owned(), edge: "front->cart".to_owned() };
    let parameters = BTreeMap::from([
        ("cart".to_owned(), ParameterPlan::Instance(bound.clone())),
        ("all".to_owned(), ParameterPlan::Instances(InstancesPlan { instances: vec![bound] })),
        ("size".to_owned(), ParameterPlan::Value(ValuePlan { value: json!(3), tunable: true })),
        ("none".to_owned(), ParameterPlan::Absent(AbsentPlan { absent: true })),
    ]);
    InstancePlan::Service {
        implementation: "shop::FrontImpl".to_owned(),
        interface: "shop::Front".to_owned(),
        process: "front".to_owned(),
        component: 1,
        order: 2,
        parameters,
    }
}

fn database() -> InstancePlan {
    InstancePlan::Backend {
        plugin: "memory".to_owned(),
        interface: "bp_backend::Cache".to_owned(),
        processes: BTreeSet::from(["cart".to_owned()]),
        settings: json!({ "max_items": 5 }),
    }
}

fn listener() -> ListenerPlan {
    let served = ServedPlan {
        interface: "shop::Cart".to_owned(),
        server: Stack::default(),
        settings: json!({}),
        deadline: None,
    };
    ListenerPlan {
        process: "cart".to_owned(),
        transport: "grpc".to_owned(),
        settings: json!({}),
        serves: BTreeMap::from([("cart".to_owned(), served)]),
        address: "CART_GRPC".to_owned(),
        port: 10_000,
        entry: false,
    }
}

fn process() -> ProcessPlan {
    ProcessPlan {
        instances: vec!["front".to_owned()],
        listeners: BTreeSet::new(),
        admin: AddressPlan { address: "FRONT_ADMIN".to_owned(), port: 20_000 },
        replicas: 2,
        drain: DrainPlan::default(),
    }
}

fn retry() -> PluginPlan {
    let attempts = SettingPlan {
        kind: SettingType::Count,
        tunable: true,
        min: Some("1".to_owned()),
        max: None,
        words: Vec::new(),
        shorthand: None,
        secret: false,
        when: None,
    };
    PluginPlan {
        key: "retry".to_owned(),
        kind: Some("wrapper".to_owned()),
        shorthand: Some("attempts".to_owned()),
        shared_by_methods: BTreeSet::new(),
        settings: BTreeMap::from([("attempts".to_owned(), attempts)]),
    }
}

fn entry(name: &str, settings: Value) -> EntryPlan {
    EntryPlan { name: name.to_owned(), settings, methods: BTreeMap::new(), off: BTreeSet::new() }
}

/// `[switch.ads]`, which changes without a rebuild.
fn switches() -> TablePlan {
    let on = SettingPlan {
        kind: SettingType::Bool,
        tunable: true,
        min: None,
        max: None,
        words: Vec::new(),
        shorthand: None,
        secret: false,
        when: None,
    };
    TablePlan {
        plugin: "switch".to_owned(),
        place: TablePlace::TopLevel,
        reader: TableReader::Process,
        shorthand: Some("on".to_owned()),
        verbatim: false,
        settings: BTreeMap::from([("on".to_owned(), on)]),
        entries: vec![entry("ads", json!({ "on": true })), entry("tips", json!({ "on": false }))],
    }
}

/// A key of edges, whose entry has settings of its own for a method, and leaves another alone.
fn budgets() -> TablePlan {
    let settings = json!({ "most": 1 });
    let entry = EntryPlan {
        methods: BTreeMap::from([("list".to_owned(), json!({ "most": 2 }))]),
        off: BTreeSet::from(["add".to_owned()]),
        ..entry("front->cart", settings)
    };
    TablePlan {
        plugin: "budget".to_owned(),
        place: TablePlace::Edge,
        reader: TableReader::Mode,
        shorthand: None,
        verbatim: true,
        settings: BTreeMap::new(),
        entries: vec![entry],
    }
}

fn init() -> InitPlan {
    InitPlan { callee: "seed".to_owned(), method: "fill".to_owned(), arguments: json!({}) }
}

/// A plan with one of everything.
fn plan() -> RunPlan {
    fn one<T>(name: &str, value: T) -> BTreeMap<String, T> {
        BTreeMap::from([(name.to_owned(), value)])
    }
    let mut stacks = StackTableBuilder::default();
    let client = stacks.share(vec![wrapper("retry", 2)]);
    RunPlan {
        version: VERSION,
        app: "shop".to_owned(),
        wiring: "local".to_owned(),
        runtime: crate::VERSION.to_owned(),
        plugins: one("retry", retry()),
        descriptions: one("grpc", "syntax = \"proto3\";".into()),
        stacks: stacks.finish(),
        instances: BTreeMap::from([("front".to_owned(), front()), ("db".to_owned(), database())]),
        edges: one("front->cart", edge(client)),
        listeners: one("cart.grpc", listener()),
        processes: one("front", process()),
        inits: one("fill", init()),
        tables: BTreeMap::from([
            ("switch".to_owned(), switches()),
            ("budget".to_owned(), budgets()),
        ]),
        wire: WireTable {
            types: BTreeMap::new(),
            methods: one("shop::Front", one("list", one("user", 1))),
        },
    }
}

#[test]
fn what_is_written_is_read() {
    let written = plan();
    let mut read = RunPlan::parse(&written.to_text()).unwrap();
    // Reading puts each list in the place of its name.
    let client = &mut read.edges.get_mut("front->cart").unwrap().client;
    assert_eq!(**client, [wrapper("retry", 2)]);
    *client = Stack::Named("retry".to_owned());
    assert_eq!(read, written);
}

#[test]
fn each_entry_of_a_table_has_a_line() {
    let text = plan().to_text();
    let section = text.split_once("  \"tables\": ").unwrap().1.split_once("  \"wire\"").unwrap().0;
    let expected = r#"{
    "budget": {
      "plugin": "budget",
      "place": "edge",
      "reader": "mode",
      "verbatim": true,
      "settings": {},
      "entries": [
        {"name":"front->cart","settings":{"most":1},"methods":{"list":{"most":2}},"off":["add"]}
      ]
    },
    "switch": {
      "plugin": "switch",
      "place": "top_level",
      "reader": "process",
      "shorthand": "on",
      "settings": {"on":{"type":"bool","tunable":true}},
      "entries": [
        {"name":"ads","settings":{"on":true}},
        {"name":"tips","settings":{"on":false}}
      ]
    }
  },
"#;
    assert_eq!(section, expected);
    let none = RunPlan { tables: BTreeMap::new(), ..plan() }.to_text();
    assert!(none.contains("\n  \"tables\": {},\n"), "{none}");
}

#[test]
fn every_list_of_wrappers_is_written_once() {
    let mut table = StackTableBuilder::default();
    let names: Vec<Stack> = [("retry", 2), ("retry", 3), ("retry", 2), ("retry", 3)]
        .map(|(plugin, attempts)| table.share(vec![wrapper(plugin, attempts)]))
        .to_vec();
    let named = |name: &str| Stack::Named(name.to_owned());
    assert_eq!(names, [named("retry"), named("retry 2"), named("retry"), named("retry 2")]);
    assert_eq!(table.share(Vec::new()), Stack::default(), "no name for nothing");
    let table = table.finish();
    let names: Vec<&str> = table.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["retry", "retry 2"]);
}

#[test]
fn what_is_wrong_with_a_plan_is_said() {
    let text = plan().to_text();
    let fault = |text: &str| RunPlan::parse(text).unwrap_err().to_string();
    let version = fault(&text.replacen("\"version\": 1", "\"version\": 2", 1));
    assert!(version.contains("has version 2, this runtime reads version 1"), "{version}");
    let runtime = fault(&text.replace(crate::VERSION, "9.9.9"));
    assert!(runtime.contains("is for runtime 9.9.9"), "{runtime}");
    let stack = fault(&text.replace("\"client\":\"retry\"", "\"client\":\"other\""));
    assert!(stack.contains("`other`") && stack.contains("`front->cart`"), "{stack}");
    let field = fault(&text.replace("\"replicas\":2", "\"copies\":2"));
    assert!(field.contains("unknown field `copies`"), "{field}");
}

#[test]
fn an_entry_reaches_whoever_holds_what_it_is_about() {
    // The process or init of each instance; the backend has two.
    let homes = [("front", "shop"), ("cart", "cart"), ("db", "cart"), ("db", "fill")];
    let readers = |place: TablePlace, entry: &str| -> Vec<&str> {
        let reads = |process: &&str| {
            let holds = |name: &str| {
                homes.iter().any(|home| home.0 == name && [home.1, ALL].contains(process))
            };
            place.reaches(entry, process, holds)
        };
        ["shop", "cart", "fill", ALL].into_iter().filter(reads).collect()
    };
    let everybody = ["shop", "cart", "fill", ALL];
    assert_eq!(readers(TablePlace::TopLevel, "ads"), everybody);
    assert_eq!(readers(TablePlace::App, "app"), everybody);
    assert_eq!(readers(TablePlace::Process, "cart"), ["cart", ALL]);
    assert_eq!(readers(TablePlace::Backend, "db"), ["cart", "fill", ALL]);
    assert_eq!(readers(TablePlace::Server, "front"), ["shop", ALL]);
    assert_eq!(readers(TablePlace::Edge, "front->cart"), ["shop", ALL]);
    assert_eq!(readers(TablePlace::Edge, "cart->db"), ["cart", ALL]);
    assert_eq!(readers(TablePlace::Edge, "client->front"), ["shop", ALL]);
}
