//! Replicas of `apps/probe` under load: rolled, killed, moved.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};
use store_tests::free_port;

use crate::bp;
use crate::running::{Running, eventually, file, one_at_a_time, trial};

const WIRING: &str = "replicas";
/// The same, one copy after the other.
const TURNS: &str = "turns";
const CALLERS: usize = 8;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("replicas::rolled", rolled),
        trial("replicas::killed", killed),
        trial("replicas::entry", entry),
        trial("replicas::moved", moved),
        trial("replicas::spread", spread),
    ]
}

fn folder() -> PathBuf {
    bp::root().join("golden-tests/apps/probe")
}

/// The endpoints that the supervisor publishes for an address.
fn endpoints(address: &str) -> Result<Vec<String>> {
    let file = folder().join(".bp/run").join(WIRING).join(format!("endpoints/{address}.json"));
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    Ok(serde_json::from_str(&text)?)
}

/// Calls `gate` over a connection of its own, like a client that never repeats a call.
fn call(at: &str, method: &str, arguments: &str) -> Result<u16> {
    let mut stream = TcpStream::connect(at).with_context(|| format!("connecting to {at}"))?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    write!(
        stream,
        "POST /gate/{method} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{arguments}",
        arguments.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.split(' ').nth(1).with_context(|| format!("no answer from {at}"))?;
    let status = status.parse()?;
    ensure!(status == 200 || status == 404, "{at}: {answer}");
    Ok(status)
}

/// What happened to calls.
#[derive(Debug, Default)]
struct Tally {
    answered: AtomicUsize,
    failures: Mutex<Vec<String>>,
}

impl Tally {
    fn failures(&self) -> Vec<String> {
        self.failures.lock().map(|f| f.clone()).unwrap_or_default()
    }
}

/// Calls all the time while `meanwhile` runs, and a little before and after it.
fn under_load(
    entries: impl Fn() -> Result<Vec<String>> + Sync,
    method: &str,
    arguments: &str,
    meanwhile: impl FnOnce(&Tally) -> Result<()>,
) -> Result<Tally> {
    let (tally, over, turn) = (Tally::default(), AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let outcome = entries().and_then(|list| {
                        let turn = turn.fetch_add(1, Ordering::Relaxed);
                        let at = list.get(turn % list.len().max(1)).context("no endpoint")?;
                        call(at, method, arguments)
                    });
                    match outcome {
                        Ok(_) => {
                            tally.answered.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => {
                            if let Ok(mut failures) = tally.failures.lock() {
                                failures.push(format!("{error:#}"));
                            }
                        }
                    }
                }
            });
        }
        thread::sleep(Duration::from_millis(500));
        let outcome = meanwhile(&tally);
        thread::sleep(Duration::from_millis(500));
        over.store(true, Ordering::Relaxed);
        outcome
    })?;
    Ok(tally)
}

fn restart(process: &str) -> Result<()> {
    let output = bp::run(&folder(), &["restart", process, &file(WIRING)])?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(said.lines().filter(|l| l.starts_with(&format!("{process}."))).count() == 3, "{said}");
    Ok(())
}

/// The process that has a variable, among the children of `bp run`.
fn child_with(running: &Running, variable: &str, value: &str) -> Result<Pid> {
    let wanted = format!("{variable}={value}");
    for entry in std::fs::read_dir("/proc")? {
        let path = entry?.path();
        let (Ok(stat), Ok(environment)) = (
            std::fs::read_to_string(path.join("stat")),
            std::fs::read_to_string(path.join("environ")),
        ) else {
            continue;
        };
        // The parent is the second field after the name in parentheses.
        let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace());
        let parent = fields.and_then(|mut fields| fields.nth(1)?.parse::<u32>().ok());
        if parent == Some(running.id()) && environment.split('\0').any(|v| v == wanted) {
            let id = path.file_name().and_then(|n| n.to_str()?.parse().ok());
            return id.and_then(Pid::from_raw).context("a process id");
        }
    }
    bail!("no child of bp has {wanted}")
}

