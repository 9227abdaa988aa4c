//! The plan with the configuration laid over it.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use bp_contract::selector::{CLIENT, Pattern};
use serde_json::Value;

use super::leaves::{DeclaredSettings, collect_leaves, explain_unplanned, find, set};
use super::overlay::{Entry, Selector, Table};
use super::place::{Interfaces, Place, collect_places};
use crate::error::StartError;
use crate::plan::{
    InstancePlan, ParameterPlan, RunPlan, TablePlace, TablePlan, TableReader, ValuePlan,
};

/// The values in force. References in them are not yet resolved.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Effective {
    /// By place, then by method index.
    pub(crate) rows: BTreeMap<String, Vec<Value>>,
    /// By instance and parameter.
    pub(crate) parameters: BTreeMap<(String, String), Value>,
    /// The places whose values are as written.
    pub(crate) verbatim: BTreeSet<String>,
}

impl Effective {
    /// Lays `entries` over `plan`.
    ///
    /// # Errors
    /// An entry that is wrong anywhere in the plan, or that changes nothing.
    pub(super) fn compute(
        plan: &RunPlan,
        interfaces: &Interfaces,
        entries: &[Entry],
    ) -> Result<Self, StartError> {
        let places = collect_places(plan, interfaces);
        for entry in entries {
            let problem = match entry.table {
                Table::Edge | Table::Server | Table::Backend | Table::Owned(_) => {
                    explain_unfit(plan, &places, entry)
                }
                Table::Service => explain_unfit_parameter(plan, entry),
            };
            if let Some(problem) = problem {
                return Err(StartError::new(problem).at(entry.place()));
            }
        }
        let mut rows = BTreeMap::new();
        for (label, place) in &places {
            rows.insert(label.clone(), compute_rows(plan, place, entries)?);
        }
        let verbatim = places.into_iter().filter(|(_, place)| is_verbatim(plan, place));
        let verbatim = verbatim.map(|(label, _)| label).collect();
        Ok(Self { rows, verbatim, parameters: compute_parameters(plan, entries)? })
    }
}

/// The tables of plugins that configuration may change: those with a tunable setting that processes read.
pub(super) fn list_owned_tables(plan: &RunPlan) -> Vec<&str> {
    let changes = |table: &TablePlan| {
        table.place == TablePlace::TopLevel
            && table.reader == TableReader::Process
            && table.settings.values().any(|setting| setting.tunable)
    };
    plan.tables.iter().filter(|(_, table)| changes(table)).map(|(name, _)| name.as_str()).collect()
}

/// The settings that are declared for a place.
fn find_declared<'a>(plan: &'a RunPlan, place: &Place) -> Option<DeclaredSettings<'a>> {
    match &place.table {
        Table::Owned(name) => plan.tables.get(&**name).map(Into::into),
        _ => plan.plugins.get(&place.plugin).map(Into::into),
    }
}

fn is_verbatim(plan: &RunPlan, place: &Place) -> bool {
    match &place.table {
        Table::Owned(name) => plan.tables.get(&**name).is_some_and(|table| table.verbatim),
        _ => false,
    }
}

/// The strongest of several entries for one leaf.
#[derive(Default)]
struct Winner<'a>(Option<(&'a Entry, Value)>);

impl<'a> Winner<'a> {
    /// Takes `entry` unless the present one is stronger: specificity counts first, then the source.
    fn offer(&mut self, entry: &'a Entry, value: &Value, leaf: &str) -> Result<(), StartError> {
        if let Some((present, other)) = &self.0 {
            match entry.precedence().cmp(&present.precedence()) {
                Ordering::Less => return Ok(()),
                Ordering::Equal if other != value => {
                    return Err(StartError::new(format!(
                        "{} and {} are equally specific and set `{leaf}` differently; add a more specific selector",
                        present.place(),
                        entry.place()
                    )));
                }
                Ordering::Equal | Ordering::Greater => {}
            }
        }
        self.0 = Some((entry, value.clone()));
        Ok(())
    }

    fn value(&self) -> Option<&Value> {
        self.0.as_ref().map(|(_, value)| value)
    }
}

