//! `bp graph --format html` in a browser: what a person does with the page, done by a program.
//!
//! Whether it stays usable at 3,000 services is counted (what one frame draws), not timed.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::browser::{Page, program};
use crate::{bp, demo, text};

/// Writes the page of a wiring beside its application.
fn page(root: &Path, wiring: &str) -> PathBuf {
    let done = bp(root, &["graph", wiring, "--format", "html"]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let file = root.join(format!("{wiring}.html"));
    fs::write(&file, done.stdout).expect("written");
    file
}

/// Where the middle of a node, or a process's upper edge, is on the screen.
fn place(page: &mut Page, key: &str) -> (f64, f64) {
    let place = page.get(&format!(
        "(() => {{ const t = bp.model.find('{key}'), g = bp.model.groups[t.id];
           const b = t.kind === 'node' ? bp.model.nodes[t.id].box : g.folded ? g.small : g.box;
           const [x, y] = bp.view.screen(b[0] + b[2] / 2, t.kind === 'node' ? b[1] + b[3] / 2 : b[1] + 8);
           const r = bp.view.canvas.getBoundingClientRect(); return [x + r.left, y + r.top]; }})()"
    ));
    (place[0].as_f64().expect("x"), place[1].as_f64().expect("y"))
}

fn camera(page: &mut Page) -> (f64, f64, f64) {
    let c = page.get("({ ...bp.view.camera })");
    let get = |name: &str| c[name].as_f64().expect("a number");
    (get("x"), get("y"), get("scale"))
}

const SELECTED: &str = "(s => s && { node: bp.model.nodes, edge: bp.model.edges, group: bp.model.groups }[s.kind][s.id].key)(bp.model.state.selected)";

