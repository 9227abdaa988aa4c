//! `bp run`'s supervisor: starts processes, waits for them, restarts them, stops them in order.

#![expect(clippy::disallowed_methods, reason = "the supervisor measures time")]

mod assign;
mod backoff;
mod child;
mod control;
mod endpoint_files;
mod logs;
mod ports;
mod ready;
mod rolling_restart;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use bp_contract::RunManifest;
use bp_contract::variable;
use bp_diag::{Diagnostic, catalog};

use assign::{CopyState, ProcessCopy};
use backoff::RestartDecision;
use child::{RunningProcess, describe_exit};
use control::ControlSocket;
use endpoint_files::EndpointFiles;
use logs::Prefix;
use ports::Ports;
use rolling_restart::RollingRestart;

use crate::signals::SignalWatch;

pub(crate) use control::{Answer, Request, ask};

/// How often to check processes, signals and readiness.
const TICK: Duration = Duration::from_millis(25);
/// How long all processes may take to become ready.
const READY_LIMIT: Duration = Duration::from_mins(1);
/// How often to ask a ready process whether it still is.
const PERIOD: Duration = Duration::from_millis(250);
/// How much longer than its own limit a process may take before it is killed.
const GRACE: Duration = Duration::from_secs(2);

/// What to do when a program that cargo has just built does not start.
const GONE: &str = "check that nothing removes `.bp/target`, and that programs may run from it";

/// What to start, and how.
pub(crate) struct Launch<'a> {
    pub(crate) manifest: &'a RunManifest,
    /// The app's binary.
    pub(crate) program: String,
    /// The run plan's path.
    pub(crate) plan: String,
    /// The folder for instances' files.
    pub(crate) data: String,
    /// The folder for the supervisor's own: endpoints, and the socket of `bp restart`.
    pub(crate) run: PathBuf,
    /// Whether to prefer the plan's own ports, which stay the same from run to run.
    pub(crate) own_ports: bool,
    pub(crate) color: bool,
    /// Announces progress: one line a call.
    pub(crate) say: &'a dyn Fn(&str),
}

/// Why supervising ended.
#[derive(Debug)]
pub(crate) enum EndReason {
    /// The user asked for it.
    UserAsked,
    /// Something failed.
    Failed(Diagnostic),
}

/// A system of running processes.
pub(crate) struct Supervisor<'a> {
    launch: Launch<'a>,
    copies: Vec<ProcessCopy>,
    ports: Ports,
    // Declared before `endpoint_files`, so that it is dropped before the folder that it is in.
    control: Option<ControlSocket>,
    endpoint_files: EndpointFiles,
    roll: Option<RollingRestart>,
    signals: SignalWatch,
}

impl<'a> Supervisor<'a> {
    /// Chooses ports; nothing runs yet.
    pub(crate) fn new(launch: Launch<'a>) -> Result<Self, Diagnostic> {
        let failed =
            |e: io::Error| catalog::target::cannot_start("bp", &e.to_string(), "try again");
        let signals = SignalWatch::new().map_err(failed)?;
        let run = launch.run.clone();
        let manifest = launch.manifest;
        let listeners = manifest.processes.values().flat_map(|p| p.listeners.values());
        let endpoint_files = EndpointFiles::new(&run, listeners.map(|l| l.address.as_str()));
        let endpoint_files = endpoint_files.map_err(|e| {
            catalog::target::cannot_write(&run.display().to_string(), &e.to_string())
        })?;
        let control = ControlSocket::listen(&run)
            .inspect_err(|e| (launch.say)(&format!("`bp restart` cannot reach this run: {e}")))
            .ok();
        let mut ports = Ports::new(std::process::id());
        let copies = assign::assign_copies(&launch, &mut ports, &endpoint_files)?;
        let mut supervisor =
            Self { launch, copies, ports, control, endpoint_files, roll: None, signals };
        supervisor.publish();
        Ok(supervisor)
    }

    /// Runs the inits that call no process, starts every process, waits until all are ready, and runs the other inits.
    pub(crate) fn start(&mut self) -> Result<(), EndReason> {
        self.run_inits(true)?;
        self.start_processes().map_err(EndReason::Failed)?;
        self.await_ready()?;
        self.run_inits(false)
    }

    fn start_processes(&mut self) -> Result<(), Diagnostic> {
        (0..self.copies.len()).try_for_each(|index| self.start_copy(index))
    }

    /// Runs inits one after another, by name.
    fn run_inits(&mut self, first: bool) -> Result<(), EndReason> {
        let inits = self.launch.manifest.inits.iter().filter(|(_, init)| init.first == first);
        let names: Vec<String> = inits.map(|(name, _)| name.clone()).collect();
        for name in names {
            self.run_init(&name)?;
        }
        Ok(())
    }

