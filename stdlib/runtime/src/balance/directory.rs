//! Endpoints as they come and go: one directory for each address, followed by every edge that dials it.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::attributes::EndpointEntry;
use super::source::{Source, parse_endpoints};
use crate::clock::Clock;
use crate::error::StartError;
use crate::sync::lock;

/// How often a file is checked; after a change `bp run` waits for longer than this before the next step.
const FILE_PERIOD: Duration = Duration::from_millis(100);
/// How often a name is looked up. The system's resolver does not tell how long an answer is valid.
const DNS_PERIOD: Duration = Duration::from_secs(5);
/// After a failed call the name is looked up sooner, but at least this long after the last look-up.
const DNS_REST: Duration = Duration::from_millis(500);

/// Endpoints, `None` until there was a first answer.
pub(super) type KnownEndpoints = Option<Arc<[EndpointEntry]>>;

/// Looks names up.
pub(super) trait Resolve: Send + Sync {
    /// The addresses of `name`.
    fn look_up(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// Looks names up as the system is configured: with `/etc/hosts`, and with the name servers and search domains of the container.
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    fn look_up(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

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
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
    ) -> Result<Self, StartError> {
        Self::follow_with(source, clock, stop, Arc::new(SystemResolver))
    }

    pub(super) fn follow_with(
        source: Source,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
        resolver: Arc<dyn Resolve>,
    ) -> Result<Self, StartError> {
        let failed = Arc::new(Notify::new());
        let (sender, known) = watch::channel(None);
        match source {
            Source::List(list) => {
                sender.send_replace(Some(list.into()));
            }
            Source::File(path) => {
                let text = read_endpoint_file(&path).map_err(StartError::new)?;
                sender.send_replace(Some(text.endpoints.into()));
                tokio::spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = follow_file(&path, text.text, &*clock, &sender) => {}
                    }
                });
            }
            Source::Dns { name, port } => {
                let failed = failed.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = follow_name(&name, port, &*clock, &*resolver, &failed, &sender) => {}
                    }
                });
            }
        }
        Ok(Self { known, failed })
    }
}

struct EndpointFile {
    text: String,
    endpoints: Vec<EndpointEntry>,
}

fn read_endpoint_file(path: &Path) -> Result<EndpointFile, String> {
    let at = |error: String| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| at(error.to_string()))?;
    let endpoints = parse_endpoints(&text).map_err(at)?;
    Ok(EndpointFile { text, endpoints })
}

async fn follow_file(
    path: &Path,
    mut seen: String,
    clock: &dyn Clock,
    known: &watch::Sender<KnownEndpoints>,
) {
    let mut wrong = None;
    loop {
        clock.sleep(FILE_PERIOD).await;
        match read_endpoint_file(path) {
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

async fn follow_name(
    name: &str,
    port: u16,
    clock: &dyn Clock,
    resolver: &dyn Resolve,
    failed: &Notify,
    known: &watch::Sender<KnownEndpoints>,
) {
    let mut wrong = false;
    loop {
        match resolver.look_up(name).await {
            Ok(found) if !found.is_empty() => {
                wrong = false;
                let mut endpoints: Vec<_> =
                    found.into_iter().map(|ip| std::net::SocketAddr::new(ip, port)).collect();
                // Resolvers change the order from one answer to the next.
                endpoints.sort_unstable();
                endpoints.dedup();
                let entries = endpoints.iter().map(|at| EndpointEntry::new(at.to_string()));
                publish(known, entries.collect(), name);
            }
            outcome => {
                if !wrong {
                    let error = outcome.map_or_else(|e| e.to_string(), |_| "no address".to_owned());
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
        clock: &Arc<dyn Clock>,
        stop: &CancellationToken,
    ) -> Result<Directory, StartError> {
        let mut known = lock(&self.known);
        if let Some(directory) = known.get(name) {
            return Ok(directory.clone());
        }
        let directory = Directory::follow(source()?, clock.clone(), stop.clone())?;
        known.insert(name.to_owned(), directory.clone());
        Ok(directory)
    }
}

#[cfg(test)]
mod tests;
