//! Diagnostics that only the command line, the writer, the supervisor or another plugin than `bp`'s own can raise: each is provoked and its message compared.
//!
//! Cargo and the application are played by scripts, so nothing is compiled.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;

use crate::faulty::PLAY;
use crate::{bp, trial};

/// A code, the whole message, and how to get it: what `bp` says on standard error.
type Case = (&'static str, &'static str, fn(&Bench) -> Result<String>);

const CASES: &[Case] = &[
    ("BP3023", "the outside world cannot call through `ring`", |b| {
        b.edit("wiring/local.toml", "rpc = \"http\"\nroutes", "rpc = \"ring\"\n# routes")?;
        b.faulty("ring", &["check"])
    }),
    ("BP4003", "`again` and `retry` both want slot `retry` on `greeter->visits`", |b| {
        b.edit("wiring/local.toml", "metrics = true\n\n# This", "again = 2\n\n# This")?;
        b.faulty("again", &["check"])
    }),
    (
        "BP6001",
        "plugin `stray` writes to `../stray`, which is not a valid path in the output folder",
        |b| {
            b.enable_target("stray")?;
            b.faulty("stray", &["build"])
        },
    ),
    ("BP6002", "plugins `copy` and `process` write different content to `process/run.json`", |b| {
        b.enable_target("copy")?;
        b.faulty("copy", &["build"])
    }),
    ("BP6003", "`build/local/process/local.env` was edited since `bp` wrote it", |b| {
        b.good(&["build"])?;
        b.write("build/local/process/local.env", "EDITED=1\n")?;
        b.bp(&["build"])
    }),
    ("BP6004", "cannot write `README.md/out`: Not a directory (os error 20)", |b| {
        b.bp(&["build", "--out", "README.md/out"])
    }),
    ("BP6005", "`build/local/process/local.env` is missing", |b| {
        b.good(&["build"])?;
        std::fs::remove_file(b.root.join("build/local/process/local.env"))?;
        b.bp(&["build", "--check"])
    }),
    (
        "BP6006",
        "cannot read the manifest `build/local/.bp-manifest.json`: it has another version",
        |b| {
            b.write("build/local/.bp-manifest.json", "{ \"version\": 99 }\n")?;
            b.bp(&["build"])
        },
    ),
    ("BP6007", "`build/local` is half written: an earlier build was stopped", |b| {
        b.good(&["build"])?;
        b.edit("build/local/.bp-manifest.json", "\"complete\"", "\"writing\"")?;
        b.bp(&["build", "--check"])
    }),
    (
        "BP6008",
        concat!(
            "the runtime in `vendor/bp` is of version 0.0.1, and this `bp` is of version ",
            env!("CARGO_PKG_VERSION")
        ),
        |b| {
            let version = concat!("version = \"", env!("CARGO_PKG_VERSION"), "\"");
            b.edit("vendor/bp/Cargo.toml", version, "version = \"0.0.1\"")?;
            b.checked(&["build"])
        },
    ),
    ("BP6009", "there is no application at `~` or above it", |b| {
        run(bp::command(b.above.path())?.args(["check", "--message-format", "short"]))
    }),
    ("BP6010", "there is no wiring `lokal`", |b| b.bp(&["check", "lokal"])),
    ("BP6011", "`workflow/wire.lock` would change, and that is forbidden here", |b| {
        b.edit("workflow/src/lib.rs", "pub visits: u32,", "pub visits: u32,\npub first: bool,")?;
        b.bp(&["build", "--locked"])
    }),
    ("BP6012", "there is no runtime in `vendor/none`", |b| {
        b.edit("wiring/local.toml", "../vendor/bp", "../vendor/none")?;
        b.checked(&["build"])
    }),
    ("BP6013", "cargo cannot build `.bp/code/*`", |b| {
        b.script("cargo", "exit 101")?;
        b.bp(&["run"])
    }),
    ("BP6014", "`cargo` cannot be started: No such file or directory (os error 2)", |b| {
        b.bp(&["run"])
    }),
    ("BP6015", "process `demo` stopped with signal 15", |b| {
        b.application("[ \"$1\" = smoke ] || exec \"$APP\"")?;
        b.bp(&["run", "monolith", "--smoke"])
    }),
    ("BP6016", "target `compose` is not enabled in this wiring", |b| {
        b.bp(&["build", "--target", "compose"])
    }),
    ("BP6017", "`demo` exists and is not empty", |b| {
        run(bp::command(b.above.path())?.args(["new", "demo", "--message-format", "short"]))
    }),
    ("BP6018", "nothing in this wiring is named `greter`", |b| {
        b.bp(&["explain", "local", "greter"])
    }),
    ("BP6019", "there is no code, plugin or wiring `BP0000`", |b| b.bp(&["explain", "BP0000"])),
    ("BP6020", "the smoke calls failed with exit status: 3", |b| {
        b.application("[ \"$1\" = smoke ] && exit 3; exec \"$APP\"")?;
        b.bp(&["run", "monolith", "--smoke"])
    }),
    ("BP6021", "the tests failed with tests/greetings.rs: exit status: 101", |b| {
        b.script("greetings", "exit 101")?;
        b.application("exec \"$APP\"")?;
        b.bp(&["test", "monolith"])
    }),
    (
        "BP6022",
        "`My Shop` cannot name an application: it does not start with a lower-case letter",
        |b| b.bp(&["new", "My Shop"]),
    ),
    ("BP6023", "process `demo` keeps ending, at last with exit code 3", |b| {
        b.application("exit 3")?;
        b.bp(&["run", "monolith"])
    }),
    // A minute passes, as for a user.
    ("BP6024", "not ready after 60 s: `demo`", |b| {
        // It keeps its port, where otherwise another test's application could answer.
        b.application("exec \"$APP\" unready")?;
        b.bp(&["run", "monolith"])
    }),
    ("BP6025", "process `demo` did not stop in time and was killed", |b| {
        b.application("[ \"$1\" = smoke ] && exit; trap '' TERM; exec \"$APP\"")?;
        b.interrupted(&["run", "monolith", "--smoke"])
    }),
    ("BP6026", "there is no pass `bnid`", |b| b.bp(&["ir", "local", "--after", "bnid"])),
    ("BP6027", "wiring `silent` lists no smoke calls", |b| {
        let text = std::fs::read_to_string(b.root.join("wiring/local.toml"))?;
        let (above, _) = text.split_once("# What `bp run --smoke`").context("smoke calls")?;
        b.write("wiring/silent.toml", above)?;
        // No script plays cargo here, and nothing is written.
        let said = b.bp(&["run", "silent", "--smoke"])?;
        ensure!(!b.root.join("build").exists() && !b.root.join(".bp/code").exists(), "{said}");
        Ok(said)
    }),
    ("BP6038", "init `seed` failed with exit code 3", |b| {
        b.edit(
            "workflow/src/lib.rs",
            "    /// Counts one",
            "    #[idempotent]\n    /// Counts one",
        )?;
        b.write(
            "wiring/seeded.toml",
            r#"extends = "local.toml"
backend.own = "embedded"
service.greeter.visits = "visits"
service.seed = { impl = "VisitsImpl", cache = "own" }
init.seed = { call = "seed.count", arguments = { name = "ada" } }
"#,
        )?;
        b.application("[ \"$BP_INIT\" = seed ] && exit 3; exec \"$APP\"")?;
        b.bp(&["run", "seeded"])
    }),
    ("BP6028", "there are no tests in `tests`", |b| {
        std::fs::remove_dir_all(b.root.join("tests"))?;
        b.bp(&["test"])
    }),
    ("BP6033", "cannot read revision `nowhere`: git has no such commit", |b| {
        let made = Command::new("git").args(["init", "--quiet"]).current_dir(&b.root).status()?;
        ensure!(made.success(), "git init");
        b.bp(&["diff", "nowhere:local", "local"])
    }),
    ("BP6034", "this wiring runs already: its data in `.bp/data/monolith` is in use", |b| {
        b.application("exec \"$APP\"")?;
        let lock = b.root.join(".bp/data/.monolith.lock");
        std::fs::create_dir_all(lock.parent().context("a folder")?)?;
        let held = std::fs::File::create(lock)?;
        held.lock()?;
        b.bp(&["run", "monolith"])
    }),
    ("BP6041", "`docker.io/library/rust:1.95-bookworm` is not pinned in `images.lock`", |b| {
        b.docker("runtime = \"scratch\"\npinned = true")?;
        b.bp(&["build"])
    }),
    ("BP6042", "cannot read `images.lock`: its version is 2, but this `bp` reads version 1", |b| {
        b.write("images.lock", "version = 2\n")?;
        b.bp(&["build"])
    }),
    (
        "BP6043",
        "cannot find the digest of `docker.io/library/rust:1.95-bookworm`: no such image",
        |b| {
            // An image that is not pinned must not keep `bp image pin` from pinning it.
            b.docker("runtime = \"scratch\"\npinned = true")?;
            b.script("docker", "echo no such image >&2; exit 1")?;
            b.bp(&["image", "pin"])
        },
    ),
    ("BP6044", "the server of `visits_cache`, which a target deploys, needs `password`", |b| {
        b.enable_target("compose")?;
        b.edit("wiring/local.toml", "kind = \"memory\"", "kind = \"served\"")?;
        b.faulty("served", &["build"])
    }),
    (
        "BP6045",
        "no image can be built from `../demo`: the output folder is outside the application's folder",
        |b| {
            b.docker("runtime = \"scratch\"")?;
            let pins =
                "version = 1\n\n[images]\n\"docker.io/library/rust:1.95-bookworm\" = \"sha256:";
            b.write("images.lock", &format!("{pins}{}\"\n", "0".repeat(64)))?;
            b.bp(&["build", "--out", "../out"])
        },
    ),
    ("BP6046", "`greeter.http` and `visits.http` are both published at port 8080", |b| {
        b.enable_target("compose\", \"docker")?;
        let edge = "[edge.\"client -> visits\"]\nrpc = \"http\"\n\n";
        let ports =
            "[target.compose]\npublish = { \"greeter.http\" = 8080, \"visits.http\" = 8080 }\n\n";
        b.edit("wiring/local.toml", "[server.", &format!("{edge}[server."))?;
        b.edit("wiring/local.toml", "# What `bp run", &format!("{ports}# What `bp run"))?;
        b.bp(&["build"])
    }),
    (
        "BP6047",
        "the runtime cannot be written to `vendor/parcel`: a plugin's package has its name, and is written beside it",
        |b| b.faulty("parcel", &["new", "--runtime", "vendor/parcel"]),
    ),
    ("BP6035", "wiring `local` does not run here", |b| b.bp(&["restart", "demo"])),
    ("BP6036", "the running system has no process `dmeo`", |b| {
        b.application("exec \"$APP\"")?;
        b.beside(&["run", "monolith"], &["restart", "dmeo", "monolith"])
    }),
    ("BP6037", "`demo` is not restarted: `demo` does not stay up", |b| {
        // A process that stops because it got a signal has ended well.
        b.application(
            "[ -e ../second ] && exit 3\necho > ../second\ntrap 'kill $!; exit 0' TERM\n\"$APP\" &\nwait",
        )?;
        b.beside(&["run", "monolith"], &["restart", "demo", "monolith"])
    }),
    ("BP9001", "plugin `shaky` failed: no luck with demo", |b| {
        b.enable_target("shaky")?;
        b.faulty("shaky", &["build"])
    }),
    (
        "BP9002",
        "after pass `unfit`, `visits -wraps-> greeter`: a wraps cannot be between service and service",
        |b| b.faulty("unfit", &["check"]),
    ),
    ("BP9003", "`bp` failed: out of luck", |b| b.faulty("bomb", &["check"])),
    ("BP9005", "crooked: neither `.client(…)` nor `.server(…)` says where it stands", |b| {
        b.faulty("crooked", &["check"])
    }),
    ("BP9004", "100 more diagnostics are not shown", |b| {
        let text = std::fs::read_to_string(b.root.join("wiring/local.toml"))?;
        let tables: Vec<String> = (0..1100).map(|n| format!("\n[unknown_{n}]\n")).collect();
        b.write("wiring/local.toml", &(text + &tables.concat()))?;
        b.bp(&["check"])
    }),
];

