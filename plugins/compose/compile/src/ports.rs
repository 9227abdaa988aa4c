//! Published ports.

use std::collections::BTreeMap;

use bp_plugin::deploy::{Deployment, PortUse};
use bp_plugin::diag::{Diagnostic, catalog};

use crate::service::ComposeSettings;

/// What each process publishes, in Compose's short form, by process: `127.0.0.1:8080:16757`, with a range for replicas.
///
/// # Errors
/// `BP6046` when two ranges meet.
pub(crate) fn published(
    deployment: &Deployment,
    settings: &ComposeSettings,
) -> Result<BTreeMap<String, Vec<String>>, Diagnostic> {
    let mut taken: BTreeMap<u16, &str> = BTreeMap::new();
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for process in deployment.processes.values() {
        for port in process.ports.iter().filter(|port| port.is_entry()) {
            let PortUse::Listener { listener, .. } = &port.of else { continue };
            let first = settings.publish.get(listener).copied().unwrap_or(port.number);
            let more = u16::try_from(process.replicas.saturating_sub(1)).unwrap_or(u16::MAX);
            let last = first.saturating_add(more);
            for number in first..=last {
                if let Some(other) = taken.insert(number, listener) {
                    return Err(catalog::target::published_twice(number, other, listener));
                }
            }
            let outside = if first == last { first.to_string() } else { format!("{first}-{last}") };
            let text = format!("{}:{outside}:{}", settings.bind, port.number);
            out.entry(process.name.clone()).or_default().push(text);
        }
    }
    Ok(out)
}