    fn run_init(&mut self, name: &str) -> Result<(), EndReason> {
        (self.launch.say)(&format!("init {name}"));
        let mut environment = vec![
            (variable::INIT.to_owned(), name.to_owned()),
            (variable::PLAN.to_owned(), self.launch.plan.clone()),
            (variable::DATA.to_owned(), self.launch.data.clone()),
        ];
        environment.extend(assign::listener_addresses(&self.launch, &self.endpoint_files));
        let width = self.copies.iter().map(|s| s.label.len()).max().unwrap_or(0);
        let prefix = Prefix::new(name, self.copies.len(), width, self.launch.color);
        let mut running = RunningProcess::start(&self.launch.program, &environment, &prefix)
            .map_err(|e| {
                EndReason::Failed(catalog::target::cannot_start(name, &e.to_string(), GONE))
            })?;
        loop {
            if let Some(status) = running.poll_exit() {
                if status.success() {
                    return Ok(());
                }
                return Err(EndReason::Failed(catalog::target::init_failed(
                    name,
                    &describe_exit(status),
                )));
            }
            if let Err(ended) = self.tick() {
                running.kill();
                return Err(ended);
            }
            thread::sleep(TICK);
        }
    }

    /// `BP_ADDR_…` of every listener, and the plan: what a caller from outside needs.
    pub(crate) fn caller_environment(&self) -> Vec<(String, String)> {
        let mut all = assign::listener_addresses(&self.launch, &self.endpoint_files);
        all.push((variable::PLAN.to_owned(), self.launch.plan.clone()));
        all
    }

    fn start_copy(&mut self, index: usize) -> Result<(), Diagnostic> {
        let Some(copy) = self.copies.get_mut(index) else { return Ok(()) };
        copy.start(&self.launch.program)
    }

    /// Returns the ports of a copy that did not start.
    fn release(&mut self, copy: &ProcessCopy) {
        for (_, port) in &copy.listening {
            self.ports.release(*port);
        }
        self.ports.release(copy.admin);
    }

    /// Tells callers which copies are ready; at the system's start, which there will be.
    fn publish(&mut self) {
        let listeners = self.launch.manifest.processes.values().flat_map(|p| p.listeners.values());
        for listener in listeners {
            let address = &listener.address;
            let told =
                |s: &&ProcessCopy| s.fresh || s.ready && matches!(s.state, CopyState::Running(_));
            let endpoints = self.copies.iter().filter(told).flat_map(|copy| {
                copy.listening
                    .iter()
                    .filter(|(a, _)| a == address)
                    .map(|(_, p)| format!("127.0.0.1:{p}"))
            });
            if let Err(error) = self.endpoint_files.set(address, endpoints.collect()) {
                (self.launch.say)(&format!(
                    "callers of {address} were not told of a change: {error}"
                ));
            }
        }
    }

    /// Waits until every process is ready.
    fn await_ready(&mut self) -> Result<(), EndReason> {
        let limit = Instant::now() + READY_LIMIT;
        loop {
            self.tick()?;
            let late: Vec<&str> =
                self.copies.iter().filter(|s| !s.ready).map(|s| s.label.as_str()).collect();
            if late.is_empty() {
                return Ok(());
            }
            if Instant::now() >= limit {
                return Err(EndReason::Failed(catalog::target::not_ready(
                    &late,
                    READY_LIMIT.as_secs(),
                )));
            }
            thread::sleep(TICK);
        }
    }

    /// Supervises until the user asks to stop, or a process keeps ending.
    pub(crate) fn run(&mut self) -> EndReason {
        loop {
            if let Err(ended) = self.tick() {
                return ended;
            }
            thread::sleep(TICK);
        }
    }

    /// Supervises while another program calls the system, and returns how that ended.
    pub(crate) fn run_while(&mut self, caller: io::Result<Child>) -> Result<ExitStatus, EndReason> {
        let failed = |e: io::Error| {
            EndReason::Failed(catalog::target::cannot_start("the caller", &e.to_string(), GONE))
        };
        let mut caller = caller.map_err(failed)?;
        loop {
            if let Some(status) = caller.try_wait().map_err(failed)? {
                return Ok(status);
            }
            if let Err(ended) = self.tick() {
                let _ = caller.kill();
                let _ = caller.wait();
                return Err(ended);
            }
            thread::sleep(TICK);
        }
    }

    /// Checks signals, processes that ended, readiness, and requests of `bp restart`.
    fn tick(&mut self) -> Result<(), EndReason> {
        if self.signals.pending().is_some() {
            return Err(EndReason::UserAsked);
        }
        self.look_at_processes()?;
        self.look_at_readiness();
        if let Some((request, caller)) = self.control.as_ref().and_then(ControlSocket::next_request)
        {
            self.answer(request, caller);
        }
        if let Some(roll) = self.roll.take() {
            self.roll = roll.advance(self);
        }
        Ok(())
    }

    fn look_at_readiness(&mut self) {
        for copy in &mut self.copies {
            let due = !copy.ready || copy.asked.is_none_or(|asked| asked.elapsed() >= PERIOD);
            if due && matches!(copy.state, CopyState::Running(_)) {
                copy.ready = ready::is_ready(copy.admin);
                copy.fresh &= !copy.ready;
                copy.asked = Some(Instant::now());
            }
        }
        self.publish();
    }

