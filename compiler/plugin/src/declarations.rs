//! What the plugins are that this compiler knows, found by id, key or kind.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use bp_diag::Code;

use crate::interfaces::InterfaceTable;
use crate::{Declaration, Interface, Kind, Mode, OwnedTable, TablePlace};

/// What the plugins are that this compiler knows; what they do is in the [`Registry`](crate::Registry).
#[derive(Debug, Clone, Default)]
pub struct Declarations {
    declarations: Vec<&'static Declaration>,
    /// Read from the plugins when it is first asked for.
    interfaces: Arc<OnceLock<InterfaceTable>>,
}

impl Declarations {
    /// These, which have ids of their own, by id.
    pub(crate) fn new(declarations: Vec<&'static Declaration>) -> Self {
        Self { declarations, interfaces: Arc::default() }
    }

    /// Every plugin, by id.
    pub fn iter(&self) -> impl Iterator<Item = &'static Declaration> + '_ {
        self.declarations.iter().copied()
    }

    /// The plugin with an id.
    pub fn get(&self, id: &str) -> Option<&'static Declaration> {
        self.iter().find(|p| p.id == id)
    }

    /// The wrapper with a key.
    pub fn wrapper(&self, key: &str) -> Option<&'static Declaration> {
        self.iter().find(|p| p.key == key && matches!(p.kind, Kind::Wrapper { .. }))
    }

    /// The transport with an id.
    pub fn transport(&self, id: &str) -> Option<&'static Declaration> {
        self.get(id).filter(|p| matches!(p.kind, Kind::Transport { .. }))
    }

    /// The backend with an id.
    pub fn backend(&self, id: &str) -> Option<&'static Declaration> {
        self.get(id).filter(|p| matches!(p.kind, Kind::Backend { .. }))
    }

    /// The target with an id.
    pub fn target(&self, id: &str) -> Option<&'static Declaration> {
        self.get(id).filter(|p| matches!(p.kind, Kind::Target { .. }))
    }

    /// Every table and key that a plugin owns, with its plugin.
    pub fn tables(&self) -> impl Iterator<Item = (&'static Declaration, &'static OwnedTable)> + '_ {
        self.iter().flat_map(|plugin| plugin.tables.iter().map(move |table| (plugin, table)))
    }

    /// The table or key of this name if it is in this place, with its plugin.
    pub fn owned_table(
        &self,
        place: TablePlace,
        name: &str,
    ) -> Option<(&'static Declaration, &'static OwnedTable)> {
        self.tables().find(|(_, table)| table.place == place && table.name == name)
    }

    /// Every mode of the program that a plugin adds, with its plugin.
    pub fn modes(&self) -> impl Iterator<Item = (&'static Declaration, Mode)> + '_ {
        self.iter().filter_map(|plugin| match plugin.kind {
            Kind::Table { mode } => mode.map(|mode| (plugin, mode)),
            _ => None,
        })
    }

    pub(crate) fn interface_table(&self) -> &InterfaceTable {
        self.interfaces.get_or_init(|| InterfaceTable::read(&self.declarations))
    }

    #[cfg(test)]
    pub(crate) fn has_read_interfaces(&self) -> bool {
        self.interfaces.get().is_some()
    }

    /// Every interface that a plugin declares, by path.
    pub fn interfaces(&self) -> impl Iterator<Item = &Interface> {
        self.interface_table().iter()
    }

    /// The paths of the interfaces that plugins declare; their sources are not read for it.
    pub fn interface_paths(&self) -> BTreeSet<&'static str> {
        let path = |plugin: &'static Declaration| match plugin.kind {
            Kind::Interface { path, .. } => Some(path),
            _ => None,
        };
        self.iter().filter_map(path).collect()
    }

    /// What is wrong with the source of a declared interface, so that nothing is known of it: the id of the plugin that declares it, and why in words.
    pub fn interface_fault(&self, path: &str) -> Option<(&'static str, &str)> {
        self.interface_table().find_unread(path)
    }

    /// The interface with a path, if a plugin declares it.
    pub fn interface(&self, path: &str) -> Option<&Interface> {
        self.interface_table().get(path)
    }

    /// Whether the interface `path` is `ancestor` or extends it.
    pub fn extends(&self, path: &str, ancestor: &str) -> bool {
        path == ancestor
            || self.interface(path).is_some_and(|i| i.ancestors.iter().any(|a| a == ancestor))
    }

    /// The interfaces that a backend offers: those that it lists, then those that they extend.
    pub fn offered_by(&self, plugin: &Declaration) -> Vec<&str> {
        let mut offered: Vec<&str> = plugin.interfaces().to_vec();
        for listed in plugin.interfaces().iter().filter_map(|path| self.interface(path)) {
            for ancestor in &listed.ancestors {
                if !offered.contains(&ancestor.as_str()) {
                    offered.push(ancestor);
                }
            }
        }
        offered
    }

    /// The kinds of backends that offer an interface, sorted.
    pub fn kinds_offering(&self, path: &str) -> Vec<&'static str> {
        let offers =
            |p: &&Declaration| p.interfaces().iter().any(|listed| self.extends(listed, path));
        self.iter().filter(offers).map(|plugin| plugin.id).collect()
    }

    /// The interface that an instance of a backend is opened as, so that it serves all who take it as one of these: the least of those that the plugin lists, its first if nobody takes it; `None` if no listed interface serves all.
    pub fn find_opened(&self, plugin: &Declaration, taken: &[&str]) -> Option<&'static str> {
        let serves = |listed: &&'static str| taken.iter().all(|path| self.extends(listed, path));
        let fitting: Vec<&'static str> =
            plugin.interfaces().iter().copied().filter(serves).collect();
        if taken.is_empty() {
            return fitting.first().copied();
        }
        let is_least = |path: &&'static str| {
            fitting.iter().all(|other| other == path || !self.extends(path, other))
        };
        fitting.iter().copied().find(is_least)
    }

    /// The ids of one kind, sorted: `wrapper`, `transport`, `backend`, `interface`, `target` or `table`.
    pub fn ids(&self, kind: &str) -> Vec<&'static str> {
        self.iter().filter(|m| m.kind_name() == kind).map(|m| m.id).collect()
    }

    /// The codes that plugins declare, by plugin and in the order of their declarations.
    pub fn codes(&self) -> impl Iterator<Item = Code> + '_ {
        self.iter().flat_map(|p| p.codes.iter().map(|code| code.of(p.id)))
    }

    /// The code with this id, in any case, of the compiler or of a plugin.
    pub fn find_code(&self, id: &str) -> Option<Code> {
        bp_diag::find_code(id).or_else(|| self.codes().find(|code| code.id.matches(id)))
    }
}
