//! Random workflows with hostile names: each is refused at the right place, or what is emitted for it is accepted.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, ensure};
use bp_build::{Application, CompileOptions};
use bp_diag::{Diagnostic, Severity};
use bp_system::MemorySystem;
use fastrand::Rng;

use super::Documents;

const APPS: [&str; 6] = ["shop", "grpc", "google", "message", "a-b", "string"];
const SERVICES: [&str; 6] = ["Notes", "NotesPin", "Unit", "Note", "health", "KIND_A"];
const METHODS: [&str; 13] = [
    "pin",
    "_pin",
    "pin_x",
    "x",
    "list_v2",
    "list_v_2",
    "notes_pin_request",
    "r#type",
    "_1",
    "größe",
    "watch",
    "check",
    "http_x",
];
const TYPES: [&str; 26] = [
    "Note",
    "Note_",
    "NotesPinRequest",
    "NotesXResponse",
    "Unit",
    "Duration",
    "FaultDetail",
    "ListOfString",
    "Kind",
    "KindA",
    "KIND",
    "string",
    "message",
    "AB",
    "A_B",
    "Größe",
    "_T",
    "T",
    "ByNameEntry",
    "OptionOfNote",
    "Shape",
    "ShapeBox",
    "EntryOfUnitToNote",
    "Of",
    "To",
    "Date",
];
const FIELDS: [&str; 25] = [
    "line_1",
    "line1",
    "foo_bar",
    "fooBar",
    "foobar",
    "_id",
    "Id",
    "id",
    "r#type",
    "message",
    "option",
    "ByNameEntry",
    "by_name",
    "ByName",
    "Note",
    "variant",
    "google",
    "string",
    "key",
    "value",
    "field_0",
    "länge",
    "reserved",
    "_by_name",
    "XXX",
];
const VARIANTS: [&str; 15] = [
    "Unspecified",
    "UNSPECIFIED",
    "Variant",
    "variant",
    "A_1",
    "A1",
    "A",
    "AB",
    "A_B",
    "Box",
    "NoSuch",
    "Österreich",
    "_1",
    "Note",
    "Unit",
];

/// Distinct names: words of a list, and as many harmless ones.
fn draw_names(random: &mut Rng, words: &[&str], harmless: &str, most: usize) -> Vec<String> {
    let mut words = words.to_vec();
    random.shuffle(&mut words);
    words.truncate(random.usize(1..=most));
    let name = |(number, word): (usize, &str)| {
        if random.bool() { word.to_owned() } else { format!("{harmless}{number}") }
    };
    words.into_iter().enumerate().map(name).collect()
}

/// A type that mentions those defined before.
fn draw_type(random: &mut Rng, known: &[String]) -> String {
    let scalars = ["u8", "i64", "u128", "bool", "String", "()", "std::time::Duration", "Vec<u8>"];
    let plain = |random: &mut Rng| match random.choice(known) {
        Some(name) if random.bool() => format!("crate::{name}"),
        _ => random.choice(scalars).unwrap_or("u8").to_owned(),
    };
    let (a, b) = (plain(random), plain(random));
    match random.u8(..10) {
        0 => format!("Vec<{a}>"),
        1 => format!("Option<{a}>"),
        2 => format!("Option<Option<{a}>>"),
        3 => format!("Vec<Vec<{a}>>"),
        4 => format!("std::collections::BTreeMap<String, {a}>"),
        5 => format!("std::collections::BTreeMap<({a}, {b}), {b}>"),
        6 => format!("Vec<({a}, {b})>"),
        _ => a,
    }
}

fn draw_fields(random: &mut Rng, public: &str, known: &[String]) -> String {
    let names = draw_names(random, &FIELDS, "plain", 4);
    let fields: Vec<String> = names
        .iter()
        .map(|name| format!("{public}{name}: {}, ", draw_type(random, known)))
        .collect();
    fields.concat()
}

/// The body of a type after its name.
fn draw_definition(random: &mut Rng, name: &str, known: &[String]) -> String {
    let plain = random.bool();
    match random.u8(..5) {
        0..=2 => format!("pub struct {name} {{ {} }}", draw_fields(random, "pub ", known)),
        3 => format!("pub struct {name}(pub {}, pub u8);", draw_type(random, known)),
        _ => {
            let mut text = format!("pub enum {name} {{ ");
            for variant in draw_names(random, &VARIANTS, "Plain", 4) {
                let content = match random.u8(..3) {
                    _ if plain => String::new(),
                    0 => String::new(),
                    1 => format!("({})", draw_type(random, known)),
                    _ => format!(" {{ {} }}", draw_fields(random, "", known)),
                };
                let _ = write!(text, "{variant}{content}, ");
            }
            text + "}"
        }
    }
}

