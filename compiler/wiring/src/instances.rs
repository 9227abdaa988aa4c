//! `[backend]` and `[service]`: instances, their removal, and selectors over them.
//!
//! A later file wins over an earlier one; within a file, exact over glob over `*`.
//! So one line in a file that extends another, `backend."*_db".kind = "mongodb"`, changes every instance that exists, though the base names each exactly.

use std::collections::BTreeMap;

use bp_contract::fold_name;
use bp_diag::Span;
use bp_diag::catalog::wiring as codes;

use crate::builder::{Builder, NO_KEYS};
use crate::expand::expand_keys;
use crate::merge::{TableGrammar, drop_turned_off};
use crate::named_rules::{
    Existence, NamedRule, NamedRules, find_declaration, merge_rules, read_rules, report_conflicts,
};
use crate::value::join;
use crate::{
    EntryRule, Grammar, InstanceModel, Item, KeyGrammar, Reference, RemovedInstance, Table, Value,
    WiringModel, names,
};

/// A section of instances.
struct InstanceSection {
    name: &'static str,
    /// "a backend".
    what: &'static str,
    /// The leaf that a bare string stands for.
    shorthand: &'static str,
}

const SECTIONS: [InstanceSection; 2] = [
    InstanceSection { name: "backend", what: "a backend", shorthand: "kind" },
    InstanceSection { name: "service", what: "a service", shorthand: "impl" },
];

impl InstanceSection {
    /// Keys of plugins beside the settings of an instance.
    fn keys<'g>(&self, grammar: &'g Grammar) -> &'g BTreeMap<String, KeyGrammar> {
        if self.name == "backend" { &grammar.backend_keys } else { &NO_KEYS }
    }
}

/// Reads both sections into the model.
pub(crate) fn read(builder: &mut Builder<'_>, model: &mut WiringModel) {
    for section in &SECTIONS {
        let rules = read_rules(builder, section.name, section.what, |builder, name, item| {
            read_instance(builder, section, name, item)
        });
        let keys = section.keys(builder.grammar);
        let written = rules.iter().filter_map(|rule| rule.settings.as_ref());
        let written = written.flat_map(|settings| settings.entries.keys());
        model.backend_keys.extend(written.filter(|key| keys.contains_key(*key)).cloned());
        let instances = merge_section(builder, section, &rules, &mut model.removed);
        match section.name {
            "backend" => model.backends = instances,
            _ => model.services = instances,
        }
    }
    for service in model.services.values() {
        match service.implementation() {
            Some(item) => {
                if let Some(text) = builder.read_string(item, "`impl`", "impl = \"CartImpl\"")
                    && !names::is_type_path(&text)
                {
                    builder.out.push(codes::bad_impl_path(item.span, &text));
                }
            }
            None if builder.broken => {}
            None => builder.out.push(codes::missing_key(
                service.span,
                "impl",
                &format!("service `{}`", service.name),
                &format!("{} = {{ impl = \"…\" }}", service.name),
            )),
        }
    }
    for backend in model.backends.values() {
        match backend.kind() {
            Some(item) => {
                builder.read_string(item, "`kind`", "kind = \"embedded\"");
            }
            None if builder.broken => {}
            None => builder.out.push(codes::missing_key(
                backend.span,
                "kind",
                &format!("backend `{}`", backend.name),
                &format!("{} = {{ kind = \"embedded\" }}", backend.name),
            )),
        }
    }
    for instance in model.backends.values_mut() {
        refuse_secrets(builder, &mut instance.settings);
    }
    check_namespace(builder, model);
}

/// Settings of infrastructure that are secret whatever plugin owns them; a plugin may declare more.
const SECRETS: &[&str] = &["api_key", "passphrase", "password", "private_key", "secret", "token"];

/// Reports literals where secrets belong, and puts references in their place so that no later stage shows them.
fn refuse_secrets(builder: &mut Builder<'_>, table: &mut Table) {
    for (key, item) in &mut table.entries {
        match &mut item.value {
            Value::Table(inner) => refuse_secrets(builder, inner),
            Value::String(_) | Value::Integer(_) if SECRETS.contains(&key.as_str()) => {
                builder.out.push(codes::literal_secret(item.span, key));
                item.value = Value::Reference(Reference::Secret(key.clone()));
            }
            _ => {}
        }
    }
}

