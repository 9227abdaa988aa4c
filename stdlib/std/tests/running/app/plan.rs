//! Run plans as the compiler writes them.

use serde_json::{Value, json};

/// `front` and two `back`s, each in a process of its own.
pub fn remote() -> Value {
    let edge = |callee: &str| {
        json!({
            "caller": "front", "callee": callee, "interface": "leaf::Back", "remote": true, "cyclic": false,
            "client": [{ "plugin": "tag", "settings": { "text": "plain", "deep": {} } }],
            "transport": { "plugin": "line", "settings": {} }, "listener": format!("{callee}.line"), "deadline": "30s",
        })
    };
    let listener = |name: &str, interface: &str, address: &str| {
        json!({
            "process": name, "transport": "line", "settings": {}, "address": address, "port": 0, "entry": name == "front",
            "serves": { name: { "interface": interface, "server": [{ "plugin": "tag", "settings": { "text": "served" } }], "settings": {} } },
        })
    };
    let process = |name: &str, address: &str| {
        json!({
            "instances": [name], "listeners": [format!("{name}.line")], "admin": { "address": address, "port": 0 },
            "replicas": 1, "drain": { "delay_ms": 0, "limit_ms": 2000 },
        })
    };
    let back = |label: &str, process: &str| {
        json!({
            "kind": "service", "implementation": "BackImpl", "interface": "leaf::Back", "process": process, "component": 0, "order": 0,
            "parameters": { "label": { "value": label, "tunable": true }, "front": { "absent": true } },
        })
    };
    json!({
        "version": 1, "app": "leaf", "wiring": "test", "runtime": "0.1.0",
        "plugins": {
            "tag": { "key": "tag", "kind": "wrapper", "shorthand": "text", "settings": {
                "text": { "type": "text", "tunable": true },
                "after": { "type": "duration", "tunable": true, "min": "1ms", "max": "1h" },
                "fixed": { "type": "count", "tunable": false },
                "deep": { "type": "table", "tunable": false, "shorthand": "level" },
                "deep.level": { "type": "count", "tunable": true, "max": "9" },
            } },
            "line": { "key": "rpc", "kind": "transport", "shorthand": null, "settings": {
                "max_message": { "type": "size", "tunable": false },
            } },
        },
        "instances": {
            "back": back("one", "back"),
            "other_back": back("two", "other_back"),
            "front": {
                "kind": "service", "implementation": "FrontImpl", "interface": "leaf::Front", "process": "front", "component": 1, "order": 1,
                "parameters": {
                    "back": { "instance": "back", "edge": "front->back" },
                    "others": { "instances": [{ "instance": "other_back", "edge": "front->other_back" }] },
                },
            },
        },
        "edges": {
            "front->back": edge("back"),
            "front->other_back": edge("other_back"),
            "client->front": {
                "caller": "client", "callee": "front", "interface": "leaf::Front", "remote": true, "cyclic": false, "client": [],
                "transport": { "plugin": "line", "settings": {} }, "listener": "front.line", "deadline": "30s",
            },
        },
        "listeners": {
            "back.line": listener("back", "leaf::Back", "BACK_LINE"),
            "other_back.line": listener("other_back", "leaf::Back", "OTHER_BACK_LINE"),
            "front.line": listener("front", "leaf::Front", "FRONT_LINE"),
        },
        "processes": {
            "back": process("back", "BACK_ADMIN"),
            "front": process("front", "FRONT_ADMIN"),
            "other_back": process("other_back", "OTHER_BACK_ADMIN"),
        },
        "tables": tables(),
        "wire": { "types": {}, "methods": {} },
    })
}

/// The tables of the plugin `lights`.
fn tables() -> Value {
    json!({
        "lamp": {
            "plugin": "lights", "place": "top_level", "reader": "process", "shorthand": "on",
            "settings": {
                "on": { "type": "bool", "tunable": true },
                "watts": { "type": "count", "tunable": true, "max": "100" },
            },
            "entries": [{ "name": "loud", "settings": { "on": true, "watts": 5 } }],
        },
        "probe": {
            "plugin": "lights", "place": "top_level", "reader": "mode", "verbatim": true,
            "settings": { "arguments": { "type": "any", "tunable": true } },
            "entries": [
                { "name": "echo", "settings": { "instance": "front", "method": "echo", "arguments": { "text": "hi" } } },
                { "name": "none", "settings": { "instance": "front", "method": "all", "arguments": {} } },
            ],
        },
    })
}

/// The same in one process, with nothing between.
pub fn monolith() -> Value {
    let mut plan = remote();
    for edge in ["front->back", "front->other_back"] {
        let edge = plan["edges"][edge].as_object_mut().unwrap();
        edge.remove("transport");
        edge.remove("listener");
        edge["client"] = json!([]);
        edge["remote"] = json!(false);
    }
    for instance in ["back", "other_back", "front"] {
        plan["instances"][instance]["process"] = json!("front");
    }
    plan["listeners"].as_object_mut().unwrap().retain(|name, _| name == "front.line");
    plan["processes"].as_object_mut().unwrap().retain(|name, _| name == "front");
    plan
}

/// `back` calls `front` again.
pub fn cyclic(mut plan: Value) -> Value {
    let remote = plan["edges"]["front->back"]["remote"].clone();
    plan["edges"]["front->back"]["cyclic"] = json!(true);
    let mut edge = json!({
        "caller": "back", "callee": "front", "interface": "leaf::Front", "remote": remote, "cyclic": true, "client": [],
    });
    if remote == json!(true) {
        edge["transport"] = json!({ "plugin": "line", "settings": {} });
        edge["listener"] = json!("front.line");
    }
    plan["edges"]["back->front"] = edge;
    plan["instances"]["back"]["parameters"]["front"] =
        json!({ "instance": "front", "edge": "back->front" });
    plan
}
