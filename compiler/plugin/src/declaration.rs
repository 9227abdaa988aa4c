//! What a plugin is: data alone, which every hook and every part of the compiler may see.

use std::collections::BTreeMap;

use bp_contract::Package;
use bp_contract::metric::Metric;
use bp_diag::PluginCode;
use bp_plan::{Egress, Meaning, PluginPlan, RuntimeCrate, ServerPlan, Settings};

use crate::setting_plan::describe_settings;
use crate::{
    EdgeClasses, IN_PROCESS, Kind, Level, OwnedTable, PORT, Reach, RuleCheck, Runtime,
    SERVER_RESOURCES, Setting, TARGET_SETTINGS,
};

/// What a plugin is: everything that the compiler must know of it, except the functions that it brings, its [`Hooks`](crate::Hooks).
#[derive(Debug, Clone, Copy)]
pub struct Declaration {
    /// Its name: `retry`, `grpc`, `embedded`; unique.
    pub id: &'static str,
    /// Its key in the wiring: the id for wrappers and targets, `rpc` for transports, `kind` for backends; the wiring does not name interfaces.
    pub key: &'static str,
    /// One sentence on what it does.
    pub doc: &'static str,
    /// Its kind, with what is declared of this kind alone.
    pub kind: Kind,
    /// Where it may be put; only wrappers and transports are put on edges.
    pub edges: EdgeClasses,
    /// The finest level at which its settings may differ.
    pub level: Level,
    /// Settings that are the same for all methods of an edge or service although others differ by method, by dotted path; of a table, all in it.
    pub shared_by_methods: &'static [&'static str],
    /// Its settings.
    pub settings: &'static [Setting],
    /// The setting that a bare value stands for: `timeout = "500ms"` sets `after`.
    pub shorthand: Option<&'static str>,
    /// The rules of its settings.
    pub rules: RuleCheck,
    /// Whether there are any.
    pub has_rules: bool,
    /// Its runtime half.
    pub runtime: Runtime,
    /// Packages that it carries besides, because what it carries depends on them.
    pub carries_also: &'static [Package],
    /// Environment variables that its runtime half reads; targets pass them on from where they deploy.
    pub environment: &'static [&'static str],
    /// The text of its page, in Markdown: the plugin's README; the page adds the heading and the settings table.
    pub about: &'static str,
    /// The needs that it serves, each as the end of "I want …": `calls to survive a crash`.
    pub needs: &'static [&'static str],
    /// Files that it writes below the output folder, and what each is.
    pub emits: &'static [(&'static str, &'static str)],
    /// The file in which it describes the services that it carries, and what it is.
    pub describes: Option<(&'static str, &'static str)>,
    /// Metrics that its runtime half registers.
    pub metrics: &'static [Metric],
    /// Codes of its own that it reports with.
    pub codes: &'static [PluginCode],
    /// Tables and keys of the wiring that it owns.
    pub tables: &'static [OwnedTable],
    /// Settings that mean something to analyses, by dotted path.
    pub means: &'static [(Meaning, &'static str)],
    /// Where its runtime half connects to beside callees and stores.
    pub egress: &'static [Egress],
    /// Names that instances and processes cannot have, whatever targets are enabled, and what each means.
    pub reserved: &'static [(&'static str, &'static str)],
}

