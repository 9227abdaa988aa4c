//! From a topology to an application: a workflow crate and a wiring.
//!
//! A service is one trait, one implementation whose constructor takes its callees, and one idempotent method with a struct as argument and result.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::topology::Topology;

/// How the application is wired.
#[derive(Debug, Clone)]
pub struct Shape {
    /// The application's name.
    pub name: String,
    /// The targets that its wiring enables.
    pub targets: Vec<String>,
    /// From the application's root to the runtime's.
    pub runtime: String,
    /// Which services there are; all when `None`.
    pub only: Option<BTreeSet<usize>>,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            name: "scale".to_owned(),
            targets: ["process", "docker", "compose", "kubernetes"].map(str::to_owned).to_vec(),
            runtime: "vendor/bp".to_owned(),
            only: None,
        }
    }
}

/// Every file of the application, by path from its root.
pub fn write_files(topology: &Topology, shape: &Shape) -> BTreeMap<String, String> {
    let services: Vec<usize> = match &shape.only {
        Some(only) => only.iter().copied().collect(),
        None => (0..topology.services).collect(),
    };
    let mut files = BTreeMap::new();
    files.insert("workflow/Cargo.toml".to_owned(), write_manifest(shape));
    files.insert("workflow/src/lib.rs".to_owned(), write_library(&services));
    for service in &services {
        let path = format!("workflow/src/svc{service}.rs");
        files.insert(path, write_module(topology, *service));
    }
    files.insert("wiring/local.toml".to_owned(), write_wiring(topology, shape, &services));
    files.insert("wiring/monolith.toml".to_owned(), MONOLITH.to_owned());
    files
}

/// A wiring with its tables, and the lines in them, in the opposite order.
pub fn permute_tables(wiring: &str) -> String {
    let tables: Vec<&str> = wiring.split("\n\n").map(str::trim).collect();
    let permuted = tables.into_iter().rev().map(|table| {
        let rows = table.lines().filter(|line| !line.starts_with('#'));
        let (mut head, mut rest): (Vec<&str>, Vec<&str>) =
            rows.partition(|line| line.starts_with('['));
        rest.reverse();
        head.append(&mut rest);
        head.join("\n")
    });
    permuted.collect::<Vec<_>>().join("\n\n")
}

/// Writes the application into a folder, with the parts of a runtime that `bp` reads.
///
/// # Errors
/// When the folder cannot be written.
pub fn place(topology: &Topology, shape: &Shape, folder: &Path, version: &str) -> Result<()> {
    let mut files = write_files(topology, shape);
    let manifest = format!("[workspace.package]\nversion = \"{version}\"\n");
    files.insert(format!("{}/Cargo.toml", shape.runtime), manifest);
    files.insert(format!("{}/stdlib/std/Cargo.toml", shape.runtime), String::new());
    for (path, text) in files {
        let at = folder.join(path);
        fs::create_dir_all(at.parent().context("a file lies in a folder")?)?;
        fs::write(at, text)?;
    }
    Ok(())
}

const MONOLITH: &str = "\
# Everything in one process.
extends = \"local.toml\"
process.all.services = [\"*\"]
";

fn write_manifest(shape: &Shape) -> String {
    format!(
        "[package]\nname = \"{}-workflow\"\nversion = \"0.1.0\"\nedition = \"2024\"\npublish = false\n\n[dependencies]\nbp-std = {{ path = \"../{}/stdlib/std\" }}\n",
        shape.name, shape.runtime
    )
}

fn write_library(services: &[usize]) -> String {
    let mut text = String::from("//! Many services that ask each other.\n\n");
    for service in services {
        let _ = writeln!(text, "mod svc{service};");
    }
    text.push('\n');
    for service in services {
        let _ = writeln!(
            text,
            "pub use svc{service}::{{Svc{service}, Svc{service}Impl, Svc{service}Reply, Svc{service}Request}};"
        );
    }
    text.push_str(
        "
/// What can go wrong.
#[derive(Debug, bp_std::ServiceError)]
pub enum ScaleError {
    /// The request does not say who asks.
    #[status(invalid_argument)]
    Nobody(String),
    /// The infrastructure failed.
    #[infra]
    Infra(bp_std::Infra),
}
",
    );
    text
}

#[expect(clippy::too_many_lines, reason = "a text, in its order")]
/// The module of one service: what it is asked, what it answers, and asking its callees in turn.
fn write_module(topology: &Topology, service: usize) -> String {
    let callees: Vec<usize> = topology.callees(service).collect();
    let mut text = format!(
        "//! Service {service}.\n\nuse std::sync::Arc;\n\nuse bp_std::{{Data, service}};\n\n"
    );
    if callees.is_empty() {
        text = text.replace("use std::sync::Arc;\n\n", "");
    }
    let _ = write!(text, "use crate::{{ScaleError");
    for callee in &callees {
        let _ = write!(text, ", Svc{callee}, Svc{callee}Request");
    }
    let _ = write!(
        text,
        "}};

/// What `svc{service}` is asked.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct Svc{service}Request {{
    /// Who asks.
    pub asker: String,
    /// How many services may be asked in turn.
    pub hops: u32,
    /// Words to carry along.
    pub words: Vec<String>,
}}

/// What `svc{service}` answers.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct Svc{service}Reply {{
    /// Who answered.
    pub name: String,
    /// How many services were asked.
    pub visited: u64,
}}

