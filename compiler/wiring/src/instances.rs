//! `[backend]`, `[service]` and `[external]`: instances, their removal, and selectors over them.
//!
//! A later file wins over an earlier one; within a file, exact over glob over `*`.
//! So one line in a file that extends another, `backend."*_db".kind = "mongodb"`, changes every instance that exists, though the base names each exactly.

use std::collections::BTreeMap;

use bp_contract::fold_name;
use bp_contract::selector::{Pattern, Rank};
use bp_diag::catalog::wiring as codes;
use bp_diag::{Span, nearest};

use crate::build::Builder;
use crate::merge::{TableGrammar, drop_all, find_conflicts, merge, sets};
use crate::value::join;
use crate::{
    ChangeKind, InstanceModel, Item, Reference, RemovedInstance, Table, Value, WiringModel, names,
};

/// A section of instances.
struct InstanceSection {
    name: &'static str,
    /// "a backend".
    what: &'static str,
    /// The leaf that a bare string stands for.
    shorthand: &'static str,
}

const SECTIONS: [InstanceSection; 3] = [
    InstanceSection { name: "backend", what: "a backend", shorthand: "kind" },
    InstanceSection { name: "service", what: "a service", shorthand: "impl" },
    InstanceSection { name: "external", what: "an external", shorthand: "kind" },
];

/// One entry of one file.
struct InstanceRule {
    pattern: Pattern,
    layer: usize,
    key: Span,
    span: Span,
    /// `None` is `= false`.
    settings: Option<Table>,
}

