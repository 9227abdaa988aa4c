//! Keys that a plugin owns in the tables of others, and entries of its own table, in `bp explain` and `bp diff`.

use anyhow::{Context as _, Result, ensure};
use bp_build::{Application, BuildInput, CompileOptions, Compiled, make_artifacts};
use bp_contract::setting::Settings;
use bp_plugin::{Artifacts, OwnedTable, Plugin, Registry, TablePlace, table};
use bp_system::MemorySystem;
use bp_views::diff::{DiffSide, diff, render_text};
use bp_views::explain::{explain, explainable_names};
use bp_views::facts::collect_facts;
use camino::Utf8Path;
use golden_tests::archive::Archive;
use libtest_mimic::Trial;

use crate::{bp, trial};

/// A mark.
#[derive(Settings)]
#[settings(shorthand = "text")]
struct Mark {
    /// What it says.
    #[setting(fixed)]
    text: Option<String>,
    /// How often.
    #[setting(default = 1, fixed)]
    times: u32,
}

/// Nothing that must be written.
#[derive(Settings)]
struct Quiet {
    /// What it says.
    #[setting(fixed)]
    text: Option<String>,
}

const fn key(place: TablePlace, name: &'static str) -> OwnedTable {
    OwnedTable::key::<Mark>(place, name, "a mark")
}

static MARKS: Plugin = table("marks", "Marks things.")
    .tables(&[
        OwnedTable::top_level::<Mark>("mark", "a mark"),
        OwnedTable::key::<Quiet>(TablePlace::App, "quiet", "quiet"),
        key(TablePlace::App, "app_mark"),
        key(TablePlace::Process, "process_mark"),
        key(TablePlace::Backend, "backend_mark"),
        key(TablePlace::Edge, "edge_mark"),
        key(TablePlace::Server, "server_mark"),
    ])
    .declare();

const BASE: &str = r#"extends = "local.toml"
app.app_mark = "a"
app.quiet = true
backend.cart_db.backend_mark = "b"
edge."frontend -> cart".edge_mark = "c"
edge."frontend -> cart.list".edge_mark = { times = 3 }
edge."frontend -> cart.add".edge_mark = false
server.cart.server_mark = "d"
process.front = { services = ["frontend"], process_mark = "e" }
mark.first = "f"
mark.gone = "g"
mark.cart = "h"
target.process.lossy = []
"#;

const CHILD: &str = r#"extends = "base.toml"
app.quiet = false
backend.cart_db.backend_mark.times = 2
edge."frontend -> cart".edge_mark = "cc"
process.front.process_mark = false
mark.gone = false
mark."f*" = { times = 9 }
target.process.lossy = ["storage"]
"#;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("tables::explain", explains), trial("tables::diff", differs)]
}

fn system() -> Result<MemorySystem> {
    let shop =
        Archive::parse(&std::fs::read_to_string(bp::root().join("golden-tests/docs/shop.txt"))?);
    let version = format!("[workspace.package]\nversion = \"{}\"\n", bp_build::runtime::VERSION);
    let mut system = MemorySystem::new()
        .inside("/app")
        .with_file("vendor/bp/stdlib/std/Cargo.toml", "")
        .with_file("vendor/bp/Cargo.toml", version);
    for part in &shop.parts {
        system = system.with_file(&part.path, part.bytes());
    }
    Ok(system.with_file("wiring/base.toml", BASE).with_file("wiring/child.toml", CHILD))
}

fn compile(system: &MemorySystem, registry: &Registry, wiring: &str) -> Result<Compiled> {
    let application = Application::find(system, Some(&format!("wiring/{wiring}.toml")))
        .map_err(|fault| anyhow::anyhow!("{}", fault.message))?;
    let compiled = bp_build::compile(system, registry, application, CompileOptions::default());
    let faults: Vec<&str> = compiled.diagnostics.iter().map(|d| d.message.as_str()).collect();
    ensure!(compiled.plan.is_some() && faults.is_empty(), "{wiring}: {faults:#?}");
    Ok(compiled)
}

/// A page with blanks between its columns made one.
fn page(compiled: &Compiled, name: &str) -> Result<Vec<String>> {
    let plan = compiled.plan.as_ref().context("a plan")?;
    let page = explain(plan, name).map_err(|fault| anyhow::anyhow!("{}", fault.message))?;
    let join = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(page.lines().map(join).collect())
}