    fn answer(&mut self, request: Request, mut caller: control::Caller) {
        let Request::Restart(process) = request;
        let copies = self.copies.iter().enumerate().filter(|(_, copy)| copy.process == process);
        let places: Vec<usize> = copies.map(|(place, _)| place).collect();
        if places.is_empty() {
            let known = self.launch.manifest.processes.keys().cloned().collect();
            caller.tell(&Answer::Unknown(known));
        } else if self.roll.is_some() {
            caller.tell(&Answer::Failed(String::from("another restart is under way")));
        } else {
            (self.launch.say)(&format!("restarting `{process}`"));
            self.roll = Some(RollingRestart::new(process, places, caller));
        }
    }

    fn look_at_processes(&mut self) -> Result<(), EndReason> {
        for index in 0..self.copies.len() {
            let Some(copy) = self.copies.get_mut(index) else { break };
            match &mut copy.state {
                CopyState::Running(running) => {
                    let Some(status) = running.poll_exit() else { continue };
                    let how = describe_exit(status);
                    match copy.backoff.record_end(running.age()) {
                        RestartDecision::After(wait) => {
                            let text = format!(
                                "{} ended with {how}; starting it again in {} ms",
                                copy.label,
                                wait.as_millis()
                            );
                            copy.state = CopyState::Waiting(Instant::now() + wait);
                            copy.ready = false;
                            copy.fresh = false;
                            (self.launch.say)(&text);
                        }
                        RestartDecision::GiveUp => {
                            copy.state = CopyState::Stopped;
                            let fault = catalog::target::keeps_ending(&copy.label, &how);
                            return Err(EndReason::Failed(fault));
                        }
                    }
                }
                CopyState::Waiting(until) if Instant::now() >= *until => {
                    self.start_copy(index).map_err(EndReason::Failed)?;
                }
                CopyState::Waiting(_) | CopyState::Stopped => {}
            }
        }
        Ok(())
    }

    /// Stops every process, callers before callees; returns what went wrong.
    ///
    /// A second signal kills what is left.
    pub(crate) fn stop(mut self) -> Vec<Diagnostic> {
        let mut faults = Vec::new();
        // A copy that a restart was replacing drains while the others do.
        let between = self.roll.take().map(RollingRestart::into_running).unwrap_or_default();
        for (running, _) in &between {
            running.terminate();
        }
        let mut waves = self.launch.manifest.stop.clone();
        // The manifest may name a process in no wave, so the last one has all.
        waves.push(self.copies.iter().map(|s| s.process.clone()).collect());
        for wave in waves {
            let inside = |copy: &ProcessCopy| wave.contains(&copy.process);
            let mut limit = GRACE;
            for copy in self.copies.iter_mut().filter(|s| inside(s)) {
                if let CopyState::Running(running) = &copy.state {
                    running.terminate();
                    limit = limit.max(copy.stop_limit + GRACE);
                } else {
                    copy.state = CopyState::Stopped;
                }
            }
            let limit = Instant::now() + limit;
            loop {
                for copy in self.copies.iter_mut().filter(|s| inside(s)) {
                    if let CopyState::Running(running) = &mut copy.state
                        && let Some(status) = running.poll_exit()
                    {
                        if !status.success() {
                            let how = describe_exit(status);
                            faults.push(catalog::target::stopped_badly(&copy.label, &how));
                        }
                        copy.state = CopyState::Stopped;
                    }
                }
                let left = |s: &&ProcessCopy| inside(s) && matches!(s.state, CopyState::Running(_));
                if self.copies.iter().filter(left).count() == 0 {
                    break;
                }
                let again = self.signals.pending().is_some();
                if again || Instant::now() >= limit {
                    for copy in self.copies.iter_mut().filter(|s| inside(s)) {
                        if let CopyState::Running(running) = &mut copy.state {
                            running.kill();
                            copy.state = CopyState::Stopped;
                            faults.push(catalog::target::killed(&copy.label));
                        }
                    }
                    break;
                }
                thread::sleep(TICK);
            }
        }
        for (mut running, stop) in between {
            let limit = Instant::now() + stop + GRACE;
            while running.poll_exit().is_none() && Instant::now() < limit {
                thread::sleep(TICK);
            }
        }
        faults
    }
}

impl ProcessCopy {
    fn start(&mut self, program: &str) -> Result<(), Diagnostic> {
        let running = RunningProcess::start(program, &self.environment, &self.prefix)
            .map_err(|e| catalog::target::cannot_start(&self.label, &e.to_string(), GONE))?;
        self.state = CopyState::Running(running);
        self.ready = false;
        Ok(())
    }
}

/// Where the supervisor of a wiring has its own files.
pub(crate) fn run_folder(root: &Path, wiring: &str) -> PathBuf {
    root.join(".bp/run").join(wiring)
}
