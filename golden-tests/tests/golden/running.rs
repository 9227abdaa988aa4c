//! A system started by `bp run`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use libtest_mimic::Trial;

use crate::bp;

/// Keeps other tests waiting: two cores are enough for one system only, and cargo's lock would make the others wait anyway.
pub(crate) fn one_at_a_time() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A test of running processes.
///
/// In CI a failed one is run once more, and its error is printed: the machines there are shared and may stall for seconds.
/// A real fault fails twice; outside of CI a failure counts at once, so that a race is not overlooked.
pub(crate) fn trial(
    name: impl Into<String>,
    test: impl Fn() -> Result<()> + Send + 'static,
) -> Trial {
    let name = name.into();
    crate::trial(name.clone(), move || match test() {
        Err(error) if std::env::var_os("BP_CI").is_some() => {
            eprintln!("{name} failed, and is played once more: {error:#}");
            test()
        }
        done => done,
    })
}

/// The path of a wiring in its application.
pub(crate) fn file(wiring: &str) -> String {
    format!("wiring/{wiring}.toml")
}

/// A running system, stopped when dropped.
pub(crate) struct Running {
    child: Child,
    /// `host:port` by process and transport, `admin` among them.
    listeners: BTreeMap<(String, String), String>,
    entry: Option<String>,
}

impl Running {
    /// Starts a wiring on fresh data with `BP_SET`, and waits until it is ready.
    pub(crate) fn start(folder: &Path, wiring: &str, set: Option<&str>) -> Result<Self> {
        let set: Vec<_> = set.map(|set| ("BP_SET", set.to_owned())).into_iter().collect();
        Self::start_with(folder, wiring, &set)
    }

    /// Starts a wiring on fresh data with these environment variables, and waits until it is ready.
    pub(crate) fn start_with(
        folder: &Path,
        wiring: &str,
        environment: &[(&str, String)],
    ) -> Result<Self> {
        let mut command = bp::command(folder)?;
        command
            .args(["run", &file(wiring), "--fresh"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command.envs(environment.iter().map(|(name, value)| (*name, value)));
        let mut child = command.spawn()?;
        let mut lines = BufReader::new(child.stderr.take().context("stderr is piped")?);
        let mut running = Self { child, listeners: BTreeMap::new(), entry: None };
        let mut seen = String::new();
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                let _ = running.child.wait();
                bail!("{wiring} did not become ready:\n{seen}");
            }
            seen.push_str(&line);
            running.note(&line);
            if line.contains("ready") && !running.listeners.is_empty() {
                break;
            }
        }
        // The pipe must be read to its end, or the system would block when it is full.
        std::thread::spawn(move || std::io::copy(&mut lines.by_ref(), &mut std::io::sink()));
        Ok(running)
    }

    fn note(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [process, transport, at, rest @ ..] = words.as_slice()
            && at.starts_with("127.0.0.1:")
        {
            self.listeners
                .insert(((*process).to_owned(), (*transport).to_owned()), (*at).to_owned());
            if !rest.is_empty() {
                self.entry = Some((*at).to_owned());
            }
        }
    }

    /// `host:port` of the listener for clients.
    pub(crate) fn entry(&self) -> Result<&str> {
        self.entry.as_deref().context("nothing is published")
    }

    /// A metric of a process: the sum of the series whose lines start with `name`, which come in no order.
    pub(crate) fn metric(&self, process: &str, name: &str) -> Result<f64> {
        let text = self.fetch_metrics(process)?;
        let values: Vec<f64> = text
            .lines()
            .filter(|line| line.starts_with(name))
            .filter_map(|line| line.rsplit(' ').next()?.parse().ok())
            .collect();
        ensure!(!values.is_empty(), "no metric {name}:\n{text}");
        Ok(values.iter().sum())
    }

    /// All metrics of a process as text.
    pub(crate) fn fetch_metrics(&self, process: &str) -> Result<String> {
        let admin = self.listener(process, "admin")?;
        Ok(ureq::get(format!("http://{admin}/metrics")).call()?.body_mut().read_to_string()?)
    }

    /// `host:port` of a process's listener of a transport.
    pub(crate) fn listener(&self, process: &str, transport: &str) -> Result<&str> {
        let found = self.listeners.get(&(process.to_owned(), transport.to_owned()));
        found.map(String::as_str).with_context(|| format!("{process} has no {transport}"))
    }

    /// The process id of `bp run`.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The processes.
    pub(crate) fn processes(&self) -> Vec<String> {
        self.listeners.keys().filter(|(_, t)| t == "admin").map(|(p, _)| p.clone()).collect()
    }

    /// Stops it as Ctrl-C does, and expects a clean end.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the system ended with {status}");
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let limit = Instant::now() + Duration::from_secs(20);
        while Instant::now() < limit {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
    }
}

/// Tries until it holds, for at most `limit`.
pub(crate) fn eventually(
    limit: Duration,
    what: &str,
    mut holds: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let end = Instant::now() + limit;
    while !holds()? {
        ensure!(Instant::now() < end, "{what} did not come true in {limit:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
