//! One key of an edge or a server: its items by method, and settings that are read once however many places share them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use bp_diag::Diagnostics;
use bp_plugin::{ReadContext, ReadSettings, Setting, read_settings};
use bp_wiring::{Item, ResolvedEdge, ResolvedSettings, Table};

/// What the wiring says of one key at one edge or server.
#[derive(Debug, PartialEq)]
pub(crate) struct ResolvedKey<'a> {
    /// What methods without an item of their own have; if the key is set for single methods only, the first's.
    pub(crate) whole: &'a Item,
    /// The method that `whole` belongs to, if the key is set for single methods only.
    pub(crate) whole_is_of: Option<&'a str>,
    /// The items of methods that differ, by method.
    pub(crate) methods: BTreeMap<&'a String, &'a Item>,
    /// Methods that do without.
    pub(crate) off: BTreeSet<String>,
}

impl<'a> ResolvedKey<'a> {
    /// A key whose place has no methods.
    pub(crate) fn of(item: &'a Item) -> Self {
        Self { whole: item, whole_is_of: None, methods: BTreeMap::new(), off: BTreeSet::new() }
    }

    /// What is said of a key; `None` if it is set for no method of `all`.
    pub(crate) fn find(resolved: &'a ResolvedEdge, key: &str, all: &[String]) -> Option<Self> {
        let whole = find_active(&resolved.edge, key);
        let mut off = BTreeSet::new();
        let mut named: BTreeMap<&String, &Item> = BTreeMap::new();
        for (method, resolved) in &resolved.methods {
            match find_active(resolved, key) {
                Some(item) => {
                    named.insert(method, item);
                }
                None => {
                    off.insert(method.clone());
                }
            }
        }
        let named_first = named.first_key_value().map(|(method, item)| (method.as_str(), *item));
        let (first, whole_is_of) = match whole {
            Some(whole) => (whole, None),
            None => named_first.map(|(method, item)| (item, Some(method)))?,
        };
        if whole.is_none() {
            // The key is set for single methods only, so the others do without it.
            off.extend(all.iter().filter(|method| !named.contains_key(method)).cloned());
        }
        named.retain(|_, item| whole.is_none_or(|whole| !whole.same_value(item)));
        Some(Self { whole: first, whole_is_of, methods: named, off })
    }
}

/// The key's item, unless `false` removed it.
fn find_active<'a>(resolved: &'a ResolvedSettings, key: &str) -> Option<&'a Item> {
    resolved.settings.entries.get(key).filter(|item| item.as_bool() != Some(false))
}

/// Settings that were read without a fault, so that a selector which matches ten thousand edges is read once.
#[derive(Debug, Default)]
pub(crate) struct SettingsCache(BTreeMap<&'static str, Vec<(CacheKey, Rc<ReadSettings>)>>);

/// What decides the settings of a key, spans included: the same lines are the same item.
#[derive(Debug, Clone, PartialEq)]
struct CacheKey {
    item: Item,
    methods: Vec<String>,
}

/// How many settings of a key are kept; those that most edges share come early.
const CACHED_PER_KEY: usize = 16;

impl SettingsCache {
    /// The settings of an item, and whether they were read just now; `key` tells what they are settings of, and `known` which there are.
    pub(crate) fn read(
        &mut self,
        key: &'static str,
        known: impl FnOnce() -> Vec<Setting>,
        item: &Item,
        reading: ReadContext<'_>,
        diagnostics: &mut Diagnostics,
    ) -> (Rc<ReadSettings>, bool) {
        let mut same = self.0.get(key).into_iter().flatten();
        let fits = |of: &CacheKey| of.methods == reading.methods && of.item == *item;
        if let Some((_, read)) = same.find(|(of, _)| fits(of)) {
            return (Rc::clone(read), false);
        }
        let before = diagnostics.len();
        let empty = Table::default();
        let table = item.as_table().unwrap_or(&empty);
        let read = Rc::new(read_settings(&known(), table, reading, diagnostics));
        let kept = self.0.entry(key).or_default();
        if diagnostics.len() == before && kept.len() < CACHED_PER_KEY {
            let of = CacheKey { item: item.clone(), methods: reading.methods.to_vec() };
            kept.push((of, Rc::clone(&read)));
        }
        (read, true)
    }
}