impl Declaration {
    /// `wrapper`, `transport`, `backend`, `interface`, `target` or `table`.
    pub const fn kind_name(&self) -> &'static str {
        match self.kind {
            Kind::Wrapper { .. } => "wrapper",
            Kind::Transport { .. } => "transport",
            Kind::Backend { .. } => "backend",
            Kind::Interface { .. } => "interface",
            Kind::Target { .. } => "target",
            Kind::Table { .. } => "table",
        }
    }

    /// Its code with a name.
    pub fn find_code(&self, name: &str) -> Option<&'static PluginCode> {
        self.codes.iter().find(|code| code.name == name)
    }

    /// Whether it is a wrapper that is removed from calls inside a process, unless they keep it.
    pub const fn is_remote(&self) -> bool {
        matches!(self.kind, Kind::Wrapper { client: Some(_), reach: Reach::Remote, .. })
    }

    /// The run manifest that it writes, by path below the output folder, if it is a target that `bp run` can start.
    pub const fn runs_here(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Target { runs_here, .. } => runs_here,
            Kind::Wrapper { .. }
            | Kind::Transport { .. }
            | Kind::Backend { .. }
            | Kind::Interface { .. }
            | Kind::Table { .. } => None,
        }
    }

    /// The interfaces that it lists, if it is a backend; it also offers those that they extend: [`Declarations::offered_by`](crate::Declarations::offered_by).
    pub const fn interfaces(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Backend { interfaces, .. } => interfaces,
            Kind::Wrapper { .. }
            | Kind::Transport { .. }
            | Kind::Interface { .. }
            | Kind::Target { .. }
            | Kind::Table { .. } => &[],
        }
    }

    /// Whether it is a backend whose content is gone when its process ends.
    pub const fn forgets(&self) -> bool {
        matches!(self.kind, Kind::Backend { forgets: true, .. })
    }

    /// Whether it is a backend that keeps files in the data folder of its process.
    pub const fn keeps_files(&self) -> bool {
        matches!(self.kind, Kind::Backend { keeps_data: true, .. })
    }

    /// Every package that it carries: its runtime half or the crate of its interface, and what that depends on.
    pub fn all_carried(&self) -> impl Iterator<Item = Package> + use<> {
        self.carried().into_iter().chain(self.carries_also.iter().copied())
    }

    /// The package that it carries as its runtime half or as the crate of its interface, if it does.
    pub const fn carried(&self) -> Option<Package> {
        match self.runtime {
            Runtime::Carried(package) => Some(package),
            Runtime::Absent | Runtime::Own => None,
        }
    }

    /// The settings of its table: its own, and what `bp` adds to every plugin of its kind.
    pub fn all_settings(&self) -> Vec<Setting> {
        let added: &[Setting] = match self.kind {
            Kind::Wrapper { .. } if self.is_remote() => &[IN_PROCESS],
            Kind::Transport { .. } => &[PORT],
            Kind::Backend { server: Some(_), .. } => &[SERVER_RESOURCES],
            Kind::Target { .. } => TARGET_SETTINGS,
            Kind::Wrapper { .. }
            | Kind::Backend { .. }
            | Kind::Interface { .. }
            | Kind::Table { .. } => &[],
        };
        [self.settings, added].concat()
    }

    /// The plugin as the plan holds it.
    pub fn plan(&self) -> PluginPlan {
        let mut settings = BTreeMap::new();
        describe_settings("", self.settings, &mut settings);
        if let Kind::Transport { beside, .. } = self.kind {
            describe_settings("", beside, &mut settings);
        }
        PluginPlan {
            key: self.key.to_owned(),
            kind: self.kind_name().to_owned(),
            shorthand: self.shorthand.map(str::to_owned),
            runtime: self.runtime_crate(),
            environment: self.environment.iter().map(|name| (*name).to_owned()).collect(),
            means: self.means.iter().map(|(what, path)| (*what, (*path).to_owned())).collect(),
            egress: self.egress.iter().copied().collect(),
            protocol: match self.kind {
                Kind::Transport { protocol, .. } => protocol,
                _ => None,
            },
            shared_by_methods: self.shared_by_methods.iter().map(|p| (*p).to_owned()).collect(),
            settings,
        }
    }

    /// The crate of its runtime half, if it has one.
    pub fn runtime_crate(&self) -> Option<RuntimeCrate> {
        // An interface's package is linked where the workflow names it, or by the stores that offer it.
        if matches!(self.kind, Kind::Interface { .. }) {
            return None;
        }
        let (package, folder) = match self.runtime {
            Runtime::Absent => return None,
            Runtime::Own => (format!("bp-rt-{}", self.id), format!("plugins/{}/runtime", self.id)),
            // Its folder in the generated workspace.
            Runtime::Carried(package) => (package.name.to_owned(), package.name.to_owned()),
        };
        Some(RuntimeCrate { package, folder })
    }

    /// The server of an instance of this name and settings, if it is a backend that talks to one.
    pub fn server_plan(&self, name: &str, settings: &Settings) -> Option<Box<ServerPlan>> {
        match &self.kind {
            Kind::Backend { server: Some(server), .. } => {
                Some(Box::new(server.build_plan(name, settings)))
            }
            _ => None,
        }
    }
}
