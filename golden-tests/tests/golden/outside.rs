//! `bp` away from its repository, and what rewiring costs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;

use crate::bp;
use crate::running::{one_at_a_time, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("outside::installed", installed),
        trial("outside::plugin", plugin),
        trial("rewire::without_rustc", without_rustc),
    ]
}

/// The program from `cargo install` starts, runs and tests an application without the rest of the repository.
fn installed() -> Result<()> {
    let _one = one_at_a_time();
    let elsewhere = tempfile::tempdir()?;
    let target = bp::binary()?.parent().and_then(Path::parent).context("a target folder")?;
    let output = Command::new(env!("CARGO"))
        .args(["install", "--path", "compiler/bp", "--locked", "--debug", "--root"])
        .arg(elsewhere.path().join("installed"))
        .current_dir(bp::root())
        // As it was built for the other tests.
        .env("CARGO_TARGET_DIR", target)
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let binary = elsewhere.path().join("installed/bin/bp");
    let call = |folder: &Path, arguments: &[&str]| -> Result<String> {
        let mut command = Command::new(&binary);
        // The variables that cargo sets for tests do not exist for a user.
        let own = |name: &str| name.starts_with("CARGO_") && name != "CARGO_HOME";
        for (name, _) in std::env::vars().filter(|(name, _)| own(name)) {
            command.env_remove(name);
        }
        let output = command
            .args(arguments)
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", bp::generated()?)
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "bp {} failed:\n{text}", arguments.join(" "));
        Ok(text)
    };
    call(elsewhere.path(), &["new", "demo"])?;
    let demo = elsewhere.path().join("demo");
    ensure!(
        call(&demo, &["run", "--smoke"])?.contains("3 smoke calls, 0 failed"),
        "no smoke calls"
    );
    ensure!(call(&demo, &["test"])?.contains("2 passed"), "no tests");
    let root = bp::root().display().to_string();
    let found = mentions(&demo, &root)?;
    ensure!(found.is_empty(), "the application names the repository: {found:?}");
    // If an output named the repository, the search below would find it.
    std::fs::write(demo.join("wiring/named.toml"), format!("# {root}\n"))?;
    ensure!(mentions(&demo, &root)?.len() == 1, "the search finds nothing");
    Ok(())
}

/// The files below a folder that contain a text.
fn mentions(folder: &Path, text: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(mentions(&path, text)?);
        } else if path
            .extension()
            .is_some_and(|e| ["rs", "toml", "lock", "json"].iter().any(|w| e == *w))
            && String::from_utf8_lossy(&std::fs::read(&path)?).contains(text)
        {
            found.push(path);
        }
    }
    Ok(found)
}

/// Away from the repository, `bp new --plugin` gives packages that pass their tests and that cargo packages, and a `bp` that runs a system with them.
fn plugin() -> Result<()> {
    let _one = one_at_a_time();
    let elsewhere = tempfile::tempdir()?;
    bp::run(elsewhere.path(), &["new", "--plugin", "pause"])?;
    let folder = elsewhere.path().join("pause");
    let cargo = |arguments: &[&str]| -> Result<()> {
        let output = Command::new(env!("CARGO"))
            .args(arguments)
            .current_dir(&folder)
            // Libraries that the examples have compiled need not be compiled again.
            .env("CARGO_TARGET_DIR", bp::generated()?)
            .output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    };
    cargo(&["test", "--quiet", "--workspace"])?;
    cargo(&["build", "--quiet", "--workspace"])?;
    check_archives(&folder, &cargo)?;
    let binary = bp::generated()?.join("debug/bp-pause");
    let call = |folder: &Path, arguments: &[&str]| -> Result<String> {
        let output = Command::new(&binary)
            .args(arguments)
            .current_dir(folder)
            .env("CARGO_TARGET_DIR", bp::generated()?)
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "bp-pause {} failed:\n{text}", arguments.join(" "));
        Ok(text)
    };
    let page = call(&folder, &["explain", "pause"])?;
    ensure!(page.contains("Waits before a call is handled"), "no page of the plugin:\n{page}");
    let schema = call(&folder, &["schema"])?;
    ensure!(schema.contains("\"pause-memory\""), "the schema does not know the plugin");
    call(elsewhere.path(), &["new", "demo"])?;
    let demo = elsewhere.path().join("demo");
    count_in_a_queue(&demo)?;
    let wiring = "extends = \"local.toml\"\nserver.\"*\".pause = \"300ms\"\nserver.\"*\".trace = \"otlp\"\nedge.\"visits -> visits_queue\" = { timeout = \"1s\", metrics = true, trace = \"otlp\" }\n";
    std::fs::write(demo.join("wiring/slow.toml"), wiring)?;
    // The calls were delayed as the wiring says, and answered from the plugin's store, through the wrappers of its edge.
    call(&demo, &["run", "slow", "--smoke"])?;
    let explained = call(&demo, &["explain", "slow", "visits_queue"])?;
    ensure!(explained.contains("pause-memory"), "{explained}");
    // The store and the workflow mean the same interface.
    let carried =
        std::fs::read_to_string(demo.join("build/slow/rust/bp-rt-pause-memory/Cargo.toml"))?;
    ensure!(carried.contains("vendor/pause-queue\""), "{carried}");
    ensure!(!demo.join("build/slow/rust/pause-queue").exists(), "the interface is there twice");
    let hasty =
        "extends = \"slow.toml\"\nedge.\"*\".retry = false\nedge.\"*\".timeout = \"100ms\"\n";
    std::fs::write(demo.join("wiring/hasty.toml"), hasty)?;
    let output = Command::new(&binary)
        .args(["run", "hasty", "--smoke"])
        .current_dir(&demo)
        .env("CARGO_TARGET_DIR", bp::generated()?)
        .output()?;
    ensure!(!output.status.success(), "a deadline shorter than the pause was kept");
    Ok(())
}