pub(crate) fn trials() -> Vec<Trial> {
    let one = |(code, message, provoke): &Case| {
        let (code, message, provoke) = (*code, *message, *provoke);
        trial(format!("command::{code}"), move || {
            let bench = Bench::new()?;
            let said = bench.plain(&provoke(&bench)?);
            let start = format!("[{code}]: ");
            let found: Vec<&str> =
                said.lines().filter_map(|l| Some(l.split_once(&start)?.1)).collect();
            ensure!(found == [message], "expected: {message}\nfound:    {found:?}\nin:\n{said}");
            Ok(())
        })
    };
    let mut trials: Vec<Trial> = CASES.iter().map(one).collect();
    trials.push(trial("command::panic_loses_nothing", panic_loses_nothing));
    trials
}

/// A plugin that panics is named, and other faults are reported too.
fn panic_loses_nothing() -> Result<()> {
    let bench = Bench::new()?;
    bench.enable_target("jumpy")?;
    bench.edit("wiring/local.toml", "timeout = \"2s\"", "timeout = \"2 sec\"")?;
    let said = bench.faulty("jumpy", &["check"])?;
    for expected in [
        "error[BP9001]: plugin `jumpy` failed: scared of target jumpy",
        "error[BP2071]: `timeout.after` has a bad unit: `2 sec`",
    ] {
        ensure!(said.contains(expected), "expected: {expected}\nin:\n{said}");
    }
    Ok(())
}

