//! The interfaces that backends offer, as plugins of the kind `interface` declare them.

use std::collections::{BTreeMap, BTreeSet};

use bp_workflow::{InterfaceMethod, InterfaceModel, read_interface};

use crate::{Declaration, Kind};

/// An interface that backends offer, with all that it has from those that it extends.
#[derive(Debug, Clone)]
pub struct Interface {
    /// The plugin that declares it.
    pub plugin: &'static Declaration,
    /// Its crate and its name: `bp_backend::Cache`.
    pub path: &'static str,
    /// The paths of all interfaces that it extends, each once, and each after those that it extends itself.
    pub ancestors: Vec<String>,
    /// Its methods: those of its ancestors, in their order, then its own; as the running system numbers them.
    pub methods: Vec<InterfaceMethod>,
    /// The trait alone, without what it has from those that it extends.
    pub own: InterfaceModel,
}

impl Interface {
    /// Its crate, as Rust names it: `bp_backend`.
    pub fn crate_name(&self) -> &'static str {
        self.path.split("::").next().unwrap_or(self.path)
    }

    /// The trait's name: `Cache`.
    pub fn name(&self) -> &'static str {
        self.path.rsplit("::").next().unwrap_or(self.path)
    }
}

/// What the plugins declare, by path, and what is wrong with it.
#[derive(Debug, Default)]
pub(crate) struct InterfaceTable {
    by_path: BTreeMap<&'static str, Interface>,
    /// The declarations that could not be read: the plugin's id and why, by path.
    unread: BTreeMap<&'static str, (&'static str, String)>,
    faults: Vec<String>,
}

/// A declaration and its trait as its source says.
struct Declared {
    plugin: &'static Declaration,
    model: InterfaceModel,
}

