//! Workflows with hostile names: what `bp check` accepts emits Rust in which every name has one meaning.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use bp_build::{Application, BuildInput, CompileOptions};
use bp_system::MemorySystem;
use camino::Utf8Path;

use crate::diagnostics;
use crate::names;
use crate::wiring::registry;
use crate::words::{BORROWED, PACKAGES, PARAMETERS, SHAPES, TYPES, VALUES};

/// Files by path.
pub type Files = BTreeMap<String, String>;

/// Where choices come from.
struct Choices<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Whether the choices are the words in their order, so that each is used.
    in_order: bool,
}

impl Choices<'_> {
    /// A number below `count`.
    fn below(&mut self, count: usize) -> usize {
        self.at += 1;
        let at = self.at;
        let byte = |i: usize| self.bytes.get(i).copied().map_or(0, usize::from);
        // A byte alone does not reach the end of the longer lists.
        (byte(at - 1) * 257 + byte(at) * 31 + at / self.bytes.len().max(1)) % count.max(1)
    }
}

/// Words of a list that are not used yet.
struct Unused {
    words: &'static [&'static str],
    next: usize,
}

impl Unused {
    fn new(words: &'static [&'static str]) -> Self {
        Self { words, next: 0 }
    }

    /// A word that `used` has not; `used` has it then.
    fn take(
        &mut self,
        choices: &mut Choices<'_>,
        used: &mut BTreeSet<&'static str>,
    ) -> &'static str {
        let start = if choices.in_order { self.next } else { choices.below(self.words.len()) };
        for step in 0..self.words.len() {
            let at = (start + step) % self.words.len();
            if let Some(word) = self.words.get(at)
                && used.insert(word)
            {
                self.next = at + 1;
                return word;
            }
        }
        "exhausted"
    }
}

/// An application from bytes, which choose the names of package, modules, types, services and methods.
pub fn build_chosen(bytes: &[u8]) -> Files {
    let mut choices = Choices { bytes, at: 0, in_order: false };
    let package = PACKAGES.get(choices.below(PACKAGES.len())).copied().unwrap_or_default();
    let modules = 1 + choices.below(3);
    build_application(&mut choices, package, modules)
}

/// An application in which every word names a method, and most also something else; after these come services whose names `bytes` choose.
pub fn build_with_every_word(bytes: &[u8]) -> Files {
    let mut choices = Choices { bytes, at: 0, in_order: true };
    build_application(&mut choices, ("shop-app", "core"), VALUES.len().div_ceil(METHODS))
}

/// How many methods a service has.
const METHODS: usize = 9;

/// How many services with chosen names follow those with every word.
const CHOSEN: usize = 4;

/// How many arguments a method may have.
const MOST_ARGUMENTS: usize = 32;

fn build_application(choices: &mut Choices<'_>, package: (&str, &str), count: usize) -> Files {
    let mut writer = Text {
        types: Unused::new(TYPES),
        methods: Unused::new(VALUES),
        arguments: Unused::new(VALUES),
        shapes: 0,
        signatures: 0,
        services: Vec::new(),
        source: String::new(),
        wiring: String::new(),
    };
    let mut modules = BTreeSet::new();
    let mut names = Unused::new(VALUES);
    for index in 0..count {
        let name = names.take(choices, &mut modules);
        writer.write_module(choices, name, index, !choices.in_order && index + 1 == count);
    }
    if std::mem::take(&mut choices.in_order) {
        for index in count..count + CHOSEN {
            let name = names.take(choices, &mut modules);
            writer.write_module(choices, name, index, index + 1 == count + CHOSEN);
        }
    }
    writer.finish(package)
}

struct Text {
    types: Unused,
    methods: Unused,
    arguments: Unused,
    shapes: usize,
    signatures: usize,
    /// Paths of the traits, in order of their modules.
    services: Vec<String>,
    source: String,
    wiring: String,
}

const DERIVES: &str =
    "#[derive(::std::fmt::Debug, ::std::clone::Clone, ::std::cmp::PartialEq, ::bp_std::Data)]";

