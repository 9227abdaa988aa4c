//! Descriptions for other teams' clients are read by standard tools: every `.proto` by protoc, without a warning, and every OpenAPI document by a validator.
//!
//! Workflows are those of the examples, of the applications here, of all cases that `bp check` accepts, and random ones with hostile names.

mod hostile;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use bp_build::{Application, BuildInput, CompileOptions, Compiled};
use bp_plugin::Registry;
use bp_system::{MemorySystem, RealSystem, System};
use camino::Utf8Path;
use golden_tests::annotate::strip;
use golden_tests::archive::Archive;
use libtest_mimic::Trial;

use crate::{bp, cases, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("described::documents", documents),
        trial("described::hostile_names", hostile::names),
        trial("described::faults_are_found", faults_are_found),
    ]
}

/// Texts by where they come from.
#[derive(Debug, Default)]
struct Documents {
    protos: BTreeMap<String, String>,
    openapi: BTreeMap<String, String>,
}

impl Documents {
    /// Adds what `bp build` writes of an application that `bp check` accepts.
    fn add(&mut self, from: &str, system: &dyn System, registry: &Registry, compiled: &Compiled) {
        let Some(plan) = &compiled.plan else { return };
        if compiled.diagnostics.has_errors() {
            return;
        }
        let input = BuildInput {
            system,
            registry,
            application: &compiled.application,
            sources: &compiled.sources,
            out: Utf8Path::new("build/local"),
            targets: &[],
            runtime_span: compiled.runtime_span(),
            // A patched file is the user's own responsibility.
            patches: &[],
        };
        for (path, artifact) in bp_build::make_artifacts(plan, &input).0.iter() {
            let text = String::from_utf8_lossy(&artifact.bytes).into_owned();
            let from = format!("{from}: {path}");
            if path.as_str().starts_with("proto/") {
                self.protos.insert(from, text);
            } else if path.as_str().starts_with("openapi/") {
                self.openapi.insert(from, text);
            }
        }
    }

    /// Shows both kinds to the tools that read them.
    fn check(&self) -> Result<()> {
        validate(&self.openapi)?;
        protoc(&self.protos)
    }
}

/// Every example, application and case.
fn documents() -> Result<()> {
    let registry = bp_build::builtin();
    let mut documents = Documents::default();
    let system = RealSystem::new();
    let mut applications = Vec::new();
    for folder in ["examples", "golden-tests/apps", "golden-tests/apps/evolve"] {
        for entry in std::fs::read_dir(bp::root().join(folder))? {
            applications.push(entry?.path());
        }
    }
    for wirings in applications.iter().map(|folder| folder.join("wiring")).filter(|w| w.is_dir()) {
        for wiring in std::fs::read_dir(wirings)? {
            let wiring = wiring?.path();
            let path = wiring.to_str().context("a path in UTF-8")?;
            let Ok(found) = Application::find(&system, Some(path)) else { continue };
            let compiled = bp_build::compile(&system, &registry, found, CompileOptions::default());
            documents.add(path, &system, &registry, &compiled);
        }
    }
    let (protos, openapi) = (documents.protos.len(), documents.openapi.len());
    ensure!(protos >= 8 && openapi >= 8, "{protos} .proto and {openapi} OpenAPI of applications");
    for path in cases::paths() {
        let case = strip(&Archive::parse(&std::fs::read_to_string(&path)?));
        let mut system = MemorySystem::new().inside("/app");
        for part in &case.parts {
            system = system.with_file(&part.path, part.bytes());
        }
        let wirings = case.parts.iter().filter(|part| part.path.starts_with("wiring/"));
        for wiring in wirings {
            let Ok(found) = Application::find(&system, Some(&wiring.path)) else { continue };
            let compiled = bp_build::compile(&system, &registry, found, CompileOptions::default());
            let from = format!("{}: {}", path.display(), wiring.path);
            documents.add(&from, &system, &registry, &compiled);
        }
    }
    ensure!(documents.protos.len() > protos, "no case has a .proto");
    ensure!(documents.openapi.len() > openapi, "no case has an OpenAPI document");
    documents.check()
}

/// Runs a Python program over texts, in one process; its output lists what is wrong.
fn python(module: &str, package: &str, program: &str, texts: &serde_json::Value) -> Result<()> {
    let there = Command::new("python3").args(["-c", &format!("import {module}")]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        ensure!(std::env::var_os("CI").is_none(), "CI installs {package}");
        println!("skipped: python3 has no {package} (pip install {package})");
        return Ok(());
    }
    let mut python = Command::new("python3")
        .args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut input = python.stdin.take().context("an input")?;
    let text = texts.to_string();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = python.wait_with_output()?;
    writer.join().map_err(|_| anyhow::anyhow!("the writer panicked"))??;
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && said.trim() == "done", "{said}");
    Ok(())
}

/// protoc accepts every text without a warning; equal texts are read once.
fn protoc(texts: &BTreeMap<String, String>) -> Result<()> {
    const PROGRAM: &str = r#"
import json, os, sys, tempfile
from grpc_tools import protoc
for name, text in json.load(sys.stdin):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "application.proto")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        said = os.path.join(folder, "said")
        kept = os.dup(2)
        with open(said, "wb") as errors:
            os.dup2(errors.fileno(), 2)
            code = protoc.main(["protoc", "-I" + folder, "--descriptor_set_out=" + os.path.join(folder, "set"), path])
        os.dup2(kept, 2)
        os.close(kept)
        with open(said, encoding="utf-8") as errors:
            words = errors.read()
        if code or words:
            print(name, code, words, text, sep="\n")
print("done")
"#;
    let mut seen = BTreeSet::new();
    let distinct: Vec<_> = texts.iter().filter(|(_, text)| seen.insert(*text)).collect();
    python("grpc_tools", "grpcio-tools", PROGRAM, &serde_json::json!(distinct))
}

/// The validator accepts every document.
fn validate(texts: &BTreeMap<String, String>) -> Result<()> {
    const PROGRAM: &str = r#"
import json, sys
from openapi_spec_validator import OpenAPIV31SpecValidator
for name, text in json.load(sys.stdin):
    document = json.loads(text)
    for error in OpenAPIV31SpecValidator(document).iter_errors():
        print(name, error.message, sep="\n")
    ids = [o["operationId"] for path in document["paths"].values() for o in path.values()]
    if len(ids) != len(set(ids)):
        print(name, "an operationId is used twice", sep="\n")
print("done")
"#;
    let mut seen = BTreeSet::new();
    let distinct: Vec<_> = texts.iter().filter(|(_, text)| seen.insert(*text)).collect();
    python(
        "openapi_spec_validator",
        "openapi-spec-validator",
        PROGRAM,
        &serde_json::json!(distinct),
    )
}

/// The tools must also reject a wrong text, or their acceptance would prove nothing.
fn faults_are_found() -> Result<()> {
    let proto = |body: &str| {
        let text = format!("syntax = \"proto3\";\npackage p;\n{body}\n");
        BTreeMap::from([("a fault".to_owned(), text)])
    };
    protoc(&proto("message M { string a = 1; }"))?;
    let tools = Command::new("python3").args(["-c", "import grpc_tools"]).output();
    if tools.is_ok_and(|output| output.status.success()) {
        for body in [
            "message M { string a_1 = 1; string a1 = 2; }",
            "enum E { E_A = 0; } enum F { E_A = 0; }",
            "import \"google/protobuf/empty.proto\";",
        ] {
            ensure!(protoc(&proto(body)).is_err(), "accepted: {body}");
        }
    }
    Ok(())
}
