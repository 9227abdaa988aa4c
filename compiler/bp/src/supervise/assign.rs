//! Ports and environments of the copies of every process.

use std::path::Path;
use std::time::{Duration, Instant};

use bp_diag::{Diagnostic, catalog};

use super::Launch;
use super::backoff::Backoff;
use super::child::Running;
use super::logs::Prefix;
use super::manifest::ProcessEntry;
use super::ports::{self, Ports};
use super::publish::Published;

/// One copy of one process.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) process: String,
    pub(super) label: String,
    /// Place among the processes, for its colour.
    index: usize,
    pub(super) environment: Vec<(String, String)>,
    pub(super) prefix: Prefix,
    pub(super) admin: u16,
    /// By address, where it listens.
    pub(super) listens: Vec<(String, u16)>,
    pub(super) stop: Duration,
    /// Whether another copy can start while it runs; else it must leave first.
    pub(super) beside: bool,
    pub(super) state: State,
    pub(super) ready: bool,
    /// Starting with the system: callers are told of it at once, so that the first call after the start finds it.
    pub(super) fresh: bool,
    /// When it was last asked whether it is ready.
    pub(super) asked: Option<Instant>,
    pub(super) backoff: Backoff,
}

#[derive(Debug)]
pub(super) enum State {
    Running(Running),
    /// It ended; it starts again then.
    Waiting(Instant),
    Stopped,
}

/// Gives every copy of every process its ports and environment.
pub(super) fn assign(
    launch: &Launch<'_>,
    ports: &mut Ports,
    published: &Published,
) -> Result<Vec<Slot>, Diagnostic> {
    let manifest = launch.manifest;
    let width = manifest
        .processes
        .iter()
        .map(|(n, p)| n.len() + if p.replicas > 1 { 2 + p.replicas.ilog10() as usize } else { 0 })
        .max()
        .unwrap_or(0);
    let mut slots = Vec::new();
    for (index, (name, process)) in manifest.processes.iter().enumerate() {
        for copy in 1..=process.replicas {
            let label = if process.replicas > 1 { format!("{name}.{copy}") } else { name.clone() };
            let prefix = Prefix::new(&label, index, width, launch.color);
            let new = New { name, process, label, index, prefix, own_ports: launch.own_ports };
            slots.push(Slot { fresh: true, ..new.slot(launch, ports, published)? });
        }
    }
    for slot in &slots {
        announce(launch, slot, width);
    }
    Ok(slots)
}

/// Says where a copy listens.
pub(super) fn announce(launch: &Launch<'_>, slot: &Slot, width: usize) {
    let label = &slot.label;
    let Some(process) = launch.manifest.processes.get(&slot.process) else { return };
    for (address, port) in &slot.listens {
        let Some(entry) = process.listeners.values().find(|l| l.at.address == *address) else {
            continue;
        };
        let mark = if entry.entry { "  <- for clients" } else { "" };
        (launch.say)(&format!("{label:width$}  {:9} 127.0.0.1:{port}{mark}", entry.transport));
    }
    (launch.say)(&format!("{label:width$}  {:9} 127.0.0.1:{}", "admin", slot.admin));
}

/// Another copy like `old`, on ports of its own.
pub(super) fn beside(
    old: &Slot,
    launch: &Launch<'_>,
    ports: &mut Ports,
    published: &Published,
) -> Result<Slot, Diagnostic> {
    let process = launch.manifest.processes.get(&old.process).ok_or_else(|| {
        catalog::target::cannot_start(&old.label, "the manifest does not name it", "build again")
    })?;
    let (label, prefix) = (old.label.clone(), old.prefix.clone());
    let new =
        New { name: &old.process, process, label, index: old.index, prefix, own_ports: false };
    new.slot(launch, ports, published)
}

struct New<'a> {
    name: &'a str,
    process: &'a ProcessEntry,
    label: String,
    index: usize,
    prefix: Prefix,
    own_ports: bool,
}

impl New<'_> {
    fn slot(
        self,
        launch: &Launch<'_>,
        ports: &mut Ports,
        published: &Published,
    ) -> Result<Slot, Diagnostic> {
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
            (String::from("BP_PROCESS"), name.to_owned()),
            (String::from("BP_PLAN"), launch.plan.clone()),
            (String::from("BP_DATA"), launch.data.clone()),
            (format!("BP_BIND_{}", process.admin.address), format!("127.0.0.1:{admin}")),
        ];
        let mut listens = Vec::new();
        for entry in process.listeners.values() {
            let port = take(entry.at.port)?;
            environment
                .push((format!("BP_BIND_{}", entry.at.address), format!("127.0.0.1:{port}")));
            listens.push((entry.at.address.clone(), port));
        }
        environment.extend(addresses(launch, published));
        let entry = process.listeners.values().any(|l| l.entry);
        Ok(Slot {
            process: name.to_owned(),
            label,
            index,
            environment,
            prefix,
            admin,
            listens,
            stop: Duration::from_millis(process.stop_ms),
            // Clients know the port of an entry, so it stays.
            beside: !entry && !process.exclusive,
            state: State::Stopped,
            ready: false,
            fresh: false,
            asked: None,
            backoff: Backoff::default(),
        })
    }
}

/// `BP_ADDR_…` of every listener: the file that says where its replicas are.
pub(super) fn addresses(launch: &Launch<'_>, published: &Published) -> Vec<(String, String)> {
    let listeners = launch.manifest.processes.values().flat_map(|p| p.listeners.values());
    let named = listeners.map(|l| &l.at.address);
    named.map(|name| (format!("BP_ADDR_{name}"), file(&published.file(name)))).collect()
}

fn file(path: &Path) -> String {
    format!("file:{}", path.display())
}
