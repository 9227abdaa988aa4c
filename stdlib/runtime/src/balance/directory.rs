//! Endpoints as they come and go: one directory for each address, followed by every edge that dials it.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::TryFutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::attributes::{EndpointEntry, Weight};
use super::source::{Source, parse_endpoints};
use crate::clock::Clock;
use crate::error::StartError;
use crate::surroundings::{Files, ServiceRecord, Surroundings};
use crate::sync::lock;

/// How often a file is checked; after a change `bp run` waits for longer than this before the next step.
const FILE_PERIOD: Duration = Duration::from_millis(100);
/// How often a name is looked up. The system's resolver does not tell how long an answer is valid.
const DNS_PERIOD: Duration = Duration::from_secs(5);
/// After a failed call the name is looked up sooner, but at least this long after the last look-up.
const DNS_REST: Duration = Duration::from_millis(500);

/// Endpoints, `None` until there was a first answer.
pub(super) type KnownEndpoints = Option<Arc<[EndpointEntry]>>;

/// The endpoints that a look-up finds.
type Found = BoxFuture<'static, io::Result<Vec<EndpointEntry>>>;

/// The endpoints of one address, now and later.
#[derive(Clone)]
pub(crate) struct Directory {
    pub(super) known: watch::Receiver<KnownEndpoints>,
    pub(super) failed: Arc<Notify>,
}

impl Directory {
    /// Starts to follow a source, until `stop`.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(crate) fn follow(
        source: Source,
        surroundings: &Surroundings,
        stop: CancellationToken,
    ) -> Result<Self, StartError> {
        let failed = Arc::new(Notify::new());
        let (sender, known) = watch::channel(None);
        let Surroundings { clock, resolver, files, .. } = surroundings.clone();
        match source {
            Source::List(list) => {
                sender.send_replace(Some(list.into()));
            }
            Source::File(path) => {
                let listed = read_endpoint_file(&path, &*files).map_err(StartError::new)?;
                sender.send_replace(Some(listed.endpoints.into()));
                tokio::spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = follow_file(&path, &*files, listed.text, &*clock, &sender) => {}
                    }
                });
            }
            Source::Dns { name, port } => {
                let follower = NameFollower { clock, failed: failed.clone(), known: sender };
                tokio::spawn(follower.run(name, stop, move |name| {
                    let found = resolver.look_up_host(name);
                    Box::pin(found.map_ok(move |found| list_addresses(&found, port)))
                }));
            }
            Source::Srv(name) => {
                let follower = NameFollower { clock, failed: failed.clone(), known: sender };
                tokio::spawn(follower.run(name, stop, move |name| {
                    Box::pin(resolver.look_up_service(name).map_ok(list_records))
                }));
            }
        }
        Ok(Self { known, failed })
    }
}

/// An endpoint at each address.
fn list_addresses(found: &[IpAddr], port: u16) -> Vec<EndpointEntry> {
    let mut addresses: Vec<_> = found.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
    // Resolvers change the order from one answer to the next.
    addresses.sort_unstable();
    addresses.dedup();
    addresses.iter().map(|address| EndpointEntry::new(address.to_string())).collect()
}

/// An endpoint for each record, by address; of two records of one, that of the lower priority number counts.
fn list_records(mut found: Vec<ServiceRecord>) -> Vec<EndpointEntry> {
    found.sort_unstable_by_key(|record| (record.priority, Reverse(record.weight)));
    let mut entries = BTreeMap::new();
    for ServiceRecord { priority, weight, target, port } in found {
        let address = format!("{target}:{port}");
        // One bad record must not keep the others out.
        let Ok(mut entry) = EndpointEntry::parse(&address) else {
            tracing::warn!(address, "a service record names no endpoint; it is left out");
            continue;
        };
        entry.attributes.priority = priority;
        // A record says 0 where shares do not matter, or for the smallest share.
        entry.attributes.weight = Weight::new(weight.into()).unwrap_or_default();
        entries.entry(entry.address.clone()).or_insert(entry);
    }
    entries.into_values().collect()
}

struct EndpointFile {
    text: String,
    endpoints: Vec<EndpointEntry>,
}