fn compute_rows(
    plan: &RunPlan,
    place: &Place,
    entries: &[Entry],
) -> Result<Vec<Value>, StartError> {
    let hits: Vec<_> = entries
        .iter()
        .filter(|entry| accepts(plan, place, entry))
        .filter_map(|entry| Some((entry, read_place_leaves(plan, place, entry)?.ok()?)))
        .collect();
    let row = |method: Option<&str>| -> Result<Row<'_>, StartError> {
        let own = method.and_then(|method| place.by_method.get(method));
        let mut row = own.unwrap_or(&place.base).clone();
        let mut winners: BTreeMap<&str, Winner<'_>> = BTreeMap::new();
        for (entry, leaves) in &hits {
            if method.is_some_and(|method| !entry.selector.matches_method(method)) {
                continue;
            }
            for (leaf, value) in leaves {
                // It is about another method's variant or table, or another place's.
                if is_unplanned(plan, place, &row, leaf) {
                    continue;
                }
                winners.entry(leaf).or_default().offer(entry, value, leaf)?;
            }
        }
        for (leaf, winner) in &winners {
            if let Some(value) = winner.value() {
                set(&mut row, leaf, value);
            }
        }
        Ok(Row { value: row, winners })
    };
    if place.methods.is_empty() {
        return Ok(vec![row(None)?.value]);
    }
    let is_off = |method: &str| place.off.contains(method);
    // A method that the wrapper does not apply to still needs a row that can be read: it gets the row of another method.
    let Some(model) = place.methods.iter().find(|method| !is_off(method)) else {
        return place.methods.iter().map(|_| Ok(row(None)?.value)).collect();
    };
    let methods = place.methods.iter();
    let rows = methods.map(|method| row(Some(if is_off(method) { model } else { method })));
    let rows: Vec<Row<'_>> = rows.collect::<Result<_, _>>()?;
    check_shared(plan, place, &rows)?;
    Ok(rows.into_iter().map(|row| row.value).collect())
}

/// The settings of a method in force, and the entries that decided them, by leaf.
struct Row<'a> {
    value: Value,
    winners: BTreeMap<&'a str, Winner<'a>>,
}

impl<'a> Row<'a> {
    /// The entries about single methods that decided `shared`, or a setting in it.
    fn list_entries_by_method(&self, shared: &str) -> impl Iterator<Item = &'a Entry> {
        let inside = move |leaf: &str| {
            leaf.strip_prefix(shared).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let winners = self.winners.iter().filter(move |(leaf, _)| inside(leaf));
        let entries = winners.filter_map(|(_, winner)| winner.0.as_ref().map(|(entry, _)| *entry));
        entries.filter(|entry| entry.selector.method().is_some())
    }
}