/// A new application, and programs that play cargo and it.
pub(crate) struct Bench {
    pub(crate) above: tempfile::TempDir,
    pub(crate) root: PathBuf,
}

impl Bench {
    pub(crate) fn new() -> Result<Self> {
        let above = tempfile::tempdir()?;
        bp::run(above.path(), &["new", "demo"])?;
        let root = above.path().join("demo");
        Ok(Self { above, root })
    }

    fn write(&self, path: &str, text: &str) -> Result<()> {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().context("a folder")?)?;
        Ok(std::fs::write(path, text)?)
    }

    fn edit(&self, path: &str, from: &str, to: &str) -> Result<()> {
        let text = std::fs::read_to_string(self.root.join(path))?;
        ensure!(text.contains(from), "{path} does not contain `{from}`");
        self.write(path, &text.replace(from, to))
    }

    /// Enables a further target.
    fn enable_target(&self, id: &str) -> Result<()> {
        self.edit("wiring/local.toml", "[\"process\"]", &format!("[\"process\", \"{id}\"]"))
    }

    /// Enables `docker` with these settings.
    fn docker(&self, settings: &str) -> Result<()> {
        self.enable_target("docker")?;
        let table = format!("[target.docker]\n{settings}\n\n# What `bp run");
        self.edit("wiring/local.toml", "# What `bp run", &table)
    }

    /// Writes a program.
    pub(crate) fn script(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.above.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n"))?;
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        Ok(path)
    }

    /// Makes cargo "build" an application from this script; `$APP` reports that it is ready and stays.
    pub(crate) fn application(&self, text: &str) -> Result<()> {
        let app = self.script("app", &format!("{text}\n"))?;
        let test = self.above.path().join("greetings");
        let line = |kind: &str, path: &Path| {
            format!(
                r#"echo '{{"target":{{"kind":["{kind}"],"name":"greetings"}},"executable":"{}"}}'"#,
                path.display()
            )
        };
        let (app, test) = (line("bin", &app), line("test", &test));
        self.script("cargo", &format!("[ \"$1\" = build ] && {app} || {test}")).map(|_| ())
    }

    pub(crate) fn command(&self, program: &Path, arguments: &[&str]) -> Result<Command> {
        let play = format!("{PLAY}=app exec '{}' \"$@\"", own_binary()?.display());
        let mut command = Command::new(program);
        command
            .current_dir(&self.root)
            .args(arguments)
            .args(["--message-format", "short"])
            .env_remove("BP_SET")
            .env_remove("BP_CONFIG")
            .env("NO_COLOR", "1")
            .env("CARGO", self.above.path().join("cargo"))
            .env("BP_DOCKER", self.above.path().join("docker"))
            .env("APP", self.script("play", &play)?);
        Ok(command)
    }

    /// What `bp` says when it fails.
    fn bp(&self, arguments: &[&str]) -> Result<String> {
        run(&mut self.command(bp::binary()?, arguments)?)
    }

    /// What `bp` says when it fails; `bp check` must say the same.
    fn checked(&self, arguments: &[&str]) -> Result<String> {
        let faults = |text: &str| -> Vec<String> {
            text.lines().filter(|l| l.contains("error[")).map(str::to_owned).collect()
        };
        let (checked, said) = (self.bp(&["check"])?, self.bp(arguments)?);
        ensure!(faults(&checked) == faults(&said), "{checked}\nis not\n{said}");
        Ok(said)
    }

    /// What a `bp` with a faulty plugin says.
    fn faulty(&self, plugin: &str, arguments: &[&str]) -> Result<String> {
        run(self.command(&own_binary()?, arguments)?.env(PLAY, plugin))
    }

    /// What `bp` says when it is interrupted while it stops.
    fn interrupted(&self, arguments: &[&str]) -> Result<String> {
        let mut child = self.command(bp::binary()?, arguments)?.stderr(Stdio::piped()).spawn()?;
        let pid = rustix::process::Pid::from_child(&child);
        let mut lines = BufReader::new(child.stderr.take().context("it is piped")?);
        let mut said = String::new();
        while !said.ends_with("stopping\n") {
            ensure!(lines.read_line(&mut said)? > 0, "it ended early:\n{said}");
        }
        rustix::process::kill_process(pid, rustix::process::Signal::INT)?;
        lines.read_to_string(&mut said)?;
        ensure!(!child.wait()?.success(), "it succeeded:\n{said}");
        Ok(said)
    }

    /// What `bp` says when it fails while another `bp` runs, which is ready and ends well.
    pub(crate) fn beside(&self, other: &[&str], arguments: &[&str]) -> Result<String> {
        let mut child = self.command(bp::binary()?, other)?.stderr(Stdio::piped()).spawn()?;
        let pid = rustix::process::Pid::from_child(&child);
        let mut lines = BufReader::new(child.stderr.take().context("it is piped")?);
        let mut said = String::new();
        while !said.contains("ready;") {
            ensure!(lines.read_line(&mut said)? > 0, "it ended early:\n{said}");
        }
        let answer = self.bp(arguments);
        rustix::process::kill_process(pid, rustix::process::Signal::INT)?;
        lines.read_to_string(&mut said)?;
        child.wait()?;
        answer
    }

    /// Runs `bp` where it succeeds.
    fn good(&self, arguments: &[&str]) -> Result<()> {
        bp::run(&self.root, arguments).map(|_| ())
    }

    /// A text without what differs from run to run: the folder, and the hash of the generated code.
    fn plain(&self, text: &str) -> String {
        let text = text.replace(&self.above.path().display().to_string(), "~");
        let mut parts = text.split(".bp/code/");
        let mut plain = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let rest = part.trim_start_matches(|c: char| c.is_ascii_hexdigit());
            plain += ".bp/code/*";
            plain += rest;
        }
        plain
    }
}

/// This test binary.
fn own_binary() -> Result<PathBuf> {
    std::env::current_exe().context("the test binary's path")
}

/// Runs a command that must fail, and returns its standard error.
fn run(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(!output.status.success(), "it succeeded:\n{said}");
    Ok(said)
}