#[test]
#[expect(clippy::too_many_lines, reason = "one visit, from the first look to the last")]
fn a_person_can_look_around() {
    let Some(program) = program() else { return };
    let folder = demo();
    let root = folder.path().join("demo");
    let file = page(&root, "local");
    let again = bp(&root, &["graph", "local", "--format", "html"]);
    assert!(fs::read(&file).expect("read") == again.stdout, "the page is not the same twice");
    let mut p = Page::open(program, &file, "");
    p.rest();
    p.picture("demo");
    // Pan: the graph goes where the pointer goes.
    let (x, y, scale) = camera(&mut p);
    p.drag((300.0, 700.0), (360.0, 660.0));
    p.release((360.0, 660.0));
    let (x2, y2, same) = camera(&mut p);
    assert!((x - x2 - 60.0 / scale).abs() < 0.01 && (y2 - y - 40.0 / scale).abs() < 0.01);
    assert!((same - scale).abs() < 1e-9);
    assert!(p.get(SELECTED).is_null(), "a drag selects nothing");
    // Zoom: what is under the pointer stays there.
    let before = place(&mut p, "greeter");
    p.wheel(before, -240.0);
    let after = place(&mut p, "greeter");
    assert!(camera(&mut p).2 > scale * 1.2);
    assert!((before.0 - after.0).abs() < 1.0 && (before.1 - after.1).abs() < 1.0);
    p.key("0");
    assert!((camera(&mut p).2 - scale).abs() < 1e-9, "`0` shows everything again");
    // Click: the values of an instance and the lines that set them.
    let greeter = place(&mut p, "greeter");
    p.click(greeter);
    assert_eq!(p.get(SELECTED), "greeter");
    let panel = p.text("document.getElementById('panel').innerText");
    assert!(panel.contains("GreeterImpl") && panel.contains("wiring/local.toml:"), "{panel}");
    // Search by keyboard alone, a call by both names.
    p.key("/");
    p.write("greeter -> vis");
    assert_eq!(p.text("document.activeElement.getAttribute('aria-expanded')"), "true");
    assert_eq!(p.get("document.querySelectorAll('#results [role=option]').length"), 1);
    p.key("Enter");
    assert_eq!(p.get(SELECTED), "greeter->visits");
    p.rest();
    p.picture("edge");
    // The panel: every wrapper, in the order of the chain, with values and origins.
    let plan = bp(&root, &["ir", "local", "--plan", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_slice(&plan.stdout).expect("JSON");
    let edge = &plan["edges"]["greeter->visits"];
    let listener = &plan["listeners"][edge["listener"].as_str().expect("remote")];
    let names = |list: &serde_json::Value| -> Vec<String> {
        let each = list.as_array().expect("wrappers").iter();
        each.map(|w| w["plugin"].as_str().expect("a name").to_owned()).collect()
    };
    let mut wanted = names(&edge["client"]);
    assert!(wanted.len() > 2, "{wanted:?}");
    wanted.push(edge["transport"]["plugin"].as_str().expect("a transport").to_owned());
    wanted.extend(names(&listener["serves"]["visits"]["server"]));
    let shown =
        p.get("[...document.querySelectorAll('#panel .chain > li')].map(e => e.dataset.plugin)");
    assert_eq!(shown, serde_json::json!(wanted));
    let retry = p.text("document.querySelector('#panel [data-plugin=retry]').innerText");
    let origin = edge["client"].as_array().expect("wrappers").iter();
    let origin = origin.filter(|w| w["plugin"] == "retry").map(|w| w["origin"].as_str());
    let origin = origin.flatten().next().expect("an origin");
    assert!(retry.contains("attempts") && retry.contains(origin), "{retry}");
    // Follow: step along the call and back.
    let lit = "bp.model.highlight()";
    assert_eq!(
        p.get(&format!("[...{lit}.out].map(e => bp.model.edges[e].key)"))[0],
        "greeter->visits"
    );
    p.get("document.querySelector('#panel ul.links button').click()");
    assert!(p.text(SELECTED).starts_with("visits->"), "{}", p.text(SELECTED));
    assert_eq!(p.number(&format!("{lit}.trail.size")), 2);
    assert!(p.text("document.getElementById('trail').innerText").contains("greeter"));
    p.picture("trail");
    p.key("[");
    assert_eq!(p.get(SELECTED), "greeter->visits");
    // Downstream of the outside world is everything, upstream of it nothing.
    p.get("bp.panel.look('node', bp.model.find('client').id)");
    p.get("document.querySelector('#panel [data-reach=down]').click()");
    assert_eq!(p.get(&format!("{lit}.out.size === bp.model.edges.length")), true);
    p.get("document.querySelector('#panel [data-reach=up]').click()");
    assert_eq!(p.number(&format!("{lit}.into.size")), 0);
    // Fold: the process becomes one box, and its inner calls are not drawn.
    p.key("Escape");
    p.key("0");
    let lines = p.number("bp.model.lines().length");
    let process = place(&mut p, "process:visits");
    p.double_click(process);
    assert!(p.number("bp.model.lines().length") < lines);
    assert_eq!(p.get("bp.model.groups.filter(g => g.folded).length"), 1);
    p.key("f");
    assert_eq!(p.get("bp.model.groups.every(g => g.folded)"), true);
    p.rest();
    assert_eq!(p.number("bp.view.stats.nodes"), 1, "only `client` is in no process");
    p.picture("folded");
    p.key("u");
    assert_eq!(p.number("bp.model.lines().length"), lines);
    // Light and dark.
    p.get("document.getElementById('theme').click()");
    assert_eq!(p.text("document.documentElement.dataset.theme"), "dark");
    p.rest();
    p.picture("dark");
    // Nothing is asked of the network, and nothing went wrong.
    assert_eq!(p.get("performance.getEntriesByType('resource').length"), 0);
    assert_eq!(p.get("window.faults"), serde_json::json!([]));
}

/// What a name says is text wherever it appears.
#[test]
fn hostile_text_stays_text() {
    let Some(program) = program() else { return };
    let folder = demo();
    let root = folder.path().join("demo");
    let wiring = root.join("wiring/local.toml");
    let good = fs::read_to_string(&wiring).expect("read");
    let evil =
        "</script><script>window.evil = 1</script><img src=x onerror=\\\"window.evil = 2\\\">";
    let bad = good.replacen("\"Hello\"", &format!("\"{evil}\""), 1);
    assert_ne!(good, bad);
    fs::write(&wiring, bad).expect("written");
    let file = page(&root, "local");
    let html = fs::read_to_string(&file).expect("read");
    assert!(html.contains("window.evil"), "the value is in the page");
    assert_eq!(html.matches("</script>").count(), 2);
    let mut p = Page::open(program, &file, "#select=greeter");
    p.rest();
    assert!(p.text("document.getElementById('panel').innerText").contains("<script>window.evil"));
    assert_eq!(p.text("typeof window.evil"), "undefined");
    assert_eq!(p.get("window.faults"), serde_json::json!([]));
}

/// Services of the large application.
const MANY: usize = 3000;

/// A tree of services with further calls that close cycles, a sixth of them in processes of thirty.
fn large(root: &Path) {
    let mut code = String::from(
        "use std::sync::Arc;\nuse bp_std::prelude::*;\n#[derive(Debug, ServiceError)]\npub enum E { #[infra] Infra(Infra) }\n",
    );
    let mut wiring =
        String::from("[app]\nname = \"large\"\nworkflow = \"../workflow\"\n[service]\n");
    for i in 0..MANY {
        let callees =
            std::collections::BTreeSet::from([2 * i + 1, 2 * i + 2, (i * 37 + 11) % MANY]);
        let callees: Vec<String> = callees
            .into_iter()
            .filter(|c| *c < MANY && *c != i)
            .map(|c| format!("d{c}: Arc<dyn T{c}>"))
            .collect();
        let _ = writeln!(
            code,
            "#[service] pub trait T{i} {{ #[idempotent] async fn get(&self) -> Result<u32, E>; }}\npub struct I{i};\nimpl I{i} {{ pub async fn new({}) -> Result<Self, InitError> {{ Ok(Self) }} }}\n#[service] impl T{i} for I{i} {{ async fn get(&self) -> Result<u32, E> {{ Ok(1) }} }}",
            callees.join(", ")
        );
        let _ = writeln!(wiring, "svc-{i} = {{ impl = \"I{i}\" }}");
    }
    wiring.push_str("[edge.\"*\"]\nrpc = \"grpc\"\ntimeout = \"2s\"\nretry = { attempts = 3, budget = 0.1 }\n[edge.\"client -> svc-0\"]\nrpc = \"http\"\n[target]\nenabled = [\"process\"]\n");
    for team in 0..17 {
        let members: Vec<String> =
            (team * 30..team * 30 + 30).map(|i| format!("\"svc-{i}\"")).collect();
        let _ = writeln!(wiring, "[process.team-{team}]\nservices = [{}]", members.join(", "));
    }
    fs::create_dir_all(root.join("workflow/src")).expect("made");
    fs::create_dir_all(root.join("wiring")).expect("made");
    let manifest = "[package]\nname = \"large-workflow\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nbp-std = { path = \"../vendor\" }\n";
    fs::write(root.join("workflow/Cargo.toml"), manifest).expect("written");
    fs::write(root.join("workflow/src/lib.rs"), code).expect("written");
    fs::write(root.join("wiring/local.toml"), wiring).expect("written");
}

#[test]
fn three_thousand_services_stay_usable() {
    let Some(program) = program() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    large(folder.path());
    let file = page(folder.path(), "local");
    // Wrappers that edges share are there once.
    let size = fs::metadata(&file).expect("the page").len();
    assert!(size < 6 << 20, "{size} bytes");
    let mut p = Page::open(program, &file, "");
    p.rest();
    p.picture("large");
    let stats = |p: &mut Page, name: &str| p.number(&format!("bp.view.stats.{name}"));
    assert_eq!(stats(&mut p, "nodes"), MANY as u64 + 1, "everything is in sight");
    assert_eq!(stats(&mut p, "labels"), 0, "no text that nobody could read");
    assert_eq!(stats(&mut p, "curves"), 0, "straight lines from afar");
    assert!(stats(&mut p, "strokes") <= 12);
    // While it moves, its lines are a picture.
    p.drag((400.0, 500.0), (500.0, 450.0));
    p.until("bp.view.stats.moved === 1 && bp.view.stats.lines === 0");
    p.release((500.0, 450.0));
    p.rest();
    assert!(stats(&mut p, "lines") > 1000 && stats(&mut p, "moved") == 0);
    // Found among thousands, at a size that can be read, and little else is drawn.
    p.key("/");
    p.write("svc-2345");
    p.key("Enter");
    p.rest();
    p.picture("large-node");
    assert_eq!(p.get(SELECTED), "svc-2345");
    assert!(camera(&mut p).2 > 0.5);
    let (nodes, labels) = (stats(&mut p, "nodes"), stats(&mut p, "labels"));
    assert!(nodes > 1 && nodes < 200 && labels < 400, "{nodes} nodes, {labels} labels");
    assert!(stats(&mut p, "strokes") <= 12);
    // The page's shape is one that a screen can show.
    let ratio = p.get("bp.model.data.size[0] / bp.model.data.size[1]").as_f64().expect("a number");
    assert!(ratio > 0.4 && ratio < 4.0, "{ratio}");
    p.key("Escape");
    p.key("f");
    p.key("0");
    p.rest();
    p.picture("large-folded");
    assert_eq!(stats(&mut p, "nodes"), 1);
    assert_eq!(p.get("window.faults"), serde_json::json!([]));
}

#[test]
fn graphviz_draws_the_dot_form() {
    let folder = demo();
    let root = folder.path().join("demo");
    let graph = bp(&root, &["graph", "local", "--format", "dot"]);
    let file = root.join("graph.dot");
    fs::write(&file, &graph.stdout).expect("written");
    let Ok(drawn) = Command::new("dot").arg("-Tsvg").arg(&file).output() else {
        assert!(std::env::var_os("BP_CI").is_none(), "graphviz is not installed");
        eprintln!("skipped: graphviz is not installed; `cargo xtask ci` installs it");
        return;
    };
    assert!(drawn.status.success() && drawn.stderr.is_empty(), "{}", text(&drawn.stderr));
    let svg = text(&drawn.stdout);
    assert!(svg.contains("<svg") && svg.contains(">greeter<") && svg.contains(">visits_cache<"));
}