fn check_namespace(builder: &mut Builder<'_>, model: &WiringModel) {
    let mut taken: BTreeMap<String, (&str, Span)> = BTreeMap::new();
    let all = [("a backend", &model.backends), ("a service", &model.services)];
    for (what, instances) in all {
        for instance in instances.values() {
            match taken.get(&fold_name(&instance.name)) {
                Some((other, first)) => {
                    builder.out.push(codes::name_taken(
                        instance.span,
                        what,
                        &instance.name,
                        other,
                        *first,
                    ));
                }
                None => {
                    taken.insert(fold_name(&instance.name), (what, instance.span));
                }
            }
        }
    }
}

fn merge_section(
    builder: &mut Builder<'_>,
    section: &InstanceSection,
    rules: &[EntryRule],
    removed: &mut Vec<RemovedInstance>,
) -> BTreeMap<String, InstanceModel> {
    let mut rules = NamedRules::new(rules);
    let names = rules.names();
    let mut instances = BTreeMap::new();
    for name in &names {
        let matching = rules.select(name);
        merge_instance(builder, section, &matching, &mut instances, removed);
    }
    if !builder.broken {
        rules.report_unused(section.name, names.iter().map(String::as_str), builder.out);
    }
    instances
}

/// The entry as a table, or as `false`.
fn read_instance(
    builder: &mut Builder<'_>,
    section: &InstanceSection,
    name: &str,
    item: &Item,
) -> Option<Item> {
    match &item.value {
        Value::Boolean(false) => Some(item.clone()),
        Value::Table(table) => {
            let mut table = table.clone();
            expand_keys(builder.out, section.keys(builder.grammar), &mut table);
            Some(Item { value: Value::Table(table), ..item.clone() })
        }
        Value::String(_) => {
            let entries = BTreeMap::from([(section.shorthand.to_owned(), item.clone())]);
            Some(Item { value: Value::Table(Table { entries, reset: false }), ..item.clone() })
        }
        _ => {
            let what = format!("{} `{name}`", section.name);
            let example =
                format!("{} = {{ {} = \"…\" }}", crate::value::quote_key(name), section.shorthand);
            builder.out.push(codes::wrong_shape(
                item.span,
                &what,
                "a table",
                item.type_name(),
                &example,
            ));
            None
        }
    }
}

fn merge_instance(
    builder: &mut Builder<'_>,
    section: &InstanceSection,
    matching: &[NamedRule<'_>],
    instances: &mut BTreeMap<String, InstanceModel>,
    removed: &mut Vec<RemovedInstance>,
) {
    let mut exact = matching.iter().filter(|r| r.is_exact());
    let Some(first) = exact.clone().find(|r| r.settings.is_some()) else {
        if let Some(off) = exact.next().filter(|_| !builder.broken) {
            let why = format!("there is no {} of this name to remove", section.name);
            builder.out.push(codes::selector_matches_nothing(off.key, off.name.as_str(), &why));
        }
        return;
    };
    let first = find_declaration(matching).unwrap_or(first);
    let name = first.name.as_str().to_owned();
    let path = join(section.name, &name);
    let kinds = builder.grammar.kinds();
    let keys = section.keys(builder.grammar);
    let grammar = if section.shorthand == "kind" {
        TableGrammar::Instance { kinds: &kinds, keys }
    } else {
        TableGrammar::Plain
    };
    report_conflicts(matching, grammar, &path, builder.out);
    let merged = merge_rules(matching, Existence::Declared, grammar, &path, &mut builder.changes);
    if let Some(off) = merged.removed {
        removed.push(RemovedInstance { name, declared: first.key, removed: off });
    } else {
        let mut settings = merged.settings;
        drop_turned_off(&mut settings, keys);
        instances.insert(name.clone(), InstanceModel { name, span: first.key, settings });
    }
}
