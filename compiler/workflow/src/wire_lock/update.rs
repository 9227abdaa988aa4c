//! Brings a lock up to date with the source.

use std::collections::{BTreeMap, BTreeSet};

use bp_diag::{Diagnostics, catalog::workflow as codes};

use super::format::{Entry, GREATEST, KEPT, Key, Kind, Lock, Section, owner, parse, print};
use super::wanted::{Wanted, wanted};
use super::{LockFile, LockUpdate, WireTable};
use crate::model::WorkflowModel;

/// Gives everything that the services in `roots` can send a number, keeping those in `lock`.
///
/// When an error is reported the text stays as it was, so that a damaged lock is never written over.
pub fn update(
    lock: Option<&LockFile>,
    model: &WorkflowModel,
    roots: &BTreeSet<String>,
) -> (LockUpdate, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let mut sections = lock.map_or_else(Lock::new, |l| parse(l, &mut diagnostics));
    let wanted = wanted(model, roots, &sections);
    let mut changes = Vec::new();
    for (key, wanted) in &wanted {
        let section = sections.entry(key.clone()).or_insert_with(|| {
            changes.push(format!("`{}` is new", owner(key)));
            Section { kind: wanted.kind, span: None, entries: BTreeMap::new() }
        });
        merge(key, wanted, section, &mut changes, &mut diagnostics);
    }
    let table = table(&wanted, &sections);
    let old = lock.map(|l| l.text.replace("\r\n", "\n"));
    if diagnostics.has_errors() {
        let text = lock.map_or_else(String::new, |l| l.text.clone());
        return (LockUpdate { table, text, changes: Vec::new(), changed: false }, diagnostics);
    }
    let text = print(&sections);
    let changed = match &old {
        Some(old) => *old != text,
        // An application that sends nothing needs no lock.
        None => !sections.is_empty(),
    };
    if changed && changes.is_empty() {
        changes.push("the text is not as `bp` writes it".to_owned());
    }
    (LockUpdate { table, text, changes, changed }, diagnostics)
}

fn merge(
    key: &Key,
    wanted: &Wanted,
    section: &mut Section,
    changes: &mut Vec<String>,
    diagnostics: &mut Diagnostics,
) {
    let owner = owner(key);
    if section.kind != wanted.kind {
        let at = section.span.unwrap_or(wanted.span);
        let (old, new) = (section.kind.word(), wanted.kind.word());
        diagnostics.push(codes::wire_retyped(wanted.span, at, "the form", &owner, old, new));
        return;
    }
    let what = match (wanted.kind, &key.member) {
        (Kind::Method, _) => "argument",
        (Kind::Enum, _) | (Kind::OneOf, None) => "variant",
        _ => "field",
    };
    for entry in section.entries.values_mut().filter(|e| !e.reserved) {
        if !wanted.members.iter().any(|m| m.name == entry.name) {
            entry.reserved = true;
            changes.push(format!(
                "`{owner}`: {what} `{}` is removed, its number stays reserved",
                entry.name
            ));
        }
    }
    for member in &wanted.members {
        let live = section.entries.values().find(|e| !e.reserved && e.name == member.name);
        if let Some(entry) = live {
            if entry.encoding != member.encoding {
                let at = entry.span.unwrap_or(member.span);
                let named = format!("{what} `{}`", member.name);
                let (old, new) = (&entry.encoding, &member.encoding);
                diagnostics.push(codes::wire_retyped(member.span, at, &named, &owner, old, new));
            }
            continue;
        }
        let Some(number) = next(section) else {
            diagnostics
                .push(codes::lock_number(member.span, &(u64::from(GREATEST) + 1).to_string()));
            return;
        };
        changes.push(format!("`{owner}`: {what} `{}` gets number {number}", member.name));
        let entry = Entry {
            reserved: false,
            name: member.name.clone(),
            encoding: member.encoding.clone(),
            span: None,
        };
        section.entries.insert(number, entry);
    }
}

/// The number after the greatest ever given.
fn next(section: &Section) -> Option<u32> {
    let last = section.entries.keys().next_back().copied().unwrap_or(0);
    let next = last + 1;
    let next = if KEPT.contains(&next) { KEPT.end() + 1 } else { next };
    (next <= GREATEST).then_some(next)
}

fn table(wanted: &BTreeMap<Key, Wanted>, sections: &Lock) -> WireTable {
    let mut table = WireTable::default();
    for key in wanted.keys() {
        let Some(section) = sections.get(key) else { continue };
        let numbers: BTreeMap<String, u32> = section
            .entries
            .iter()
            .filter(|(_, e)| !e.reserved)
            .map(|(number, e)| (e.name.clone(), *number))
            .collect();
        match (&key.member, section.kind) {
            (Some(method), Kind::Method) => {
                let methods = table.methods.entry(key.path.clone()).or_default();
                methods.insert(method.clone(), numbers);
            }
            (Some(variant), _) => {
                let ty = table.types.entry(key.path.clone()).or_default();
                ty.variants.entry(variant.clone()).or_default().fields = numbers;
            }
            (None, Kind::Enum | Kind::OneOf) => {
                let ty = table.types.entry(key.path.clone()).or_default();
                for (variant, number) in numbers {
                    ty.variants.entry(variant).or_default().number = number;
                }
            }
            (None, _) => table.types.entry(key.path.clone()).or_default().fields = numbers,
        }
    }
    table
}
