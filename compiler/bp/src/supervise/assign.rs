//! Ports and environments of the copies of every process.

use std::path::Path;
use std::time::{Duration, Instant};

use bp_contract::run_manifest::ProcessEntry;
use bp_contract::variable;
use bp_diag::{Diagnostic, catalog};

use super::Launch;
use super::backoff::Backoff;
use super::child::RunningProcess;
use super::endpoint_files::EndpointFiles;
use super::logs::Prefix;
use super::ports::{self, Ports};

/// One copy of one process.
#[derive(Debug)]
pub(super) struct ProcessCopy {
    pub(super) process: String,
    pub(super) label: String,
    /// The position among the processes, for the colour.
    index: usize,
    pub(super) environment: Vec<(String, String)>,
    pub(super) prefix: Prefix,
    pub(super) admin: u16,
    /// The ports on which it listens, by address.
    pub(super) listening: Vec<(String, u16)>,
    pub(super) stop_limit: Duration,
    /// Whether its successor can start while it still runs; else it must end first.
    pub(super) can_overlap: bool,
    pub(super) state: CopyState,
    pub(super) ready: bool,
    /// It starts together with the system: callers are told of it at once, so that the first call after the start finds it.
    pub(super) fresh: bool,
    /// When it was last asked whether it is ready.
    pub(super) asked: Option<Instant>,
    pub(super) backoff: Backoff,
}

#[derive(Debug)]
pub(super) enum CopyState {
    Running(RunningProcess),
    /// It ended; it starts again at this time.
    Waiting(Instant),
    Stopped,
}

/// Gives every copy of every process its ports and environment.
pub(super) fn assign_copies(
    launch: &Launch<'_>,
    ports: &mut Ports,
    endpoint_files: &EndpointFiles,
) -> Result<Vec<ProcessCopy>, Diagnostic> {
    let manifest = launch.manifest;
    let width = manifest
        .processes
        .iter()
        .map(|(n, p)| n.len() + if p.replicas > 1 { 2 + p.replicas.ilog10() as usize } else { 0 })
        .max()
        .unwrap_or(0);
    let mut copies = Vec::new();
    for (index, (name, process)) in manifest.processes.iter().enumerate() {
        for copy in 1..=process.replicas {
            let label = if process.replicas > 1 { format!("{name}.{copy}") } else { name.clone() };
            let prefix = Prefix::new(&label, index, width, launch.color);
            let new = NewCopy { name, process, label, index, prefix, own_ports: launch.own_ports };
            copies.push(ProcessCopy { fresh: true, ..new.build(launch, ports, endpoint_files)? });
        }
    }
    for copy in &copies {
        announce(launch, copy, width);
    }
    Ok(copies)
}

/// Says where a copy listens.
pub(super) fn announce(launch: &Launch<'_>, copy: &ProcessCopy, width: usize) {
    let label = &copy.label;
    let Some(process) = launch.manifest.processes.get(&copy.process) else { return };
    for (address, port) in &copy.listening {
        let Some(entry) = process.listeners.values().find(|l| l.address == *address) else {
            continue;
        };
        let mark = if entry.entry { "  <- for clients" } else { "" };
        (launch.say)(&format!("{label:width$}  {:9} 127.0.0.1:{port}{mark}", entry.transport));
    }
    (launch.say)(&format!("{label:width$}  {:9} 127.0.0.1:{}", "admin", copy.admin));
}

/// Another copy like `old`, on ports of its own.
pub(super) fn add_copy(
    old: &ProcessCopy,
    launch: &Launch<'_>,
    ports: &mut Ports,
    endpoint_files: &EndpointFiles,
) -> Result<ProcessCopy, Diagnostic> {
    let process = launch.manifest.processes.get(&old.process).ok_or_else(|| {
        catalog::target::cannot_start(&old.label, "the manifest does not name it", "build again")
    })?;
    let (label, prefix) = (old.label.clone(), old.prefix.clone());
    let new =
        NewCopy { name: &old.process, process, label, index: old.index, prefix, own_ports: false };
    new.build(launch, ports, endpoint_files)
}

struct NewCopy<'a> {
    name: &'a str,
    process: &'a ProcessEntry,
    label: String,
    index: usize,
    prefix: Prefix,
    own_ports: bool,
}

impl NewCopy<'_> {
    fn build(
        self,
        launch: &Launch<'_>,
        ports: &mut Ports,
        endpoint_files: &EndpointFiles,
    ) -> Result<ProcessCopy, Diagnostic> {
        let Self { name, process, label, index, prefix, own_ports } = self;
        let mut take = |wanted: u16| {
            ports.take(own_ports.then_some(wanted)).ok_or_else(|| {
                let range = ports::RANGE;
                catalog::target::cannot_start(
                    &label,
                    &format!("no port from {} to {} is free", range.start, range.end),
                    "stop other programs that listen, such as an earlier `bp run`",
                )
            })
        };
        let admin = take(process.admin.port)?;
        let mut environment = vec![
            (variable::PROCESS.to_owned(), name.to_owned()),
            (variable::PLAN.to_owned(), launch.plan.clone()),
            (variable::DATA.to_owned(), launch.data.clone()),
            (variable::bind(&process.admin.address), format!("127.0.0.1:{admin}")),
        ];
        let mut listening = Vec::new();
        for entry in process.listeners.values() {
            let port = take(entry.port)?;
            environment.push((variable::bind(&entry.address), format!("127.0.0.1:{port}")));
            listening.push((entry.address.clone(), port));
        }
        environment.extend(listener_addresses(launch, endpoint_files));
        let entry = process.listeners.values().any(|l| l.entry);
        Ok(ProcessCopy {
            process: name.to_owned(),
            label,
            index,
            environment,
            prefix,
            admin,
            listening,
            stop_limit: Duration::from_millis(process.stop_ms),
            // Clients know the port of an entry, so it stays.
            can_overlap: !entry && !process.exclusive,
            state: CopyState::Stopped,
            ready: false,
            fresh: false,
            asked: None,
            backoff: Backoff::default(),
        })
    }
}

/// `BP_ADDR_…` of every listener: the file that says where its replicas are.
pub(super) fn listener_addresses(
    launch: &Launch<'_>,
    endpoint_files: &EndpointFiles,
) -> Vec<(String, String)> {
    let listeners = launch.manifest.processes.values().flat_map(|p| p.listeners.values());
    let named = listeners.map(|l| &l.address);
    named.map(|name| (variable::address(name), file_address(&endpoint_files.file(name)))).collect()
}

fn file_address(path: &Path) -> String {
    format!("file:{}", path.display())
}
