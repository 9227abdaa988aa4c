//! `examples/hotel` beside the benchmark that it ports.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use bp_build::{Application, CompileOptions};
use bp_plugin::plan::Plan;
use bp_system::MemorySystem;
use libtest_mimic::Trial;
use serde_json::Value as Json;

use crate::{bp, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("hotel::graph", graph), trial("hotel::interfaces", interfaces)]
}

fn fact(name: &str) -> Result<Json> {
    let path = bp::root().join("golden-tests/data/hotel").join(name);
    Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
}

fn text<'a>(value: &'a Json, key: &str) -> Result<&'a str> {
    value[key].as_str().with_context(|| format!("`{key}` in {value}"))
}

/// The instance that stands for a node of the benchmark; `None` for its infrastructure.
fn instance(node: &str) -> Option<String> {
    match node {
        "consul" | "jaeger" => None,
        // The one store that is not named after its service.
        "memcached-reserve" => Some("reservation_cache".to_owned()),
        _ => Some(match (node.strip_prefix("memcached-"), node.strip_prefix("mongodb-")) {
            (Some(service), _) => format!("{service}_cache"),
            (_, Some(service)) => format!("{service}_db"),
            (None, None) => node.to_owned(),
        }),
    }
}

/// Services, stores and calls are the benchmark's, except the init that fills the databases.
fn graph() -> Result<()> {
    let topology = fact("topology.json")?;
    let nodes = topology["nodes"].as_array().context("nodes")?;
    let edges = topology["edges"].as_array().context("edges")?;
    let mut instances = BTreeSet::new();
    for node in nodes {
        instances.extend(instance(text(node, "id")?));
    }
    let mut calls = BTreeSet::new();
    for edge in edges {
        let end =
            |key| anyhow::Ok(instance(text(edge, key)?).context("an edge of infrastructure")?);
        calls.insert(format!("{}->{}", end("from")?, end("to")?));
    }
    instances.insert("seed".to_owned());
    let databases: Vec<&String> = instances.iter().filter(|i| i.ends_with("_db")).collect();
    ensure!((databases.len(), calls.len()) == (8, 21), "the facts changed: {calls:?}");
    calls.extend(databases.into_iter().map(|db| format!("seed->{db}")));
    calls.insert("client->frontend".to_owned());
    for wiring in bp::wirings("hotel") {
        let plan = compile(&wiring, None)?;
        let planned: BTreeSet<String> = plan.instances.keys().cloned().collect();
        ensure!(planned == instances, "{wiring}: {:?}", planned.symmetric_difference(&instances));
        let planned: BTreeSet<String> = plan.edges.keys().cloned().collect();
        ensure!(planned == calls, "{wiring}: {:?}", planned.symmetric_difference(&calls));
        ensure!(
            plan.inits.contains_key("seed") && !plan.processes.contains_key("seed"),
            "{wiring}"
        );
    }
    Ok(())
}

/// `NearbyRest` is `nearby_rest`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Every service has the benchmark's methods and no other, and each takes what the benchmark's message holds.
fn interfaces() -> Result<()> {
    let idl = fact("idl.json")?;
    let plan = compile("local", None)?;
    let services = idl["services"].as_object().context("services")?;
    ensure!(services.len() == 9, "the facts changed");
    for (path, methods) in services {
        let (package, name) = path.split_once('.').context("a package")?;
        let interface = plan
            .interfaces
            .iter()
            .find_map(|(path, i)| (path.rsplit("::").next() == Some(name)).then_some(i))
            .with_context(|| format!("no interface `{name}`"))?;
        let methods = methods.as_array().context("methods")?;
        let mut wanted = BTreeSet::new();
        for method in methods {
            let message = format!("{package}.{}", text(method, "request")?);
            let fields = idl["messages"][&message].as_array().context("a message")?;
            // A repeated field's name is a plural here.
            let field = |field: &Json| {
                let name = snake(text(field, "name")?);
                let plural = field["label"] == "repeated" && !name.ends_with('s');
                anyhow::Ok(if plural { format!("{name}s") } else { name })
            };
            let fields = fields.iter().map(field).collect::<Result<Vec<_>>>()?;
            wanted.insert(format!("{}({})", snake(text(method, "name")?), fields.join(", ")));
        }
        let found = interface.methods.iter().map(|method| {
            let names: Vec<&str> = method.arguments.iter().map(|a| a.name.as_str()).collect();
            format!("{}({})", method.name, names.join(", "))
        });
        let found: BTreeSet<String> = found.collect();
        ensure!(found == wanted, "{name}: {found:?}, the benchmark has {wanted:?}");
    }
    Ok(())
}

/// The plan of a wiring, or of one that extends it by some lines.
pub(crate) fn compile(wiring: &str, more: Option<&str>) -> Result<Plan> {
    // As deep as in the repository, because the wiring has a relative path to its root.
    let mut system = MemorySystem::new().inside("/bp/examples/hotel");
    for folder in ["workflow", "workflow/src", "wiring"] {
        for entry in std::fs::read_dir(bp::root().join("examples/hotel").join(folder))? {
            let path = entry?.path();
            if !path.is_file() {
                continue;
            }
            let name = path.file_name().and_then(|n| n.to_str()).context("a name")?;
            system = system.with_file(format!("{folder}/{name}"), std::fs::read(&path)?);
        }
    }
    let mut name = format!("wiring/{wiring}.toml");
    if let Some(lines) = more {
        let text = format!("extends = \"{wiring}.toml\"\n{lines}\n");
        "wiring/changed.toml".clone_into(&mut name);
        system = system.with_file(&name, text);
    }
    let application = Application::find(&system, Some(&name))
        .map_err(|fault| anyhow::anyhow!("{wiring}: {}", fault.message))?;
    let registry = bp_build::builtin();
    let compiled = bp_build::compile(&system, &registry, application, CompileOptions::default());
    let said: Vec<String> = compiled.diagnostics.sorted().into_iter().map(|d| d.message).collect();
    ensure!(said.is_empty(), "{wiring} with {more:?}: {said:#?}");
    compiled.plan.with_context(|| format!("no plan of {}", Path::new(&name).display()))
}