impl Text {
    fn write_module(&mut self, choices: &mut Choices<'_>, name: &str, index: usize, last: bool) {
        let used = &mut BTreeSet::new();
        let mut ty = || self.types.take(choices, used);
        let [record, choice, fault, service, implementation] = [ty(), ty(), ty(), ty(), ty()];
        let [one, two, three, four] = [ty(), ty(), ty(), ty()];
        let out = &mut String::new();
        let mut fields = BTreeSet::new();
        let [a, b, c] = [(); 3].map(|()| self.arguments.take(choices, &mut fields));
        let _ = writeln!(
            out,
            "pub mod {name} {{\n{DERIVES}\npub struct {record} {{ pub {a}: u8, pub {b}: ::std::string::String }}\n\
             {DERIVES}\npub enum {choice} {{ {one}, {two}(u8), {three}({record}, u8), {four} {{ {c}: ::std::option::Option<{record}> }} }}\n\
             #[derive(::std::fmt::Debug, ::bp_std::ServiceError)]\npub enum {fault} {{ #[status(not_found)] {one}, \
             #[status(aborted, \"{{0}}\")] {two}(u8), #[infra] {three}(::bp_std::Infra) }}"
        );
        let borrows = if choices.in_order { index % 8 == 7 } else { choices.below(8) == 7 };
        let mut declared = String::new();
        let mut defined = String::new();
        let mut methods = BTreeSet::new();
        for _ in 0..METHODS {
            let method = self.methods.take(choices, &mut methods);
            let arguments = self.write_signature(choices, record, borrows);
            let answer = format!("::std::result::Result<{choice}, {fault}>");
            let _ =
                writeln!(declared, "#[idempotent]\nasync fn {method}({arguments}) -> {answer};");
            let _ = writeln!(
                defined,
                "async fn {method}({arguments}) -> {answer} {{ ::std::result::Result::Ok({choice}::{one}) }}"
            );
        }
        let mut parameters = BTreeSet::new();
        let mut parameter = || loop {
            // In a wiring, `impl` names the implementation, so no parameter can be called that.
            let word = self.arguments.take(choices, &mut parameters);
            if word != "r#impl" {
                break word;
            }
        };
        let (number, shape, next) = (parameter(), parameter(), parameter());
        let (held, taken, kept) = if last {
            (String::new(), String::new(), String::new())
        } else {
            // The next module's trait is not known yet; an alias leads to it.
            let object = format!("::std::sync::Arc<dyn crate::services_in_order::S{}>", index + 1);
            (format!(", pub {object}"), format!(", {next}: {object}"), format!(", {next}"))
        };
        let (parameter, written) =
            PARAMETERS.get(index % PARAMETERS.len()).copied().unwrap_or_default();
        let parameter = parameter.replace('@', record);
        let written = written
            .replace("@A", a.trim_start_matches("r#"))
            .replace("@B", b.trim_start_matches("r#"));
        let _ = writeln!(
            out,
            "#[::bp_std::service]\npub trait {service} {{\n{declared}}}\n\
             pub struct {implementation}_(pub u32, pub {parameter}{held});\n\
             impl {implementation}_ {{ pub fn new({number}: u32, {shape}: {parameter}{taken}) -> Self {{ Self({number}, {shape}{kept}) }} }}\n\
             #[::bp_std::service]\n#[allow(unused_variables)]\nimpl {service} for {implementation}_ {{\n{defined}}}\n}}"
        );
        self.source.push_str(out);
        self.services.push(format!("crate::{name}::{service}"));
        let key = number.trim_start_matches("r#");
        let _ = writeln!(
            self.wiring,
            "s{index} = {{ impl = \"{}::{implementation}_\", \"{key}\" = 3, \"{}\" = {written} }}",
            name,
            shape.trim_start_matches("r#")
        );
    }

    /// `&self, into: u8, …`
    fn write_signature(
        &mut self,
        choices: &mut Choices<'_>,
        record: &str,
        borrows: bool,
    ) -> String {
        let mut used = BTreeSet::new();
        let mut text = String::from("&self");
        self.signatures += 1;
        let count = match (choices.in_order, self.signatures) {
            (true, 5) => MOST_ARGUMENTS,
            (true, number) => number % 4,
            (false, _) => choices.below(4),
        };
        let shapes = if borrows { BORROWED } else { SHAPES };
        for _ in 0..count {
            let name = self.arguments.take(choices, &mut used);
            self.shapes += 1;
            let at = if choices.in_order { self.shapes } else { choices.below(shapes.len()) };
            let shape = shapes.get(at % shapes.len()).copied().unwrap_or("u8");
            let _ = write!(text, ", {name}: {}", shape.replace('@', record));
        }
        text
    }

