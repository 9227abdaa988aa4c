//! Tests with real containers: `cargo xtask containers`, and the part of it that is cheap enough for CI.
//!
//! No image can be pulled where this runs, so the bases are made from Debian packages and the machine's Rust toolchain, and served by a registry on loopback.
//! The emitted files are used unmodified: the application's own settings (`registry`, `images.lock`) point to that registry.

mod bases;
mod stores;
mod system;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::step::{cargo, root, run, run_in};

/// Checks what `docker` and `compose` emit for every example, with independent tools: hadolint, the Compose schema, and Compose 1.29's own reader.
pub(crate) fn check() -> Result<()> {
    run("bp", &mut cargo(&["build", "--quiet", "--locked", "--package", "bp"]))?;
    let mut found = 0;
    for example in folders(&root().join("examples"))? {
        let mut wirings = folders(&example.join("wiring"))?;
        wirings.retain(|path| path.extension().is_some_and(|end| end == "toml"));
        for wiring in wirings {
            let mut build = Command::new(program("bp"));
            run(
                &format!("emit {}", wiring.display()),
                build.arg("build").arg(&wiring).arg("--force").stderr(Stdio::null()),
            )?;
            let name = wiring.file_stem().context("a wiring has a name")?;
            found += check_emitted(&example.join("build").join(name))?;
        }
    }
    ensure!(found >= 5, "only {found} files were checked, at least 5 are expected");
    Ok(())
}

/// What is in a folder, sorted.
fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let mut all = entries.collect::<Result<Vec<_>>>()?;
    all.sort();
    Ok(all)
}

/// Checks the files of one build, and says how many there are.
fn check_emitted(out: &Path) -> Result<usize> {
    let dockerfile = out.join("docker/Dockerfile");
    let compose = out.join("compose/compose.yaml");
    if dockerfile.is_file() {
        run("hadolint", Command::new(hadolint()).arg(&dockerfile))?;
    }
    if compose.is_file() {
        check_compose(&compose)?;
    }
    Ok(usize::from(dockerfile.is_file()) + usize::from(compose.is_file()))
}

fn check_compose(file: &Path) -> Result<()> {
    let script = "import json, sys, yaml, jsonschema\n\
                  schema = json.load(open(sys.argv[1]))\n\
                  jsonschema.Draft7Validator.check_schema(schema)\n\
                  jsonschema.Draft7Validator(schema).validate(yaml.safe_load(open(sys.argv[2])))\n";
    run(
        "compose schema",
        Command::new("python3")
            .args(["-c", script])
            .arg(root().join("golden-tests/schemas/compose/compose-spec.json"))
            .arg(file),
    )?;
    run(
        "docker-compose config",
        Command::new("docker-compose").arg("--file").arg(file).args(["config", "--quiet"]),
    )
}

/// The hadolint program: on `PATH`, or where Python installs a user's programs.
fn hadolint() -> PathBuf {
    let own = std::env::home_dir().map(|home| home.join(".local/bin/hadolint"));
    own.filter(|path| path.is_file()).unwrap_or_else(|| PathBuf::from("hadolint"))
}

/// An example and what is done to it.
pub(crate) struct ProvenExample {
    name: &'static str,
    /// The wiring that is brought up.
    wiring: &'static str,
    workload: &'static str,
    /// Lines that are added to the wiring besides the registry: more than one of something.
    more: &'static str,
    secrets: &'static [&'static str],
    /// Whether its wiring traces, as one search of the hotel shows.
    traced: bool,
}

const HOTEL: ProvenExample = ProvenExample {
    name: "hotel",
    wiring: "micro",
    workload: "mix",
    more: "[process.geo]\nreplicas = 2\n",
    secrets: &["hotel-db"],
    traced: true,
};
const LEAF: ProvenExample = ProvenExample {
    name: "leaf",
    wiring: "compose",
    workload: "board",
    more: "",
    secrets: &[],
    traced: false,
};

/// The name of the wiring that extends the example's.
const CONTAINED: &str = "contained";

