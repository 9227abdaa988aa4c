//! Published ports.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use bp_plugin::diag::{catalog, nearest};
use bp_plugin::wiring::WiringModel;
use bp_plugin::{NameSource, Plan, PlanContext, PluginCode, Span};

use crate::compose::settings::ComposeSettings;

pub(crate) const TOO_FEW_PORTS: PluginCode = PluginCode::new(
    "too-few-ports",
    "more replicas than ports to publish them at",
    include_str!("errors/too-few-ports.md"),
);

pub(crate) const NOT_PUBLISHED: PluginCode = PluginCode::new(
    "not-published",
    "a port for a listener that is not published",
    include_str!("errors/not-published.md"),
);

/// Reports listeners that would be published at one port, or at none, and ports for nothing.
pub(crate) fn check(cx: &mut PlanContext<'_>) {
    let Some(settings) = cx.target_settings() else { return };
    check_names(cx, &settings);
    let mut taken: BTreeMap<u16, &str> = BTreeMap::new();
    for published in list_published(cx.plan, &settings) {
        if published.lacks_ports() {
            let PublishedPorts { listener, replicas, ports, .. } = &published;
            let first = ports.start();
            let message =
                format!("`{listener}` has {replicas} replicas, but the ports end at {}", u16::MAX);
            let fault = cx.fault(
                &TOO_FEW_PORTS,
                &NameSource::Own("a port"),
                message,
                format!("publish it at a lower port: `publish = {{ \"{listener}\" = 8080 }}`"),
            );
            cx.diagnostics.push(match find_place(cx, listener, published.service) {
                Some(span) => fault.at(span, format!("the first port is {first}")),
                None => fault,
            });
            continue;
        }
        let clash = published.ports.clone().find_map(|port| {
            let other = taken.insert(port, published.listener)?;
            Some((port, other))
        });
        if let Some((port, other)) = clash {
            let listener = published.listener;
            let span = find_place(cx, listener, published.service);
            cx.diagnostics.push(catalog::target::published_twice(span, port, other, listener));
        }
    }
}

/// Reports names under `publish` that are not of a listener of the outside world.
fn check_names(cx: &mut PlanContext<'_>, settings: &ComposeSettings) {
    let entries = cx.plan.listeners.iter().filter(|(_, listener)| listener.entry);
    let known: BTreeSet<&str> = entries.map(|(name, _)| name.as_str()).collect();
    for name in settings.publish.keys().filter(|name| !known.contains(name.as_str())) {
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "give a service an edge from `client` first".to_owned(),
            None => {
                let known: Vec<&str> = known.iter().copied().collect();
                format!("listeners of the outside world: `{}`", known.join("`, `"))
            }
        };
        let message = format!(
            "`publish` names `{name}`, which is not a listener that the outside world calls"
        );
        let fault = cx.fault(&NOT_PUBLISHED, &NameSource::Own("a port"), message, help);
        cx.diagnostics.push(match find_port(cx.wiring, name) {
            Some(span) => fault.at(span, ""),
            None => fault,
        });
    }
}

/// Where the wiring gives a listener its port, else where its service is declared.
fn find_place(cx: &PlanContext<'_>, listener: &str, service: &str) -> Option<Span> {
    find_port(cx.wiring, listener).or_else(|| cx.span(&NameSource::Instance(service)))
}

/// Where the wiring gives a listener its port.
fn find_port(wiring: &WiringModel, listener: &str) -> Option<Span> {
    let own = wiring.target.settings.get(crate::compose::PLUGIN.id)?.as_table()?;
    let published = own.get(ComposeSettings::PUBLISH.name())?.as_table()?;
    Some(published.get(listener)?.key)
}

/// A listener of the outside world, and the ports of the machine at which its process's replicas are reached.
#[derive(Debug)]
pub(crate) struct PublishedPorts<'a> {
    pub(crate) process: &'a str,
    listener: &'a str,
    service: &'a str,
    replicas: u32,
    /// Fewer than replicas if the machine has not as many.
    ports: RangeInclusive<u16>,
    inside: u16,
}

impl PublishedPorts<'_> {
    fn lacks_ports(&self) -> bool {
        u32::try_from(self.ports.len()).is_ok_and(|ports| ports < self.replicas)
    }

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
        entries.map(move |(listener, of)| (name, process.replicas.least(), listener, of))
    });
    listeners.map(|(process, replicas, listener, of)| {
        let first = settings.publish.get(listener).copied().unwrap_or(of.address.port);
        let more = u16::try_from(replicas.saturating_sub(1)).unwrap_or(u16::MAX);
        PublishedPorts {
            process,
            listener,
            service: of.serves.keys().next().map_or("", String::as_str),
            replicas,
            ports: first..=first.saturating_add(more),
            inside: of.address.port,
        }
    })
}