/// Refuses entries by which methods differ in what all methods of a place share.
fn check_shared(plan: &RunPlan, place: &Place, rows: &[Row<'_>]) -> Result<(), StartError> {
    let plugin = match place.table {
        Table::Edge | Table::Server => plan.plugins.get(&place.plugin),
        Table::Backend | Table::Service | Table::Owned(_) => None,
    };
    let (Some(plugin), Some((first, others))) = (plugin, rows.split_first()) else {
        return Ok(());
    };
    for shared in &plugin.shared_by_methods {
        let differs = |row: &&Row<'_>| find(&row.value, shared) != find(&first.value, shared);
        let Some(other) = others.iter().find(differs) else { continue };
        let mut entries =
            other.list_entries_by_method(shared).chain(first.list_entries_by_method(shared));
        // The compiler has checked the plan's own, so an entry made the difference.
        if let Some(entry) = entries.next() {
            let whole = match &place.caller {
                Some(caller) => format!("edge: edge.\"{caller} -> {}\"", place.callee),
                None => format!("service: server.\"{}\"", place.callee),
            };
            let key = &plugin.key;
            let problem = format!(
                "all methods share `{key}.{shared}`; set it for the whole {whole}.{key}.{shared}"
            );
            return Err(StartError::new(problem).at(entry.place()));
        }
    }
    Ok(())
}

/// Whether a leaf belongs to a variant or a table that the row does not have.
fn is_unplanned(plan: &RunPlan, place: &Place, row: &Value, leaf: &str) -> bool {
    let declared = find_declared(plan, place);
    declared.is_some_and(|declared| explain_unplanned(declared, row, leaf).is_some())
}

/// The leaves, if each belongs to the variant and the tables of some row that the entry selects.
fn keep_planned(
    declared: DeclaredSettings<'_>,
    place: &Place,
    entry: &Entry,
    leaves: BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Value>, String> {
    let selected = place
        .methods
        .iter()
        .filter(|method| entry.selector.matches_method(method) && !place.off.contains(**method));
    let mut rows: Vec<&Value> =
        selected.map(|method| place.by_method.get(*method).unwrap_or(&place.base)).collect();
    if rows.is_empty() {
        rows.push(&place.base);
    }
    for leaf in leaves.keys() {
        let mut problems = rows.iter().map(|row| explain_unplanned(declared, row, leaf));
        let first = problems.next().flatten();
        if let Some(problem) = first
            && problems.all(|problem| problem.is_some())
        {
            return Err(problem);
        }
    }
    Ok(leaves)
}

/// Whether the entry is about this place, whatever its method.
fn accepts(plan: &RunPlan, place: &Place, entry: &Entry) -> bool {
    let has_key = || match place.table {
        // Its name is followed by its settings.
        Table::Backend | Table::Owned(_) => true,
        _ => {
            let plugin = plan.plugins.get(&place.plugin);
            plugin.is_some_and(|plugin| entry.key.as_ref() == Some(&plugin.key))
        }
    };
    place.table == entry.table
        && entry.selector.matches(place.caller.as_deref(), &place.callee)
        && has_key()
}

/// The entry's leaves at this place; `None` when its method is not one of the callee's.
fn read_place_leaves(
    plan: &RunPlan,
    place: &Place,
    entry: &Entry,
) -> Option<Result<BTreeMap<String, Value>, String>> {
    let selector = &entry.selector;
    let fits = if place.methods.is_empty() {
        selector.method().is_none()
    } else {
        place.methods.iter().any(|method| selector.matches_method(method))
    };
    let declared = find_declared(plan, place).filter(|_| fits)?;
    // A backend's name is followed by its settings, an edge by the plugin's key, and an entry's name stands alone.
    let leaves = match &entry.key {
        Some(key) if place.table == Table::Backend => {
            let one = std::iter::once((key.clone(), entry.value.clone())).collect();
            collect_leaves(declared, &Value::Object(one))
        }
        _ => collect_leaves(declared, &entry.value),
    };
    Some(leaves.and_then(|leaves| keep_planned(declared, place, entry, leaves)))
}

/// Why an entry cannot be applied anywhere, if so.
fn explain_unfit(
    plan: &RunPlan,
    places: &BTreeMap<String, Place>,
    entry: &Entry,
) -> Option<String> {
    let key = entry.key.as_deref().unwrap_or_default();
    let mut taken = places.values().filter(|place| accepts(plan, place, entry)).peekable();
    if taken.peek().is_some() {
        let mut problem = None;
        let mut methods: Vec<&str> = Vec::new();
        for place in taken {
            match read_place_leaves(plan, place, entry) {
                Some(Ok(_)) => return None,
                Some(Err(error)) => problem = Some(error),
                None => methods.extend(&place.methods),
            }
        }
        methods.dedup();
        return Some(problem.unwrap_or_else(|| match methods.as_slice() {
            [] => format!("`{key}` has no settings by method"),
            methods => format!("no such method; known: {}", methods.join(", ")),
        }));
    }
    if let Table::Owned(name) = &entry.table {
        return Some(explain_no_entry(plan, name, &entry.selector));
    }
    let keys: BTreeSet<&str> = places
        .values()
        .filter(|place| place.table == entry.table)
        .filter_map(|place| plan.plugins.get(&place.plugin))
        .map(|plugin| plugin.key.as_str())
        .collect();
    if entry.table != Table::Backend && !keys.contains(key) {
        let keys: Vec<_> = keys.into_iter().collect();
        return Some(format!("unknown key `{key}`; known: {}", keys.join(", ")));
    }
    let backend = |instance: &InstancePlan| matches!(instance, InstancePlan::Backend { .. });
    let wanted = |instance: &InstancePlan| entry.table != Table::Backend || backend(instance);
    for pattern in entry.selector.names() {
        if let Some(problem) = explain_unknown_name(plan, pattern, wanted) {
            return Some(problem);
        }
    }
    Some(format!("nothing that it selects has `{key}`"))
}

/// Says that a plugin's table has no entry that is selected, and which it has.
fn explain_no_entry(plan: &RunPlan, table: &str, selector: &Selector) -> String {
    let entries = plan.tables.get(table).into_iter().flat_map(|table| &table.entries);
    let known: Vec<_> = entries.map(|entry| entry.name.as_str()).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let exact = selector.names().find_map(Pattern::exact);
    exact.map_or_else(
        || format!("it selects nothing in `{table}`; known: {known}"),
        |name| format!("there is no `{name}` in `{table}`; known: {known}"),
    )
}

/// Says that no instance has the name that is written, and which there are.
fn explain_unknown_name(
    plan: &RunPlan,
    pattern: &Pattern,
    wanted: impl Fn(&InstancePlan) -> bool,
) -> Option<String> {
    let name = pattern.exact().filter(|name| *name != CLIENT)?;
    let known: Vec<_> =
        plan.instances.iter().filter(|(_, i)| wanted(i)).map(|(name, _)| name.as_str()).collect();
    if known.iter().any(|known| pattern.matches(known)) {
        return None;
    }
    Some(format!("there is no `{name}`; known: {}", known.join(", ")))
}

/// Every literal parameter of a service: instance, name, value.
fn list_values(plan: &RunPlan) -> impl Iterator<Item = (&String, &String, &ValuePlan)> {
    plan.instances.iter().flat_map(|(instance, plan)| {
        let parameters = match plan {
            InstancePlan::Service { parameters, .. } => Some(parameters),
            InstancePlan::Backend { .. } => None,
        };
        parameters.into_iter().flatten().filter_map(move |(name, parameter)| match parameter {
            ParameterPlan::Value(value) => Some((instance, name, value)),
            _ => None,
        })
    })
}

fn compute_parameters(
    plan: &RunPlan,
    entries: &[Entry],
) -> Result<BTreeMap<(String, String), Value>, StartError> {
    let mut parameters = BTreeMap::new();
    for (instance, name, value) in list_values(plan) {
        let mut winner = Winner::default();
        for entry in entries.iter().filter(|entry| entry.table == Table::Service) {
            if entry.selector.matches(None, instance) && entry.key.as_ref() == Some(name) {
                winner.offer(entry, &entry.value, name)?;
            }
        }
        let value = winner.value().unwrap_or(&value.value).clone();
        parameters.insert((instance.clone(), name.clone()), value);
    }
    Ok(parameters)
}

fn explain_unfit_parameter(plan: &RunPlan, entry: &Entry) -> Option<String> {
    let key = entry.key.as_deref().unwrap_or_default();
    let service = |instance: &InstancePlan| matches!(instance, InstancePlan::Service { .. });
    if let Some(problem) =
        entry.selector.names().find_map(|name| explain_unknown_name(plan, name, service))
    {
        return Some(problem);
    }
    let selected =
        || list_values(plan).filter(|(instance, _, _)| entry.selector.matches(None, instance));
    let mut found = selected().filter(|(_, name, _)| *name == key).peekable();
    if found.peek().is_none() {
        let known: Vec<_> = selected().map(|(_, name, _)| name.as_str()).collect();
        return Some(format!("unknown parameter `{key}`; known: {}", known.join(", ")));
    }
    for (_, _, value) in found {
        if !value.tunable {
            return Some(format!("`{key}` can be changed only by a new build"));
        }
        if describe_kind(&value.value) != describe_kind(&entry.value)
            && !(is_numeric(&value.value) && is_numeric(&entry.value))
        {
            return Some(format!(
                "{} is {}, `{key}` is {}",
                entry.value,
                describe_kind(&entry.value),
                describe_kind(&value.value)
            ));
        }
    }
    None
}

/// Whether a value is a number, or the text of one that JSON's numbers do not hold.
fn is_numeric(value: &Value) -> bool {
    let text = |text: &str| {
        matches!(text, "NaN" | "Infinity" | "-Infinity")
            || text.parse::<i128>().is_ok()
            || text.parse::<u128>().is_ok()
    };
    value.is_number() || value.as_str().is_some_and(text)
}

fn describe_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}
