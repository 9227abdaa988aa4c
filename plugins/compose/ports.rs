//! Published ports.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use bp_plugin::diag::catalog;
use bp_plugin::{NameSource, Plan, PlanContext};

use crate::compose::settings::ComposeSettings;

/// Reports listeners that would be published at one port.
pub(crate) fn check(cx: &mut PlanContext<'_>) {
    let Some(settings) = cx.target_settings() else { return };
    let mut taken: BTreeMap<u16, &str> = BTreeMap::new();
    for published in list_published(cx.plan, &settings) {
        let clash = published.ports.clone().find_map(|port| {
            let other = taken.insert(port, published.listener)?;
            Some((port, other))
        });
        if let Some((port, other)) = clash {
            let span = cx.span(&NameSource::Instance(published.service));
            let listener = published.listener;
            cx.diagnostics.push(catalog::target::published_twice(span, port, other, listener));
        }
    }
}

/// A listener of the outside world, and the ports of the machine at which its process's replicas are reached.
#[derive(Debug)]
pub(crate) struct PublishedPorts<'a> {
    pub(crate) process: &'a str,
    listener: &'a str,
    service: &'a str,
    ports: RangeInclusive<u16>,
    inside: u16,
}

impl PublishedPorts<'_> {
    /// In Compose's short form: `127.0.0.1:8080:16757`, with a range for replicas.
    pub(crate) fn format(&self, settings: &ComposeSettings) -> String {
        let (first, last) = (self.ports.start(), self.ports.end());
        let outside = if first == last { first.to_string() } else { format!("{first}-{last}") };
        format!("{}:{outside}:{}", settings.bind, self.inside)
    }
}

/// What is published, by process.
pub(crate) fn list_published<'a>(
    plan: &'a Plan,
    settings: &ComposeSettings,
) -> impl Iterator<Item = PublishedPorts<'a>> {
    let listeners = plan.processes.iter().flat_map(|(name, process)| {
        let listeners = process.listeners.iter().filter_map(|l| plan.listeners.get_key_value(l));
        let entries = listeners.filter(|(_, listener)| listener.entry);
        entries.map(move |(listener, of)| (name, process.replicas, listener, of))
    });
    listeners.map(|(process, replicas, listener, of)| {
        let first = settings.publish.get(listener).copied().unwrap_or(of.address.port);
        let more = u16::try_from(replicas.saturating_sub(1)).unwrap_or(u16::MAX);
        PublishedPorts {
            process,
            listener,
            service: of.serves.keys().next().map_or("", String::as_str),
            ports: first..=first.saturating_add(more),
            inside: of.address.port,
        }
    })
}