/// Builds bases, pins them, builds the emitted Dockerfile, brings `hotel` up (or `leaf`), looks at the trace of a request, sends it its workload, kills every container in turn, takes it down, and says how large the image is.
///
/// With `scratch`, the image is linked statically and holds the program alone; with `image`, only the image is made; with `again`, nothing is made and the result of an earlier run is brought up; with `check`, nothing is run.
pub(crate) fn run_all(arguments: &[&str]) -> Result<()> {
    let has = |word: &str| arguments.contains(&word);
    if has("check") {
        return check();
    }
    let example = if has("leaf") { &LEAF } else { &HOTEL };
    run("bp", &mut cargo(&["build", "--locked", "--package", "bp"]))?;
    run("workload", &mut cargo(&["build", "--locked", "--package", "golden-tests", "--bins"]))?;
    let work = root().join("target/containers");
    std::fs::create_dir_all(&work)?;
    let _serving = bases::Registry::start(&work)?;
    let app = work.join(if has("scratch") { "scratch" } else { "dynamic" }).join(example.name);
    if !has("again") {
        bases::build(&work)?;
        emit(&app, example, has("scratch"))?;
        system::image(&app, example)?;
    }
    if has("image") {
        return Ok(());
    }
    system::prove(&app, example)
}

/// The application in a folder of its own, with its images pinned, and built.
fn emit(app: &Path, example: &ProvenExample, scratch: bool) -> Result<()> {
    write_application(app, example, scratch)?;
    let bp = |words: &[&str]| -> Result<()> {
        let mut command = Command::new(program("bp"));
        run_in(&format!("bp {}", words.join(" ")), command.args(words), app)
    };
    bp(&["image", "pin", CONTAINED, "--update"])?;
    bp(&["build", CONTAINED, "--force"])?;
    check_emitted(&app.join("build").join(CONTAINED)).map(|_| ())
}

/// A program of this workspace.
fn program(name: &str) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("debug").join(name)
}

/// The example as an application of its own, with the runtime vendored as `bp new` does it.
fn write_application(app: &Path, example: &ProvenExample, scratch: bool) -> Result<()> {
    let name = example.name;
    if app.exists() {
        std::fs::remove_dir_all(app)?;
    }
    std::fs::create_dir_all(app.join("secrets"))?;
    let source = root().join("examples").join(name);
    let copy = ["tests", "wiring", "workflow", "workload"].map(|part| source.join(part));
    run("copy the example", Command::new("cp").arg("-r").args(copy).arg(app))?;
    std::fs::copy(root().join("Cargo.lock"), app.join("Cargo.lock"))?;
    let mut vendor = Command::new(program("bp"));
    run_in("vendor the runtime", vendor.args(["new", "--runtime", "vendor/bp"]), app)?;
    edit(&app.join("wiring/local.toml"), "path = \"../../..\"", "path = \"../vendor/bp\"")?;
    edit(&app.join("workflow/Cargo.toml"), "../../../stdlib", "../vendor/bp/stdlib")?;
    for secret in example.secrets {
        // Compose mounts it with its own permissions, and several users read it.
        let path = app.join("secrets").join(secret);
        std::fs::write(&path, "swordfish\n")?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644))?;
    }
    let ProvenExample { wiring, more, .. } = example;
    let address = bases::Registry::address();
    let mut text = format!(
        "extends = \"{wiring}.toml\"\ntarget.docker.registry = \"{address}\"\ntarget.docker.image = \"bp-contained/{name}\"\n"
    );
    if scratch {
        text += "target.docker.runtime = \"scratch\"\n";
    }
    Ok(std::fs::write(app.join(format!("wiring/{CONTAINED}.toml")), text + more)?)
}

fn edit(path: &Path, from: &str, to: &str) -> Result<()> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    ensure!(text.contains(from), "{} does not contain `{from}`", path.display());
    Ok(std::fs::write(path, text.replace(from, to))?)
}

/// What a command prints.
fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    ensure!(
        output.status.success(),
        "{command:?} ended with {}\n{text}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(text)
}