impl InterfaceTable {
    /// Reads the declared traits; of two declarations of one path the first is used.
    pub(crate) fn read(plugins: &[&'static Declaration]) -> Self {
        let mut faults = Vec::new();
        let mut unread = BTreeMap::new();
        let mut declared: BTreeMap<&'static str, Declared> = BTreeMap::new();
        for plugin in plugins {
            let Kind::Interface { path, source } = plugin.kind else { continue };
            let id = plugin.id;
            if let Some(first) = declared.get(path) {
                faults.push(format!("{id}: `{}` declares `{path}` too", first.plugin.id));
                continue;
            }
            match read_declared(path, source) {
                Ok(model) => drop(declared.insert(path, Declared { plugin, model })),
                Err(why) => {
                    faults.push(format!("{id}: `{path}`: {why}"));
                    unread.insert(path, (id, why));
                }
            }
        }
        let mut table = Self::default();
        for (path, Declared { plugin, model }) in &declared {
            let mut ancestors = Vec::new();
            let mut open = vec![(*path).to_owned()];
            collect_ancestors(&declared, model, &mut open, &mut ancestors);
            report_supertraits(&declared, plugin, &ancestors, model, &mut faults);
            let methods = collect_methods(&declared, plugin, &ancestors, model, &mut faults);
            let own = model.clone();
            table.by_path.insert(path, Interface { plugin, path, ancestors, methods, own });
        }
        report_unknown_offers(&table, plugins, &mut faults);
        Self { unread, faults, ..table }
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Interface> {
        self.by_path.get(path)
    }

    /// Why the declaration of a path could not be read, and the plugin that has it.
    pub(crate) fn find_unread(&self, path: &str) -> Option<(&'static str, &str)> {
        // Of two declarations of one path, one that can be read is used.
        let unread = self.unread.get(path).filter(|_| self.get(path).is_none());
        unread.map(|(id, why)| (*id, why.as_str()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Interface> {
        self.by_path.values()
    }

    /// What is wrong with the declarations, and with what backends say that they offer.
    pub(crate) fn faults(&self) -> &[String] {
        &self.faults
    }
}

fn read_declared(path: &str, source: &str) -> Result<InterfaceModel, String> {
    match path.split_once("::") {
        Some((krate, name)) if !name.contains("::") => read_interface(source, krate, name),
        _ => Err("the path of an interface is its crate and its name, `crate::Name`".to_owned()),
    }
}

/// Collects what a trait extends, each after what it extends itself; `open` are the traits that are being collected.
fn collect_ancestors(
    declared: &BTreeMap<&'static str, Declared>,
    model: &InterfaceModel,
    open: &mut Vec<String>,
    ancestors: &mut Vec<String>,
) {
    for path in &model.extends {
        // A trait that extends itself is reported by those who look at what it extends.
        if ancestors.contains(path) || open.contains(path) {
            continue;
        }
        if let Some(above) = declared.get(path.as_str()) {
            open.push(path.clone());
            collect_ancestors(declared, &above.model, open, ancestors);
            open.pop();
        }
        ancestors.push(path.clone());
    }
}

fn report_supertraits(
    declared: &BTreeMap<&'static str, Declared>,
    plugin: &Declaration,
    ancestors: &[String],
    model: &InterfaceModel,
    faults: &mut Vec<String>,
) {
    let id = plugin.id;
    for unknown in model.extends.iter().filter(|path| !declared.contains_key(path.as_str())) {
        faults.push(format!("{id}: it extends `{unknown}`, which no plugin declares"));
    }
    let of_own = |path: &String| {
        declared.get(path.as_str()).is_some_and(|above| above.model.extends.contains(&model.path))
    };
    if model.extends.contains(&model.path) || ancestors.iter().any(of_own) {
        faults.push(format!("{id}: `{}` extends itself", model.path));
    }
}

/// The methods of the ancestors, then the own ones; a call finds its method by its name, so each has one of its own.
fn collect_methods(
    declared: &BTreeMap<&'static str, Declared>,
    plugin: &Declaration,
    ancestors: &[String],
    own: &InterfaceModel,
    faults: &mut Vec<String>,
) -> Vec<InterfaceMethod> {
    let above = ancestors.iter().filter_map(|path| Some(&declared.get(path.as_str())?.model));
    let mut methods = Vec::new();
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    for model in above.chain([own]) {
        for method in &model.methods {
            if let Some(first) = known.insert(&method.name, &model.path) {
                let (name, second) = (&method.name, &model.path);
                faults.push(format!("{}: `{first}` and `{second}` both have `{name}`", plugin.id));
            } else {
                methods.push(method.clone());
            }
        }
    }
    methods
}

fn report_unknown_offers(
    table: &InterfaceTable,
    plugins: &[&'static Declaration],
    faults: &mut Vec<String>,
) {
    for plugin in plugins {
        let mut seen = BTreeSet::new();
        for path in plugin.interfaces() {
            let id = plugin.id;
            if table.get(path).is_none() {
                faults.push(format!("{id}: it offers `{path}`, which no plugin declares"));
            }
            if !seen.insert(path) {
                faults.push(format!("{id}: it offers `{path}` twice"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bp_contract::setting::Settings;

    use crate::{Plugin, Registry, backend, interface};

    /// Keeps things.
    #[derive(Settings)]
    struct Shelf {}

    const SOURCE: &str = "
        use bp_macros::interface;
        use crate::Nowhere;
        #[interface] pub trait Queue { #[idempotent] async fn push(&self, item: String) -> R; async fn pop(&self) -> R; }
        #[interface] pub trait Delayed: Queue { async fn push_at(&self) -> R; }
        #[interface] pub trait Ranked: Queue { async fn rank(&self) -> R; }
        #[interface] pub trait Both: Ranked + Delayed + Send { async fn both(&self) -> R; }
        #[interface] pub trait Log { async fn push(&self) -> R; }
        #[interface] pub trait Mixed: Queue + Log {}
        #[interface] pub trait Round: Circle {}
        #[interface] pub trait Circle: Round {}
        #[interface] pub trait Lost: Nowhere {}
    ";

    static QUEUE: Plugin = interface("queue", "Hands over.", "acme::Queue", SOURCE).declare();
    static DELAYED: Plugin = interface("delayed", "Later.", "acme::Delayed", SOURCE).declare();
    static RANKED: Plugin = interface("ranked", "In order.", "acme::Ranked", SOURCE).declare();
    static BOTH: Plugin = interface("both", "Both.", "acme::Both", SOURCE).declare();
    static PLAIN: Plugin = backend::<Shelf>("plain", &["acme::Queue"]).declare();
    static RICH: Plugin =
        backend::<Shelf>("rich", &["acme::Both", "acme::Queue", "acme::Ranked"]).declare();

    #[test]
    fn an_interface_has_what_it_extends_first_and_once() {
        let registry = Registry::new([&QUEUE, &DELAYED, &RANKED, &BOTH, &PLAIN, &RICH]);
        assert_eq!(registry.faults(), Vec::<String>::new());
        let both = registry.interface("acme::Both").unwrap();
        assert_eq!((both.crate_name(), both.name(), both.plugin.id), ("acme", "Both", "both"));
        assert_eq!(both.ancestors, ["acme::Queue", "acme::Ranked", "acme::Delayed"]);
        let methods: Vec<&str> = both.methods.iter().map(|m| m.name.as_str()).collect();
        assert_eq!(methods, ["push", "pop", "rank", "push_at", "both"]);
        assert!(both.methods[0].idempotent && !both.methods[1].idempotent);
        assert!(registry.extends("acme::Both", "acme::Queue"));
        assert!(registry.extends("acme::Queue", "acme::Queue"));
        assert!(!registry.extends("acme::Queue", "acme::Both"));
        assert!(!registry.extends("acme::Delayed", "acme::Ranked"));
    }

    #[test]
    fn a_backend_offers_what_its_interfaces_extend() {
        let registry = Registry::new([&QUEUE, &DELAYED, &RANKED, &BOTH, &PLAIN, &RICH]);
        assert_eq!(registry.offered_by(&PLAIN), ["acme::Queue"]);
        assert_eq!(
            registry.offered_by(&RICH),
            ["acme::Both", "acme::Queue", "acme::Ranked", "acme::Delayed"]
        );
        assert_eq!(registry.kinds_offering("acme::Queue"), ["plain", "rich"]);
        assert_eq!(registry.kinds_offering("acme::Delayed"), ["rich"]);
    }

    #[test]
    fn no_source_is_read_for_the_paths_alone() {
        static GONE: Plugin = interface("gone", "Gone.", "acme::Gone", SOURCE).declare();
        let registry = Registry::new([&QUEUE, &GONE, &PLAIN]);
        assert_eq!(
            registry.interface_paths().into_iter().collect::<Vec<_>>(),
            ["acme::Gone", "acme::Queue"]
        );
        assert!(!registry.has_read_interfaces());
        assert!(registry.interface("acme::Gone").is_none());
        assert!(registry.has_read_interfaces());
        let why = "its source does not declare a trait `Gone`";
        assert_eq!(registry.interface_fault("acme::Gone"), Some(("gone", why)));
        assert_eq!(registry.interface_fault("acme::Queue"), None);
    }

    #[test]
    fn the_least_interface_that_serves_all_is_opened() {
        let registry = Registry::new([&QUEUE, &DELAYED, &RANKED, &BOTH, &PLAIN, &RICH]);
        let opened = |plugin, taken: &[&str]| registry.find_opened(plugin, taken);
        assert_eq!(opened(&RICH, &["acme::Queue"]), Some("acme::Queue"));
        assert_eq!(opened(&RICH, &["acme::Queue", "acme::Ranked"]), Some("acme::Ranked"));
        assert_eq!(opened(&RICH, &["acme::Delayed"]), Some("acme::Both"));
        assert_eq!(opened(&RICH, &["acme::Ranked", "acme::Delayed"]), Some("acme::Both"));
        assert_eq!(opened(&PLAIN, &["acme::Queue", "acme::Ranked"]), None);
        assert_eq!(opened(&PLAIN, &["acme::Ranked"]), None);
    }

    #[test]
    fn what_is_wrong_with_declarations_is_found() {
        static AGAIN: Plugin = interface("again", "Hands over.", "acme::Queue", SOURCE).declare();
        static LOG: Plugin = interface("log", "Notes.", "acme::Log", SOURCE).declare();
        static MIXED: Plugin = interface("mixed", "Both.", "acme::Mixed", SOURCE).declare();
        static ROUND: Plugin = interface("round", "Round.", "acme::Round", SOURCE).declare();
        static CIRCLE: Plugin = interface("circle", "Round.", "acme::Circle", SOURCE).declare();
        static LOST: Plugin = interface("lost", "Lost.", "acme::Lost", SOURCE).declare();
        static DEEP: Plugin = interface("deep", "Deep.", "acme::deep::Queue", SOURCE).declare();
        static GONE: Plugin = interface("gone", "Gone.", "acme::Gone", SOURCE).declare();
        static OFFERS: Plugin =
            backend::<Shelf>("offers", &["acme::Queue", "acme::Queue", "acme::Gone"]).declare();
        let registry = Registry::new([
            &QUEUE, &AGAIN, &LOG, &MIXED, &ROUND, &CIRCLE, &LOST, &DEEP, &GONE, &OFFERS,
        ]);
        assert_eq!(
            registry.faults(),
            [
                "deep: `acme::deep::Queue`: the path of an interface is its crate and its name, `crate::Name`",
                "gone: `acme::Gone`: its source does not declare a trait `Gone`",
                "queue: `again` declares `acme::Queue` too",
                "circle: `acme::Circle` extends itself",
                "lost: it extends `acme::Nowhere`, which no plugin declares",
                "mixed: `acme::Queue` and `acme::Log` both have `push`",
                "round: `acme::Round` extends itself",
                "offers: it offers `acme::Queue` twice",
                "offers: it offers `acme::Gone`, which no plugin declares",
            ]
        );
    }
}