/// Reads the three sections into the model.
pub(crate) fn read(builder: &mut Builder<'_>, model: &mut WiringModel) {
    for section in &SECTIONS {
        let instances = read_section(builder, section, &mut model.removed);
        match section.name {
            "backend" => model.backends = instances,
            "service" => model.services = instances,
            _ => model.externals = instances,
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
    for instance in model.backends.values_mut().chain(model.externals.values_mut()) {
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
    let all = [
        ("a backend", &model.backends),
        ("a service", &model.services),
        ("an external", &model.externals),
    ];
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

fn read_section(
    builder: &mut Builder<'_>,
    section: &InstanceSection,
    removed: &mut Vec<RemovedInstance>,
) -> BTreeMap<String, InstanceModel> {
    let mut exact: BTreeMap<String, Vec<InstanceRule>> = BTreeMap::new();
    let mut globs: Vec<InstanceRule> = Vec::new();
    for (layer, table, _) in builder.read_section(section.name) {
        for (name, item) in &table.entries {
            let Some(settings) = read_settings(builder, section, name, item) else { continue };
            let pattern = Pattern::new(name);
            let rule = InstanceRule { pattern, layer, key: item.key, span: item.span, settings };
            if name.contains('*') {
                globs.push(rule);
            } else if names::check(section.what, name, item.key, builder.out) {
                let rules = exact.entry(fold_name(name)).or_default();
                if let Some(first) = rules.iter().find(|r| r.layer == layer) {
                    builder.out.push(codes::set_twice(item.key, name, Some(first.key)));
                } else {
                    rules.push(rule);
                }
            }
        }
    }
    let mut instances = BTreeMap::new();
    let mut used = vec![false; globs.len()];
    for rules in exact.values() {
        let mut matching: Vec<&InstanceRule> = rules.iter().collect();
        for (glob, used) in globs.iter().zip(&mut used) {
            if rules.iter().any(|r| glob.pattern.matches(r.pattern.as_str())) {
                matching.push(glob);
                *used = true;
            }
        }
        matching.sort_by_key(|r| (r.layer, r.pattern.rank(), r.span.start));
        merge_instance(builder, section, &matching, &mut instances, removed);
    }
    report_unused(builder, section, &exact, &globs, &used);
    instances
}

/// The entry's settings; `Some(None)` for `= false`.
#[expect(clippy::option_option, reason = "no entry, a removal and settings are three things")]
fn read_settings(
    builder: &mut Builder<'_>,
    section: &InstanceSection,
    name: &str,
    item: &Item,
) -> Option<Option<Table>> {
    match &item.value {
        Value::Table(table) => Some(Some(table.clone())),
        Value::Boolean(false) => Some(None),
        Value::String(_) => {
            let entries = BTreeMap::from([(section.shorthand.to_owned(), item.clone())]);
            Some(Some(Table { entries, reset: false }))
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
    matching: &[&InstanceRule],
    instances: &mut BTreeMap<String, InstanceModel>,
    removed: &mut Vec<RemovedInstance>,
) {
    let Some(first) =
        matching.iter().find(|r| r.pattern.rank() == Rank::Exact && r.settings.is_some())
    else {
        let Some(off) = matching.iter().find(|r| r.pattern.rank() == Rank::Exact) else { return };
        if !builder.broken {
            let why = format!("there is no {} of this name to remove", section.name);
            builder.out.push(codes::selector_matches_nothing(off.key, off.pattern.as_str(), &why));
        }
        return;
    };
    let name = first.pattern.as_str().to_owned();
    let path = join(section.name, &name);
    let variant = builder.grammar.kinds();
    let grammar = if section.shorthand == "kind" {
        TableGrammar::Variant(&variant)
    } else {
        TableGrammar::Plain
    };
    report_conflicts(builder, &path, matching);
    let mut settings = Table::default();
    let mut declared = false;
    let mut off: Option<Span> = None;
    for rule in matching {
        let is_exact = rule.pattern.rank() == Rank::Exact;
        match &rule.settings {
            // A selector creates nothing, and so does not bring back what was removed.
            Some(_) if off.is_some() && !is_exact => {}
            Some(over) => {
                declared |= is_exact;
                off = None;
                merge(&mut settings, over, grammar, &path, rule.span, &mut builder.changes);
            }
            None if declared => {
                drop_all(
                    &mut settings,
                    &path,
                    &ChangeKind::Removed,
                    rule.span,
                    &mut builder.changes,
                );
                declared = false;
                off = Some(rule.span);
            }
            None => {}
        }
    }
    if let Some(off) = off {
        removed.push(RemovedInstance { name, declared: first.key, removed: off });
    } else if declared {
        instances.insert(name.clone(), InstanceModel { name, span: first.key, settings });
    }
}

fn report_conflicts(builder: &mut Builder<'_>, path: &str, matching: &[&InstanceRule]) {
    for (i, a) in matching.iter().enumerate() {
        for b in matching.iter().skip(i + 1) {
            let order = |r: &InstanceRule| (r.layer, r.pattern.rank());
            if order(a) != order(b) {
                break;
            }
            let (Some(x), Some(y)) = (&a.settings, &b.settings) else { continue };
            for (leaf, ours, theirs) in find_conflicts(x, y) {
                let settled = |r: &&&InstanceRule| {
                    order(r) > order(b) && r.settings.as_ref().is_none_or(|s| sets(s, &leaf))
                };
                if matching.iter().any(|r| settled(&r)) {
                    continue;
                }
                let add = format!("{path}.{leaf} = {}", theirs.value);
                builder.out.push(codes::selector_conflict(
                    &leaf,
                    path,
                    (ours.span, a.pattern.as_str()),
                    (theirs.span, b.pattern.as_str()),
                    &add,
                ));
            }
        }
    }
}

fn report_unused(
    builder: &mut Builder<'_>,
    section: &InstanceSection,
    exact: &BTreeMap<String, Vec<InstanceRule>>,
    globs: &[InstanceRule],
    used: &[bool],
) {
    if builder.broken {
        return;
    }
    for (glob, used) in globs.iter().zip(used) {
        if *used || glob.pattern.rank() == Rank::Any {
            continue;
        }
        let text = glob.pattern.as_str();
        let why =
            format!("no {} has such a name, and a selector does not create one", section.name);
        let near = nearest(&text.replace('*', ""), exact.keys().map(String::as_str));
        builder.out.push(codes::selector_matches_nothing(glob.key, text, &why).suggest(near));
    }
}