fn explains() -> Result<()> {
    let (system, registry) = (system()?, bp_build::builtin().with(&MARKS));
    ensure!(registry.faults().is_empty(), "{:?}", registry.faults());
    let base = compile(&system, &registry, "base")?;
    let child = compile(&system, &registry, "child")?;
    for (compiled, name, lines) in [
        (
            &base,
            "app",
            &[
                "app_mark wiring/base.toml:2",
                "text = \"a\" wiring/base.toml:2",
                "quiet wiring/base.toml:3",
            ][..],
        ),
        (&base, "cart_db", &["backend_mark wiring/base.toml:4", "times = 1 default"]),
        (
            &base,
            "frontend -> cart",
            &[
                "edge_mark wiring/base.toml:5",
                "method list:",
                "times = 3 wiring/base.toml:6",
                "method add: off",
            ],
        ),
        (
            &base,
            "cart",
            &[
                "server_mark wiring/base.toml:8",
                "mark cart wiring/base.toml:12",
                "text = \"h\" wiring/base.toml:12",
            ],
        ),
        (&base, "process:front", &["process_mark wiring/base.toml:9"]),
        (
            &base,
            "mark:first",
            &["mark first wiring/base.toml:10", "text = \"f\" wiring/base.toml:10"],
        ),
        (&base, "gone", &["mark gone wiring/base.toml:11"]),
        (&child, "first", &["times = 9 wiring/child.toml:7"]),
        (&child, "gone", &["dropped:"]),
        (&child, "mark:gone", &["dropped:"]),
        (&child, "target:process", &["dropped:", "lossy = [\"storage\"] wiring/child.toml:8"]),
        (&child, "front", &["dropped:"]),
        (&child, "cart_db", &["text = \"b\" wiring/base.toml:4", "times = 2 wiring/child.toml:3"]),
    ] {
        let page = page(compiled, name)?;
        for line in lines {
            ensure!(page.iter().any(|l| l == line), "{name}: no line `{line}` in {page:#?}");
        }
    }
    let without = page(&child, "process:front")?;
    ensure!(!without.iter().any(|l| l.starts_with("process_mark")), "{without:#?}");
    let names = explainable_names(child.plan.as_ref().context("a plan")?);
    ensure!(names.iter().any(|name| name == "mark:first"), "{names:?}");
    Ok(())
}

fn side<'a>(label: &str, compiled: &'a Compiled, artifacts: &'a Artifacts) -> DiffSide<'a> {
    DiffSide {
        label: label.to_owned(),
        root: &compiled.application.root,
        sources: &compiled.sources,
        wiring: &compiled.wiring,
        plan: compiled.plan.as_ref(),
        artifacts,
    }
}

fn differs() -> Result<()> {
    let (system, registry) = (system()?, bp_build::builtin().with(&MARKS));
    let base = compile(&system, &registry, "base")?;
    let child = compile(&system, &registry, "child")?;
    let facts = collect_facts(base.plan.as_ref().context("a plan")?);
    let kinds =
        ["[app]", "mark:cart", "cart"].map(|key| facts.nodes.get(key).map(|e| e.kind.as_str()));
    ensure!(kinds == [Some("application"), Some("mark"), Some("service")], "{kinds:?}");
    let artifacts = |compiled: &Compiled, out: &str| {
        let input = BuildInput {
            system: &system,
            registry: &registry,
            application: &compiled.application,
            sources: &compiled.sources,
            out: Utf8Path::new(out),
            targets: &[],
            runtime_span: compiled.runtime_span(),
            patches: &compiled.wiring.patches,
        };
        compiled.plan.as_ref().map(|plan| make_artifacts(plan, &input).0).context("a plan")
    };
    let (a, b) = (artifacts(&base, "build/base")?, artifacts(&child, "build/child")?);
    let text = render_text(&diff(&side("base", &base, &a), &side("child", &child, &b)));
    let join = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = text.lines().map(join).collect();
    for part in [
        "[app]",
        "quiet",
        "backend_mark.times",
        "edge_mark.text",
        "process_mark.text",
        "mark:gone",
        "mark:first",
    ] {
        ensure!(lines.iter().any(|line| line.contains(part)), "no `{part}` in {text}");
    }
    for part in ["server_mark", "app_mark", "mark:cart"] {
        ensure!(!text.contains(part), "`{part}` is the same, but stands in {text}");
    }
    Ok(())
}