/// Cargo packages everything, and what it would publish is whole.
///
/// The small packages are unpacked and built there, with each other as a registry would give them.
/// The program is not: that compiles the whole compiler again, because cargo chooses features for it alone.
fn check_archives(folder: &Path, cargo: &dyn Fn(&[&str]) -> Result<()>) -> Result<()> {
    let package = ["package", "--quiet", "--offline", "--allow-dirty"];
    let small = ["-p", "pause-queue", "-p", "bp-rt-pause", "-p", "bp-rt-pause-memory"];
    cargo(&[package.as_slice(), &small].concat())?;
    cargo(&[package.as_slice(), &["--workspace", "--no-verify"]].concat())?;
    let listed = Command::new(env!("CARGO"))
        .args(["package", "--list", "--offline", "--allow-dirty", "-p", "bp-pause"])
        .current_dir(folder)
        .output()?;
    ensure!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout)?;
    // Nothing that the program includes is outside of its folder.
    for source in ["lib.rs", "main.rs"] {
        let text = std::fs::read_to_string(folder.join("program/src").join(source))?;
        let is_other_file = |line: &str| {
            line.contains("include_str!") || (line.contains("mod ") && line.ends_with(';'))
        };
        ensure!(!text.lines().any(is_other_file), "{source}:\n{text}");
        let path = format!("src/{source}");
        ensure!(listed.lines().any(|line| line == path), "no `{path}` in:\n{listed}");
    }
    Ok(())
}

/// Lets the application count visits in a queue of the plugin's interface, where it counted in a cache.
fn count_in_a_queue(demo: &Path) -> Result<()> {
    let rewrite = |file: &str, pairs: &[(&str, &str)]| -> Result<()> {
        let path = demo.join(file);
        let mut text = std::fs::read_to_string(&path)?;
        for (old, new) in pairs {
            ensure!(text.contains(old), "{file} has no `{old}`");
            text = text.replace(old, new);
        }
        Ok(std::fs::write(path, text)?)
    };
    rewrite(
        "workflow/Cargo.toml",
        &[(
            "[dependencies]\n",
            "[dependencies]\npause-queue = { path = \"../vendor/pause-queue\" }\n",
        )],
    )?;
    rewrite(
        "workflow/src/lib.rs",
        &[
            ("BackendError, Cache, Data,", "Data,"),
            ("BackendError", "pause_queue::QueueError"),
            ("Self::Infra(error.into())", "Self::Infra(Infra::internal(error.to_string()))"),
            ("cache: Arc<dyn Cache>", "queue: Arc<dyn pause_queue::Queue>"),
            ("Self { cache }", "Self { queue }"),
            (
                "self.cache.increment(format!(\"visits/{name}\"), 1, None).await?",
                "{ self.queue.push(name.into_bytes().into()).await?; self.queue.depth().await? }",
            ),
        ],
    )?;
    rewrite(
        "wiring/local.toml",
        &[(
            "visits_cache = { kind = \"memory\" }",
            "visits_queue = { kind = \"pause-memory\", items = 10 }",
        )],
    )
}

/// After `local`, neither the monolith nor another timeout runs rustc.
fn without_rustc() -> Result<()> {
    let _one = one_at_a_time();
    let folder = bp::root().join("examples/leaf");
    let log = tempfile::NamedTempFile::new()?;
    let wrapper = log.path().with_extension("sh");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *--crate-name\\ ___*) ;; *--crate-name*) echo \"$*\" >> {} ;; esac\nexec \"$@\"\n",
        log.path().display()
    );
    std::fs::write(&wrapper, script)?;
    std::fs::set_permissions(&wrapper, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let smoke = |wiring: &str, set: Option<&str>| -> Result<String> {
        let mut command = bp::command(&folder)?;
        command
            .args(["run", &format!("wiring/{wiring}.toml"), "--smoke"])
            .env("RUSTC_WRAPPER", &wrapper);
        if let Some(set) = set {
            command.env("BP_SET", set);
        }
        let output = command.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read_to_string(log.path()).context("the wrapper\'s log")
    };
    smoke("local", None)?;
    std::fs::write(log.path(), "")?;
    for (wiring, set) in [("monolith", None), ("local", Some("edge.\"*\".timeout = \"3s\""))] {
        let compiled = smoke(wiring, set)?;
        ensure!(compiled.is_empty(), "{wiring} {set:?} ran rustc:\n{compiled}");
    }
    // A source that looks newer is compiled again, and the wrapper notices.
    let source = std::fs::File::options().append(true).open(folder.join("workflow/src/lib.rs"))?;
    source.set_modified(std::time::SystemTime::now())?;
    let compiled = smoke("local", None)?;
    ensure!(!compiled.is_empty(), "the wrapper sees no compilation, so the test proves nothing");
    std::fs::remove_file(wrapper)?;
    Ok(())
}
