//! The output folder, as users treat it: `bp` is killed, runs twice at once, meets full and read-only disks.
//!
//! The writer's own tests cover every single change; this tests the whole program.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;

use crate::{bp, trial};

/// How often the program is killed.
const KILLS: u32 = 24;

type Test = fn() -> Result<()>;

pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, Test); 6] = [
        ("killed", killed),
        ("twice_at_once", twice_at_once),
        ("waits", waits),
        ("edits_and_foreign_files", edits_and_foreign_files),
        ("full_disk", full_disk),
        ("read_only", read_only),
    ];
    tests.into_iter().map(|(name, test)| trial(format!("write::{name}"), test)).collect()
}

/// A new application.
struct Demo {
    _above: tempfile::TempDir,
    root: PathBuf,
}

impl Demo {
    fn new() -> Result<Self> {
        let above = tempfile::tempdir()?;
        bp::run(above.path(), &["new", "demo"])?;
        let root = above.path().join("demo");
        Ok(Self { _above: above, root })
    }

    /// What `bp` says, and whether it succeeds.
    fn bp(&self, arguments: &[&str]) -> Result<(bool, String)> {
        run_and_read(bp::command(&self.root)?.args(arguments).args(["--message-format", "short"]))
    }

    fn good(&self, arguments: &[&str]) -> Result<()> {
        bp::run(&self.root, arguments).map(|_| ())
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

fn run_and_read(command: &mut Command) -> Result<(bool, String)> {
    let output = command.stdin(Stdio::null()).output()?;
    Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

/// Bytes by path; a folder has none.
fn tree(root: &Path) -> Result<BTreeMap<PathBuf, Option<Vec<u8>>>> {
    let mut all = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.strip_prefix(root)?.to_owned();
            if path.is_dir() {
                all.insert(name, None);
                open.push(path);
            } else {
                all.insert(name, Some(fs::read(&path)?));
            }
        }
    }
    Ok(all)
}

/// Says which paths of two trees differ.
fn check_same(found: &Path, wanted: &Path) -> Result<()> {
    let (found, wanted) = (tree(found)?, tree(wanted)?);
    let paths = found.keys().chain(wanted.keys());
    let different: Vec<_> = paths.filter(|p| found.get(*p) != wanted.get(*p)).collect();
    ensure!(different.is_empty(), "not as after a cold build: {different:?}");
    Ok(())
}

/// Killed at times that are spread over its run, `bp` leaves a folder that `--check` either refuses or finds complete, and that the next build completes.
fn killed() -> Result<()> {
    let demo = Demo::new()?;
    let start = Instant::now();
    // As deep as `out`, since generated paths lead back to the application.
    demo.good(&["build", "local", "--out", "cold-local"])?;
    let once = start.elapsed();
    demo.good(&["build", "monolith", "--out", "cold-monolith"])?;
    for kill in 0..KILLS {
        // The two differ in many files, so each build changes the other's.
        let wiring = if kill % 2 == 0 { "local" } else { "monolith" };
        let mut command = bp::command(&demo.root)?;
        command.args(["build", wiring, "--out", "out"]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        // Compiling takes most of the time, and writing the end of it.
        let share = 0.4 + 0.7 * f64::from(kill) / f64::from(KILLS);
        std::thread::sleep(once.mul_f64(share));
        child.kill()?;
        child.wait()?;
        let (whole, text) = demo.bp(&["build", wiring, "--out", "out", "--check"])?;
        ensure!(whole || text.contains("[BP6005]") || text.contains("[BP6007]"), "{text}");
        let next = if kill % 3 == 0 { "monolith" } else { wiring };
        demo.good(&["build", next, "--out", "out"])?;
        check_same(&demo.path("out"), &demo.path(&format!("cold-{next}")))?;
        demo.good(&["build", next, "--out", "out", "--check"])?;
        if kill % 4 == 0 {
            fs::remove_dir_all(demo.path("out"))?;
        }
    }
    Ok(())
}

/// Builds of two wirings into one folder: each waits for the other, and the last one's tree is complete.
fn twice_at_once() -> Result<()> {
    let demo = Demo::new()?;
    let mut children = Vec::new();
    for number in 0..6 {
        let wiring = if number % 2 == 0 { "local" } else { "monolith" };
        let mut command = bp::command(&demo.root)?;
        command.args(["build", wiring, "--out", "out"]).stderr(Stdio::piped());
        children.push(command.spawn()?);
    }
    for child in children {
        let output = child.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{text}");
    }
    let mut whole = 0;
    for wiring in ["local", "monolith"] {
        whole += usize::from(demo.bp(&["build", wiring, "--out", "out", "--check"])?.0);
    }
    ensure!(whole == 1, "{whole} wirings find their output in one folder");
    Ok(())
}

/// A build that finds another one at work says so, waits, and then builds.
fn waits() -> Result<()> {
    let demo = Demo::new()?;
    fs::create_dir_all(demo.path("build/local"))?;
    let lock = fs::File::create(demo.path("build/local/.bp-lock"))?;
    lock.lock()?;
    let log = demo.path("log");
    let mut command = bp::command(&demo.root)?;
    let mut child = command.args(["build", "local"]).stderr(fs::File::create(&log)?).spawn()?;
    let end = Instant::now() + Duration::from_mins(1);
    while !fs::read_to_string(&log)?.contains("another bp is writing there; waiting for it") {
        ensure!(child.try_wait()?.is_none() && Instant::now() < end, "it does not wait");
        std::thread::sleep(Duration::from_millis(5));
    }
    ensure!(!demo.path("build/local/.bp-manifest.json").exists(), "it writes while it waits");
    drop(lock);
    ensure!(child.wait()?.success(), "{}", fs::read_to_string(&log)?);
    demo.good(&["build", "local", "--check"])
}

/// What a user edited or added is kept, `--check` lists what differs, and `--force` takes over.
fn edits_and_foreign_files() -> Result<()> {
    let demo = Demo::new()?;
    demo.good(&["build", "local"])?;
    demo.good(&["build", "local", "--check"])?;
    let edited = demo.path("build/local/process/local.env");
    let mine = demo.path("build/local/process/mine");
    let missing = demo.path("build/local/rust/app/plan.json");
    fs::write(&edited, "EDITED=1\n")?;
    fs::write(&mine, "mine")?;
    fs::remove_file(&missing)?;
    let before = tree(&demo.path("build"))?;
    let (fine, text) = demo.bp(&["build", "local", "--check"])?;
    ensure!(!fine && text.matches("[BP6005]").count() == 2, "{text}");
    ensure!(
        text.contains("local.env` differs") && text.contains("plan.json` is missing"),
        "{text}"
    );
    let (fine, text) = demo.bp(&["build", "local"])?;
    ensure!(!fine && text.contains("[BP6003]"), "{text}");
    ensure!(tree(&demo.path("build"))? == before, "a refused build changes something");
    demo.good(&["build", "local", "--force"])?;
    demo.good(&["build", "local", "--check"])?;
    // A wiring without the target has no such files: they are removed, and the foreign one stays.
    let wiring = demo.path("wiring/local.toml");
    let text = fs::read_to_string(&wiring)?;
    ensure!(text.contains("[\"process\"]"), "{text}");
    fs::write(&wiring, text.replace("[\"process\"]", "[]"))?;
    demo.good(&["build", "local"])?;
    ensure!(!edited.exists() && fs::read(&mine)? == b"mine");
    Ok(())
}

/// A disk of a few pages, where a build fits only in part.
fn full_disk() -> Result<()> {
    // The disk lives in a mount namespace of this one command.
    let script = "mkdir -p small && mount -t tmpfs -o size=$1 bp-test small \
        && \"$0\" build local --out small/out --message-format short; code=$?; find small -mindepth 1 | wc -l; exit $code";
    let mut refused = 0;
    let demo = Demo::new()?;
    for size in ["16k", "64k", "128k", "4m"] {
        let Some(output) = in_namespace(&demo, script, &[size])? else { return Ok(()) };
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            ensure!(size == "4m" || size == "128k", "a disk of {size} is large enough");
            continue;
        }
        refused += 1;
        ensure!(text.contains("BP6004") && text.contains("No space left"), "{size}: {text}");
        let left = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        ensure!(left == "0", "{size}: {left} files are left on the full disk");
    }
    ensure!(refused >= 2, "only {refused} disks were too small");
    Ok(())
}

/// A part of the output, or all of it, is on a disk that may not be written to.
fn read_only() -> Result<()> {
    let demo = Demo::new()?;
    demo.good(&["build", "local"])?;
    let plan = demo.path("build/local/rust/app/plan.json");
    let before = tree(&demo.path("build"))?;
    for folder in ["build/local", "build/local/rust"] {
        let script = "mount --bind $1 $1 && mount -o remount,ro,bind $1 && shift && \"$0\" build \"$@\" --message-format short";
        let Some(output) = in_namespace(&demo, script, &[folder, "local", "--check"])? else {
            return Ok(());
        };
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let output = in_namespace(&demo, script, &[folder, "monolith", "--out", "build/local"])?;
        let output = output.context("it worked before")?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(!output.status.success() && text.contains("BP6004"), "{folder}: {text}");
        ensure!(
            tree(&demo.path("build"))? == before,
            "{folder}: a refused build changes something"
        );
    }
    ensure!(plan.exists());
    Ok(())
}

/// Runs a script with `bp` as `$0` in a mount namespace; prints a note and returns `None` where this machine forbids that.
fn in_namespace(
    demo: &Demo,
    script: &str,
    arguments: &[&str],
) -> Result<Option<std::process::Output>> {
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user", "--"]);
        command
    };
    let probe = "mkdir -p probe && mount -t tmpfs bp-test probe";
    let able = unshare().args(["sh", "-c", probe]).current_dir(&demo.root).output();
    if !able.is_ok_and(|o| o.status.success()) {
        eprintln!(
            "skipped: this machine does not allow mounts; the writer's own tests inject the same faults"
        );
        return Ok(None);
    }
    let mut command = unshare();
    command.arg("sh").args(["-c", script]).arg(bp::binary()?).args(arguments);
    Ok(Some(command.current_dir(&demo.root).env("NO_COLOR", "1").output()?))
}