fn read_endpoint_file(path: &Path, files: &dyn Files) -> Result<EndpointFile, String> {
    let at = |error: String| format!("{}: {error}", path.display());
    let text = files.read(path).map_err(|error| at(error.to_string()))?;
    let endpoints = parse_endpoints(&text).map_err(at)?;
    Ok(EndpointFile { text, endpoints })
}

async fn follow_file(
    path: &Path,
    files: &dyn Files,
    mut seen: String,
    clock: &dyn Clock,
    known: &watch::Sender<KnownEndpoints>,
) {
    let mut wrong = None;
    loop {
        clock.sleep(FILE_PERIOD).await;
        match read_endpoint_file(path, files) {
            Ok(listed) => {
                wrong = None;
                if listed.text != seen {
                    seen = listed.text;
                    publish(known, listed.endpoints, &path.display().to_string());
                }
            }
            // Logged once as long as it is the same error.
            Err(error) if wrong.as_ref() != Some(&error) => {
                tracing::error!(error, "the endpoints stay unchanged");
                wrong = Some(error);
            }
            Err(_) => {}
        }
    }
}

/// Looks a name up again and again.
struct NameFollower {
    clock: Arc<dyn Clock>,
    failed: Arc<Notify>,
    known: watch::Sender<KnownEndpoints>,
}

impl NameFollower {
    async fn run(self, name: String, stop: CancellationToken, look_up: impl Fn(&str) -> Found) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.follow(&name, look_up) => {}
        }
    }

    async fn follow(&self, name: &str, look_up: impl Fn(&str) -> Found) {
        let Self { clock, failed, known } = self;
        let mut wrong = false;
        loop {
            match look_up(name).await {
                Ok(found) if !found.is_empty() => {
                    wrong = false;
                    publish(known, found, name);
                }
                outcome => {
                    if !wrong {
                        let nothing = |_| "nothing is found".to_owned();
                        let error = outcome.map_or_else(|error| error.to_string(), nothing);
                        tracing::error!(name, error, "the endpoints stay unchanged");
                    }
                    wrong = true;
                    // Calls that wait for a first answer learn that there is none yet.
                    known.send_if_modified(|known| {
                        let first = known.is_none();
                        if first {
                            *known = Some(Arc::default());
                        }
                        first
                    });
                }
            }
            clock.sleep(DNS_REST).await;
            // While a system starts, a name appears only with its container, and calls fail until it does, so this asks again soon.
            if known.borrow().as_ref().is_none_or(|endpoints| endpoints.is_empty()) {
                continue;
            }
            tokio::select! {
                () = clock.sleep(DNS_PERIOD.saturating_sub(DNS_REST)) => {}
                () = failed.notified() => {}
            }
        }
    }
}

fn publish(known: &watch::Sender<KnownEndpoints>, endpoints: Vec<EndpointEntry>, origin: &str) {
    known.send_if_modified(|known| {
        let changed = known.as_deref() != Some(&endpoints);
        if changed {
            let list: Vec<_> = endpoints.iter().map(ToString::to_string).collect();
            tracing::info!(origin, endpoints = list.join(","), "the endpoints are");
            *known = Some(endpoints.into());
        }
        changed
    });
}

/// The directories of one process, by address.
#[derive(Default)]
pub(crate) struct Directories {
    known: Mutex<BTreeMap<String, Directory>>,
}

impl Directories {
    /// The directory of an address, begun when first asked for.
    ///
    /// # Errors
    /// As [`Directory::follow`].
    pub(crate) fn of(
        &self,
        name: &str,
        source: impl FnOnce() -> Result<Source, StartError>,
        surroundings: &Surroundings,
        stop: &CancellationToken,
    ) -> Result<Directory, StartError> {
        let mut known = lock(&self.known);
        if let Some(directory) = known.get(name) {
            return Ok(directory.clone());
        }
        let directory = Directory::follow(source()?, surroundings, stop.clone())?;
        known.insert(name.to_owned(), directory.clone());
        Ok(directory)
    }
}

#[cfg(test)]
mod tests;