    fn finish(self, (package, library): (&str, &str)) -> Files {
        let library = match library {
            "" => String::new(),
            library => format!("[lib]\nname = \"{library}\"\n"),
        };
        let first = self.services.first().cloned().unwrap_or_default();
        let mut next = String::from("pub mod services_in_order {\n");
        for (index, path) in self.services.iter().enumerate() {
            let _ = writeln!(next, "pub use {path} as S{index};");
        }
        let source = format!(
            "//! Hostile names.\n{}{next}}}\n\
             #[derive(::std::fmt::Debug, ::bp_std::ServiceError)]\npub enum FrontError {{ #[infra] Infra(::bp_std::Infra) }}\n\
             #[::bp_std::service]\npub trait Front {{ async fn ask(&self, age: u8) -> ::std::result::Result<u8, FrontError>; }}\n\
             pub struct FrontImpl(pub ::std::sync::Arc<dyn {first}>);\n\
             impl FrontImpl {{ pub fn new(first: ::std::sync::Arc<dyn {first}>) -> Self {{ Self(first) }} }}\n\
             #[::bp_std::service]\nimpl Front for FrontImpl {{ async fn ask(&self, age: u8) -> ::std::result::Result<u8, FrontError> {{ ::std::result::Result::Ok(age) }} }}\n",
            self.source
        );
        let wiring = format!(
            "[app]\nname = \"shop\"\nworkflow = \"../workflow\"\nruntime = {{ path = \"../vendor/bp\" }}\n\
             [service]\nfront = {{ impl = \"FrontImpl\" }}\n{}\
             [process.all]\nservices = [\"*\"]\n[edge.\"client -> front\"]\nrpc = \"http\"\n[target]\nenabled = [\"process\"]\n",
            self.wiring
        );
        let manifest = format!(
            "[package]\nname = \"{package}\"\nversion = \"0.1.7\"\nedition = \"2024\"\npublish = false\n{library}\
             [dependencies]\nbp-std = {{ path = \"../vendor/bp/stdlib/std\" }}\n[workspace]\n"
        );
        Files::from([
            ("workflow/Cargo.toml".to_owned(), manifest),
            ("workflow/src/lib.rs".to_owned(), source),
            ("wiring/local.toml".to_owned(), wiring),
        ])
    }
}

/// What `bp build` would write for an application, or the errors if `bp` refuses it.
pub fn compile(files: &Files) -> Result<Files, Vec<String>> {
    let version = env!("CARGO_PKG_VERSION");
    let mut system = MemorySystem::new()
        .inside("/app")
        .with_file(
            "vendor/bp/Cargo.toml",
            format!("[workspace.package]\nversion = \"{version}\"\n"),
        )
        .with_file("vendor/bp/stdlib/std/Cargo.toml", "");
    for (path, text) in files {
        system = system.with_file(path.as_str(), text.as_str());
    }
    let application = Application::find(&system, Some("wiring/local.toml"))
        .map_err(|fault| vec![fault.message])?;
    let options = CompileOptions { verify: true, ..CompileOptions::default() };
    let compiled = bp_build::compile(&system, registry(), application, options);
    let made = compiled.plan.as_ref().map(|plan| {
        let input = BuildInput {
            system: &system,
            registry: registry(),
            application: &compiled.application,
            sources: &compiled.sources,
            out: Utf8Path::new("build/local"),
            targets: &[],
            runtime_span: compiled.runtime_span(),
            patches: &compiled.wiring.patches,
        };
        bp_build::make_artifacts(plan, &input)
    });
    let errors = |found: &bp_diag::Diagnostics| -> Vec<String> {
        found
            .iter()
            .filter(|d| d.severity == bp_diag::Severity::Error)
            .map(|d| format!("{}: {}", d.code, d.message))
            .collect()
    };
    let mut faults_found = errors(&compiled.diagnostics);
    diagnostics::check(compiled.diagnostics, &compiled.sources);
    let Some((artifacts, faults)) = made else { return Err(faults_found) };
    faults_found.extend(errors(&faults));
    diagnostics::check(faults, &compiled.sources);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let files = artifacts.iter().map(|(path, a)| (path.as_str().to_owned(), text(&a.bytes)));
    if faults_found.is_empty() { Ok(files.collect()) } else { Err(faults_found) }
}

/// The data chooses the words.
pub(crate) fn run(data: &[u8]) {
    let files = build_chosen(data);
    if let Ok(output) = compile(&files) {
        let doubt = names::check_plain(&files, &output).err();
        assert!(doubt.is_none(), "{doubt:?}\n{files:#?}");
    }
}
