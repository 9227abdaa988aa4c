//! What is wrong with the declarations of plugins, for tests.

use std::collections::{BTreeMap, BTreeSet};

use bp_contract::metric::Metric;
use bp_contract::metric::runtime::{BALANCE_METRICS, ENDPOINT_POLICY_METRICS, PROCESS_METRICS};

use crate::carried::check_carried;
use crate::meaning::check_meanings;
use crate::setting_faults::{check_declarations, check_fixed, check_no_exclusions, check_patterns};
use crate::table_faults::check_tables;
use crate::{Declaration, Kind, PROCESS_SETTINGS, Registry, TARGET_SETTINGS};

impl Registry {
    /// What is wrong with the plugins' own declarations, for tests: an interface whose source does not declare it, a default or bound that does not fit its setting, a shorthand that is not a setting, a code whose page belongs to another, a metric with the name of another.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        check_declarations("process", PROCESS_SETTINGS, None, &mut faults);
        check_declarations("target", TARGET_SETTINGS, None, &mut faults);
        for plugin in self.plugins() {
            check_declarations(plugin.id, &plugin.all_settings(), plugin.shorthand, &mut faults);
            if !plugin.has_rules && plugin.hooks.check.is_none() {
                check_patterns(plugin.id, &plugin.all_settings(), &mut faults);
            }
            check_kind(plugin, &mut faults);
            check_meanings(plugin, &mut faults);
            check_shared(plugin, &mut faults);
            let mut names = BTreeSet::new();
            for code in plugin.codes {
                faults.extend(code.faults(plugin.id));
                if !names.insert(code.name) {
                    faults.push(format!("{}: two codes `{}`", plugin.id, code.name));
                }
            }
            if let Kind::Transport { beside, .. } = plugin.kind {
                check_declarations(plugin.id, beside, None, &mut faults);
                // The rules are those of its own settings.
                if plugin.hooks.check.is_none() {
                    check_patterns(plugin.id, beside, &mut faults);
                }
            }
            if let Kind::Backend { server: Some(server), .. } = plugin.kind {
                server.faults(plugin.id, plugin.settings, &mut faults);
            }
        }
        faults.extend_from_slice(self.interface_table().faults());
        check_carried(self, &mut faults);
        check_tables(self, &mut faults);
        self.check_metrics(&mut faults);
        faults
    }

    /// Plugins may share a metric, if they declare the same one.
    fn check_metrics(&self, faults: &mut Vec<String>) {
        let mut known: BTreeMap<String, (&str, &Metric)> = BTreeMap::new();
        let own = [PROCESS_METRICS, BALANCE_METRICS, ENDPOINT_POLICY_METRICS];
        let own = own.into_iter().flatten().map(|metric| ("bp", metric));
        let plugins = self.iter().flat_map(|m| m.metrics.iter().map(|metric| (m.id, metric)));
        for (id, metric) in own.chain(plugins) {
            let (first, declared) = *known.entry(metric.family_name()).or_insert((id, metric));
            if declared != metric {
                let name = metric.exposed_name();
                faults.push(format!("{id}: `{name}` is not the metric that `{first}` declares"));
            }
        }
    }
}

/// Notes what is wrong with a plugin as one of its kind.
fn check_kind(plugin: &Declaration, faults: &mut Vec<String>) {
    let id = plugin.id;
    match plugin.kind {
        Kind::Wrapper { client: None, server: None, .. } => {
            faults
                .push(format!("{id}: neither `.client(…)` nor `.server(…)` says where it stands"));
        }
        Kind::Wrapper { client, server, instance_wide: true, .. }
            if client.is_none() || server.is_none() =>
        {
            faults.push(format!("{id}: `.instance_wide()` needs a slot on both sides"));
        }
        Kind::Backend { .. } | Kind::Transport { .. }
            if plugin.settings.iter().any(|setting| setting.name == "kind") =>
        {
            faults.push(format!("{id}.kind: `kind` chooses the plugin here"));
        }
        Kind::Target { .. } => check_fixed(id, plugin.settings, faults),
        Kind::Wrapper { .. }
        | Kind::Backend { .. }
        | Kind::Interface { .. }
        | Kind::Transport { .. }
        | Kind::Table { .. } => {}
    }
    if let Kind::Transport { beside, .. } = plugin.kind {
        check_fixed(id, beside, faults);
        check_no_exclusions(id, beside, faults);
    }
    // Where those merge, nothing drops what a stronger setting excludes.
    if !matches!(plugin.kind, Kind::Wrapper { .. } | Kind::Table { .. }) {
        check_no_exclusions(id, plugin.settings, faults);
    }
}

/// What methods share must be settings.
fn check_shared(plugin: &Declaration, faults: &mut Vec<String>) {
    let settings = plugin.plan().settings;
    for shared in plugin.shared_by_methods {
        let is_it = |path: &str| {
            path.strip_prefix(shared).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        if !settings.keys().any(|path| is_it(path)) {
            let id = plugin.id;
            faults.push(format!("{id}: `{shared}`, which methods share, is not a setting"));
        }
    }
}