/// A workflow, and the wiring that publishes its services.
fn draw_application(random: &mut Rng) -> (String, String) {
    let mut code = "#[derive(Debug, bp_std::ServiceError)]\npub enum Fault { #[status(not_found)] Gone(String), #[infra] Infra(bp_std::Infra) }\n".to_owned();
    let mut known: Vec<String> = Vec::new();
    for module in ["a", "b"] {
        let _ = writeln!(code, "pub mod {module} {{");
        for name in draw_names(random, &TYPES, if module == "a" { "Plain" } else { "Other" }, 3) {
            let definition = draw_definition(random, &name, &known);
            let _ = writeln!(code, "    #[derive(bp_std::Data)]\n    {definition}");
            known.push(format!("{module}::{name}"));
        }
        code.push_str("}\n");
    }
    let mut wiring = format!(
        "[app]\nname = \"{}\"\nworkflow = \"../workflow\"\n",
        random.choice(APPS).unwrap_or("shop")
    );
    for module in ["c", "d"].iter().take(random.usize(1..=2)) {
        let service = random.choice(SERVICES).unwrap_or("Notes");
        let _ = writeln!(
            code,
            "pub mod {module} {{\n    #[bp_std::service]\n    pub trait {service} {{"
        );
        for method in draw_names(random, &METHODS, "do", 3) {
            let arguments: Vec<String> = draw_names(random, &FIELDS, "plain", 3)
                .iter()
                .map(|name| format!(", {name}: {}", draw_type(random, &known)))
                .collect();
            let arguments = arguments.concat();
            let answer = draw_type(random, &known);
            let _ = writeln!(
                code,
                "        async fn {method}(&self{arguments}) -> Result<{answer}, crate::Fault>;"
            );
        }
        let _ = writeln!(
            code,
            "    }}\n    pub struct Impl_{module};\n    impl Impl_{module} {{ pub fn new() -> Self {{ Self }} }}\n    #[bp_std::service]\n    impl {service} for Impl_{module} {{}}\n}}"
        );
        let _ = writeln!(
            wiring,
            "[service.{module}]\nimpl = \"Impl_{module}\"\n[edge.\"client -> {module}\"]\nrpc = \"grpc\""
        );
    }
    (code, wiring)
}

/// What `bp check` reports; the files of an accepted workflow are added to `into`.
fn compile(code: &str, wiring: &str, into: &mut Documents, from: &str) -> Result<Vec<Diagnostic>> {
    let manifest = "[package]\nname = \"shop-workflow\"\n[dependencies]\nbp-std = \"0.1\"\n";
    let system = MemorySystem::new()
        .inside("/app")
        .with_file("workflow/Cargo.toml", manifest)
        .with_file("workflow/src/lib.rs", code)
        .with_file("wiring/local.toml", wiring);
    let registry = bp_build::builtin();
    let found = Application::find(&system, Some("wiring/local.toml"));
    let found = found.map_err(|fault| anyhow::anyhow!("{}", fault.message))?;
    let compiled = bp_build::compile(&system, &registry, found, CompileOptions::default());
    into.add(from, &system, &registry, &compiled);
    let mut errors = compiled.diagnostics.sorted();
    errors.retain(|fault| fault.severity == Severity::Error);
    Ok(errors)
}

/// protox reads all, protoc and the validator a part.
pub(super) fn names() -> Result<()> {
    const SEEDS: u64 = 150;
    /// One of this many workflows is also checked with external tools.
    const SAMPLE: u64 = 4;
    let mut documents = Documents::default();
    let mut codes: BTreeMap<&str, u32> = BTreeMap::new();
    let mut accepted = 0;
    for seed in 0..SEEDS {
        let (code, wiring) = draw_application(&mut Rng::with_seed(seed));
        let mut one = Documents::default();
        let from = format!("seed {seed}");
        let said = |fault: &Diagnostic| {
            format!("seed {seed}: {} {}\n{code}\n{wiring}", fault.code.id, fault.message)
        };
        let errors = compile(&code, &wiring, &mut one, &from)?;
        for fault in &errors {
            ensure!(["BP3040", "BP3041"].contains(&fault.code.id.name), "{}", said(fault));
            ensure!(!fault.labels.is_empty(), "nowhere: {}", said(fault));
            *codes.entry(fault.code.id.name).or_default() += 1;
        }
        if errors.is_empty() {
            accepted += 1;
            let text = one.protos.values().next();
            let text = text.with_context(|| format!("seed {seed}: no .proto\n{code}"))?;
            read(text).with_context(|| format!("seed {seed}\n{code}\n{text}"))?;
        }
        if seed % SAMPLE == 0 {
            // JSON and paths hold any name.
            let wiring = wiring.replace("\"grpc\"", "\"http\"");
            if let Some(fault) = compile(&code, &wiring, &mut one, &from)?.first() {
                anyhow::bail!("over HTTP: {}", said(fault));
            }
            documents.openapi.append(&mut one.openapi);
            documents.protos.append(&mut one.protos);
        }
    }
    println!("{accepted} of {SEEDS} accepted, refused: {codes:?}");
    ensure!(accepted > SEEDS / 5, "{accepted} of {SEEDS} are accepted: the names are too hostile");
    ensure!(
        accepted < SEEDS * 9 / 10,
        "{accepted} of {SEEDS} are accepted: the names are not hostile enough"
    );
    ensure!(codes.len() == 2, "one kind of fault never occurred: {codes:?}");
    ensure!(documents.protos.len() > 5, "no sample");
    documents.check()
}

/// Reads a `.proto` in this process.
fn read(text: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("application.proto"), text)?;
    protox::compile(["application.proto"], [folder.path()])?;
    Ok(())
}
