//! Brings a lock up to date with the source.

use std::collections::{BTreeMap, BTreeSet};

use bp_contract::wire::WireTable;
use bp_diag::{Diagnostics, catalog::workflow as codes};

use super::format::{
    Entry, Key, Lock, MAX_NUMBER, PROTOBUF_RESERVED, Section, SectionKind, describe_owner, parse,
    print,
};
use super::required::{RequiredSection, collect_required};

use super::{LockFile, LockUpdate};
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
    let required = collect_required(model, roots, &sections);
    let mut changes = Vec::new();
    for (key, required) in &required {
        let section = sections.entry(key.clone()).or_insert_with(|| {
            changes.push(format!("`{}` is new", describe_owner(key)));
            Section { kind: required.kind, span: None, entries: BTreeMap::new() }
        });
        merge(key, required, section, &mut changes, &mut diagnostics);
    }
    let table = build_table(&required, &sections);
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
    required: &RequiredSection,
    section: &mut Section,
    changes: &mut Vec<String>,
    diagnostics: &mut Diagnostics,
) {
    let owner = describe_owner(key);
    if section.kind != required.kind {
        let at = section.span.unwrap_or(required.span);
        let (old, new) = (section.kind.word(), required.kind.word());
        diagnostics.push(codes::wire_retyped(required.span, at, "the form", &owner, old, new));
        return;
    }
    let what = match (required.kind, &key.member) {
        (SectionKind::Method, _) => "argument",
        (SectionKind::Enum, _) | (SectionKind::OneOf, None) => "variant",
        _ => "field",
    };
    for entry in section.entries.values_mut().filter(|e| !e.reserved) {
        if !required.members.iter().any(|m| m.name == entry.name) {
            entry.reserved = true;
            changes.push(format!(
                "`{owner}`: {what} `{}` is removed, its number stays reserved",
                entry.name
            ));
        }
    }
    for member in &required.members {
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
        let Some(number) = next_number(section) else {
            diagnostics
                .push(codes::lock_number(member.span, &(u64::from(MAX_NUMBER) + 1).to_string()));
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
fn next_number(section: &Section) -> Option<u32> {
    let last = section.entries.keys().next_back().copied().unwrap_or(0);
    let next = last + 1;
    let next = if PROTOBUF_RESERVED.contains(&next) { PROTOBUF_RESERVED.end() + 1 } else { next };
    (next <= MAX_NUMBER).then_some(next)
}

fn build_table(required: &BTreeMap<Key, RequiredSection>, sections: &Lock) -> WireTable {
    let mut table = WireTable::default();
    for key in required.keys() {
        let Some(section) = sections.get(key) else { continue };
        let numbers: BTreeMap<String, u32> = section
            .entries
            .iter()
            .filter(|(_, e)| !e.reserved)
            .map(|(number, e)| (e.name.clone(), *number))
            .collect();
        match (&key.member, section.kind) {
            (Some(method), SectionKind::Method) => {
                let methods = table.methods.entry(key.path.clone()).or_default();
                methods.insert(method.clone(), numbers);
            }
            (Some(variant), _) => {
                let ty = table.types.entry(key.path.clone()).or_default();
                ty.variants.entry(variant.clone()).or_default().fields = numbers;
            }
            (None, SectionKind::Enum | SectionKind::OneOf) => {
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