/// Asks those behind it.
#[service]
pub trait Svc{service} {{
    /// Counts the services that it reaches.
    #[idempotent]
    async fn visit(&self, request: Svc{service}Request) -> Result<Svc{service}Reply, ScaleError>;
}}

/// Service {service} itself.
pub struct Svc{service}Impl {{
"
    );
    for callee in &callees {
        let _ = writeln!(text, "    svc{callee}: Arc<dyn Svc{callee}>,");
    }
    let _ =
        write!(text, "}}\n\nimpl Svc{service}Impl {{\n    /// Takes its callees.\n    pub fn new(");
    for callee in &callees {
        let _ = write!(text, "svc{callee}: Arc<dyn Svc{callee}>, ");
    }
    text.push_str(") -> Self {\n        Self {");
    for callee in &callees {
        let _ = write!(text, " svc{callee},");
    }
    let _ = write!(
        text,
        " }}
    }}
}}

#[service]
impl Svc{service} for Svc{service}Impl {{
    async fn visit(&self, request: Svc{service}Request) -> Result<Svc{service}Reply, ScaleError> {{
        if request.asker.is_empty() {{
            return Err(ScaleError::Nobody(\"svc{service}\".to_owned()));
        }}
        let mut visited = 1;
        if request.hops > 0 {{
            let hops = request.hops - 1;
"
    );
    for callee in &callees {
        let _ = write!(
            text,
            "            let ask = Svc{callee}Request {{ asker: \"svc{service}\".to_owned(), hops, words: request.words.clone() }};
            visited += self.svc{callee}.visit(ask).await?.visited;
"
        );
    }
    if callees.is_empty() {
        text.push_str("            visited += u64::from(hops > u32::MAX / 2);\n");
    }
    let _ = write!(
        text,
        "        }}
        Ok(Svc{service}Reply {{ name: \"svc{service}\".to_owned(), visited }})
    }}
}}
"
    );
    text
}

fn write_wiring(topology: &Topology, shape: &Shape, services: &[usize]) -> String {
    let mut text = format!(
        "# A process a service, gRPC between them.
[app]
name = \"{}\"
workflow = \"../workflow\"
runtime = {{ path = \"../{}\" }}

[edge.\"*\"]
rpc = \"grpc\"
timeout = \"2s\"
retry = {{ attempts = 2, budget = 0.1 }}
trace = \"otlp\"
metrics = true

[server.\"*\"]
trace = \"otlp\"
metrics = true

[target]
enabled = [{}]

[service]
",
        shape.name,
        shape.runtime,
        shape.targets.iter().map(|t| format!("\"{t}\"")).collect::<Vec<_>>().join(", ")
    );
    for service in services {
        let _ = writeln!(text, "svc{service} = {{ impl = \"Svc{service}Impl\" }}");
    }
    let kept: BTreeSet<usize> = services.iter().copied().collect();
    for root in topology.roots().into_iter().filter(|r| kept.contains(r)) {
        let _ = write!(text, "\n[edge.\"client -> svc{root}\"]\nrpc = \"grpc\"\n");
    }
    text
}