/// Three copies of `relay` are replaced under load, and no call fails, although nothing repeats calls.
fn rolled() -> Result<()> {
    let _one = one_at_a_time();
    let running = Running::start(&folder(), WIRING, None)?;
    let before = endpoints("RELAY_GRPC")?;
    ensure!(before.len() == 3, "{before:?}");
    let entry = running.entry()?.to_owned();
    let nap = r#"{"worker":"right","millis":5}"#;
    let tally = under_load(|| Ok(vec![entry.clone()]), "nap", nap, |_| restart("relay"))?;
    let failures = tally.failures();
    ensure!(failures.is_empty(), "{} failed: {:?}", failures.len(), failures.first());
    let answered = tally.answered.load(Ordering::Relaxed);
    ensure!(answered > 50, "only {answered} calls were answered");
    let after = endpoints("RELAY_GRPC")?;
    ensure!(
        after.len() == 3 && after.iter().all(|at| !before.contains(at)),
        "{before:?} were not replaced: {after:?}"
    );
    running.stop()?;
    ensure!(!folder().join(".bp/run").join(WIRING).exists(), "the supervisor's files are left");
    Ok(())
}

/// `kill -9` of a copy under load: calls that may be repeated all succeed, and the copy comes back.
/// SIGTERM past the supervisor, which then cannot unpublish first: every call succeeds, because a call that was not taken goes to another endpoint.
fn killed() -> Result<()> {
    let _one = one_at_a_time();
    let running = Running::start(&folder(), WIRING, None)?;
    let entry = running.entry()?.to_owned();
    let kill = |signal: Signal, at: &str| {
        let victim = child_with(&running, "BP_BIND_RELAY_GRPC", at)?;
        kill_process(victim, signal)?;
        // Gone from the file, and back under another id.
        eventually(Duration::from_mins(1), "the notice", || {
            Ok(!endpoints("RELAY_GRPC")?.contains(&at.to_owned()))
        })?;
        eventually(Duration::from_mins(1), "the return", || {
            Ok(endpoints("RELAY_GRPC")?.contains(&at.to_owned()))
        })?;
        ensure!(child_with(&running, "BP_BIND_RELAY_GRPC", at)? != victim, "the same process");
        Ok(())
    };
    let all = endpoints("RELAY_GRPC")?;
    let [first, second, third] = all.as_slice() else { bail!("{all:?}") };
    for (signal, at, method, arguments) in [
        (Signal::KILL, first, "look", r#"{"worker":"right"}"#),
        (Signal::KILL, second, "look", r#"{"worker":"right"}"#),
        (Signal::TERM, third, "nap", r#"{"worker":"right","millis":5}"#),
    ] {
        let tally =
            under_load(|| Ok(vec![entry.clone()]), method, arguments, |_| kill(signal, at))?;
        let failures = tally.failures();
        ensure!(
            failures.is_empty(),
            "{signal:?}: {} of {} failed: {:?}",
            failures.len(),
            tally.answered.load(Ordering::Relaxed),
            failures.first()
        );
    }
    running.stop()
}

/// The copies that clients call keep their ports and are restarted at them, while clients follow the published list.
/// The same with the step "unpublish" left out, by a SIGTERM past the supervisor, costs calls: the step is what saves them.
fn entry() -> Result<()> {
    let _one = one_at_a_time();
    let running = Running::start(&folder(), WIRING, None)?;
    let before = endpoints("GATE_HTTP")?;
    ensure!(before.len() == 3, "{before:?}");
    let follow = || endpoints("GATE_HTTP");
    let nap = r#"{"worker":"right","millis":5}"#;
    let tally = under_load(follow, "nap", nap, |_| restart("gate"))?;
    let failures = tally.failures();
    ensure!(failures.is_empty(), "{} failed: {:?}", failures.len(), failures.first());
    let mut after = endpoints("GATE_HTTP")?;
    let mut wanted = before;
    wanted.sort();
    after.sort();
    ensure!(after == wanted, "the ports changed: {wanted:?}, {after:?}");

    let tally = under_load(follow, "nap", nap, |tally| {
        for at in after.iter().cycle().take(12) {
            eventually(Duration::from_mins(1), "the return", || {
                Ok(endpoints("GATE_HTTP")?.contains(at))
            })?;
            kill_process(child_with(&running, "BP_BIND_GATE_HTTP", at)?, Signal::TERM)?;
            thread::sleep(Duration::from_millis(500));
            if !tally.failures().is_empty() {
                break;
            }
        }
        Ok(())
    })?;
    ensure!(!tally.failures().is_empty(), "no call failed without the step, so it shows nothing");
    drop(running);
    Ok(())
}

/// A process started by hand.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(name: &str, variables: &[(&str, String)]) -> Result<Command> {
    let out = folder().join("build").join(WIRING);
    let mut command = Command::new(bp::generated()?.join("debug/probe-app"));
    command
        .env("BP_PROCESS", name)
        .env("BP_PLAN", out.join("rust/app/plan.json"))
        .envs(variables.iter().map(|(name, value)| (*name, value)))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Ok(command)
}

fn start(name: &str, listener: &str, at: &str, more: &[(&str, String)]) -> Result<Process> {
    let admin = format!("127.0.0.1:{}", free_port()?);
    let upper = name.to_uppercase();
    let (bind, admin_bind) = (format!("BP_BIND_{listener}"), format!("BP_BIND_{upper}_ADMIN"));
    let mut variables = vec![(bind.as_str(), at.to_owned()), (&admin_bind, admin.clone())];
    variables.extend(more.iter().cloned());
    let process = Process(command(name, &variables)?.spawn()?);
    eventually(Duration::from_mins(1), "readiness", || {
        Ok(ureq::get(format!("http://{admin}/bp/ready")).call().is_ok())
    })?;
    Ok(process)
}

fn replace(file: &Path, text: &str) -> Result<()> {
    let new = file.with_extension("new");
    std::fs::write(&new, text)?;
    Ok(std::fs::rename(&new, file)?)
}

/// Callees are learned from a file that changes under load, and from a name; any other form stops the start.
fn moved() -> Result<()> {
    let _one = one_at_a_time();
    bp::run(&folder(), &["build", &file(WIRING), "--locked"])?;
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet"])
        .current_dir(folder().join("build").join(WIRING).join("rust"))
        .env("CARGO_TARGET_DIR", bp::generated()?)
        .output()?;
    ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let temporary = tempfile::tempdir()?;
    let list = temporary.path().join("relays");
    let at = || Ok::<_, anyhow::Error>(format!("127.0.0.1:{}", free_port()?));
    let (here, there, gate) = (at()?, at()?, at()?);
    // For a worker that does not exist, `relay` itself answers 404.
    let nobody = r#"{"worker":"nobody"}"#;
    let first = start("relay", "RELAY_GRPC", &here, &[])?;
    replace(&list, &format!("# one so far\n{here}\n"))?;
    let source = |text: String| [("BP_ADDR_RELAY_GRPC", text)];
    let front = start("gate", "GATE_HTTP", &gate, &source(format!("file:{}", list.display())))?;
    let second = start("relay", "RELAY_GRPC", &there, &[])?;
    let tally = under_load(
        || Ok(vec![gate.clone()]),
        "look",
        nobody,
        |_| {
            replace(&list, &serde_json::to_string(&[&there])?)?;
            thread::sleep(Duration::from_millis(300));
            drop(first);
            Ok(())
        },
    )?;
    let failures = tally.failures();
    ensure!(failures.is_empty(), "{} failed: {:?}", failures.len(), failures.first());
    drop(front);

    let port = there.rsplit(':').next().context("a port")?;
    let named = start("gate", "GATE_HTTP", &gate, &source(format!("dns:localhost:{port}")))?;
    ensure!(call(&gate, "look", nobody)? == 404);
    drop((named, second));

    let output =
        command("gate", &source("consul:relay".to_owned()))?.stderr(Stdio::piped()).output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.code() == Some(1)
            && said
                .contains("BP_ADDR_RELAY_GRPC: `consul:relay` is not a host:port; write host:port"),
        "{}: {said}",
        output.status
    );
    Ok(())
}

/// `balance = "round_robin"` gives three copies the same number of calls.
fn spread() -> Result<()> {
    const CALLS: u32 = 30;
    let _one = one_at_a_time();
    let set = "edge.\"gate -> relay\".balance.choice = \"random\"";
    let refused =
        bp::command(&folder())?.args(["run", &file(TURNS)]).env("BP_SET", set).output()?;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(
        !refused.status.success() && said.contains("balance"),
        "this setting cannot be tuned: {said}"
    );

    let running = Running::start(&folder(), TURNS, None)?;
    let entry = running.entry()?.to_owned();
    for _ in 0..CALLS {
        call(&entry, "look", r#"{"worker":"right"}"#)?;
    }
    let copies: Vec<String> =
        running.processes().into_iter().filter(|p| p.starts_with("relay")).collect();
    let counts = copies.iter().map(|copy| {
        let count = running.metric(copy, "rpc_server_call_duration_seconds_count{")?;
        anyhow::Ok((count, copy))
    });
    let counts = counts.collect::<Result<Vec<_>>>()?;
    let fair = f64::from(CALLS) / 3.0;
    ensure!(
        counts.len() == 3 && counts.iter().all(|(n, _)| (n - fair).abs() < f64::EPSILON),
        "{counts:?} of {CALLS}"
    );
    running.stop()
}
