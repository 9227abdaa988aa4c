//! The model as text: stable, sorted, without places.

use std::fmt::Write as _;

use crate::value::{join, quote_key};
use crate::{InstanceModel, RuntimeSource, Table, WiringModel};

impl WiringModel {
    /// Every value as `path = value`, a line each; equal models have equal dumps wherever their text stands.
    pub fn dump(&self) -> String {
        let mut out = String::new();
        self.dump_app(&mut out);
        let sections = [("backend", &self.backends), ("service", &self.services)];
        for (section, instances) in sections {
            for InstanceModel { name, settings, .. } in instances.values() {
                write_table(&mut out, &join(section, name), settings);
            }
        }
        for removed in &self.removed {
            write_line(&mut out, "removed", &removed.name);
        }
        let edges =
            self.edges.iter().map(|r| (r.layer, format!("edge.\"{}\"", r.selector), &r.settings));
        let servers = self
            .servers
            .iter()
            .map(|r| (r.layer, format!("server.\"{}\"", r.selector), &r.settings));
        let mut rules: Vec<_> = edges.chain(servers).collect();
        rules.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        for (layer, path, settings) in rules {
            write_table(&mut out, &format!("{layer}: {path}"), settings);
        }
        let mut processes: Vec<_> = self.processes.iter().collect();
        processes.sort_by_key(|r| (r.layer, r.name.clone()));
        for rule in processes {
            let path = format!("{}: process.{}", rule.layer, quote_key(rule.name.as_str()));
            if rule.removed {
                write_line(&mut out, &path, "false");
            }
            for claim in rule.claims.iter().flatten() {
                write_line(&mut out, &format!("{path} runs"), claim);
            }
            write_table(&mut out, &path, &rule.settings);
        }
        for target in &self.target.enabled {
            write_line(&mut out, "target.enabled", target);
        }
        if !self.target.settings.entries.is_empty() {
            write_table(&mut out, "target", &self.target.settings);
        }
        for (name, init) in &self.inits {
            let path = join("init", name);
            write_line(&mut out, &path, format!("{}.{}", init.callee, init.method));
            for (name, item) in &init.arguments {
                write_line(&mut out, &join(&path, name), &item.value);
            }
        }
        for patch in &self.patches {
            let path = format!("patch {}{}", patch.file, patch.pointer);
            match &patch.value {
                Some(item) => write_line(&mut out, &path, &item.value),
                None => write_line(&mut out, &path, "removed"),
            }
            write_line(&mut out, &format!("{path} reason"), &patch.reason);
        }
        self.dump_entries(&mut out);
        out
    }

    fn dump_app(&self, out: &mut String) {
        if let Some(name) = &self.app.name {
            write_line(out, "app.name", name);
        }
        if let Some(workflow) = &self.app.workflow {
            write_line(out, "app.workflow", workflow);
        }
        match &self.app.runtime {
            Some(RuntimeSource::Path(path)) => write_line(out, "app.runtime.path", path),
            Some(RuntimeSource::Version(version)) => {
                write_line(out, "app.runtime.version", version);
            }
            None => {}
        }
        if !self.app.keys.entries.is_empty() {
            write_table(out, "app", &self.app.keys);
        }
    }

    fn dump_entries(&self, out: &mut String) {
        for (table, rules) in &self.tables {
            let mut rules: Vec<_> = rules.iter().collect();
            rules.sort_by_key(|r| (r.layer, &r.name));
            for rule in rules {
                let path = format!("{}: {}", rule.layer, join(table, rule.name.as_str()));
                match &rule.settings {
                    Some(settings) => write_table(out, &path, settings),
                    None => write_line(out, &path, "false"),
                }
            }
        }
    }
}

fn write_line(out: &mut String, path: &str, value: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{path} = {value}");
}

fn write_table(out: &mut String, path: &str, table: &Table) {
    if table.entries.is_empty() {
        write_line(out, path, table);
    }
    for (key, item) in table.leaves() {
        write_line(out, &format!("{path}.{key}"), &item.value);
    }
}
