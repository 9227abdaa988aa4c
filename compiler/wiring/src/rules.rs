//! `[edge]`, `[server]` and `[process]`: selectors with their settings, file by file.

use std::collections::BTreeMap;

use bp_contract::fold_name;
use bp_contract::selector::{EdgeSelector, Pattern, Rank, SelectorFault, ServerSelector};
use bp_diag::catalog::wiring as codes;
use bp_diag::{Diagnostic, Span, Spanned, nearest};

use crate::builder::Builder;
use crate::expand::{expand_keys, expand_or_report};
use crate::{EdgeRule, Item, ProcessRule, Section, ServerRule, Table, Value, WiringModel};

/// Reads `[edge]`.
pub(crate) fn read_edges(builder: &mut Builder<'_>) -> Vec<EdgeRule> {
    let mut rules = Vec::new();
    for (layer, table, _) in builder.read_section("edge") {
        let start = rules.len();
        for (text, item) in &table.entries {
            let selector = match EdgeSelector::parse(text) {
                Ok(selector) => selector,
                Err(fault) => {
                    builder.out.push(diagnose_selector(&fault, item.key, text));
                    continue;
                }
            };
            let example = format!("[edge.\"{selector}\"]");
            let Some(settings) = read_settings(builder, Section::Edge, item, "an edge", &example)
            else {
                continue;
            };
            rules.push(EdgeRule { selector, layer, span: item.key, settings });
        }
        if let Some(new) = rules.get_mut(start..) {
            new.sort_by_key(|r| r.span.start);
        }
    }
    rules
}

/// Reads `[server]`.
pub(crate) fn read_servers(builder: &mut Builder<'_>) -> Vec<ServerRule> {
    let mut rules = Vec::new();
    for (layer, table, _) in builder.read_section("server") {
        let start = rules.len();
        for (text, item) in &table.entries {
            let selector = match ServerSelector::parse(text) {
                Ok(selector) => selector,
                Err(fault) => {
                    builder.out.push(diagnose_selector(&fault, item.key, text));
                    continue;
                }
            };
            let example = format!("[server.\"{selector}\"]");
            let Some(settings) =
                read_settings(builder, Section::Server, item, "a server", &example)
            else {
                continue;
            };
            rules.push(ServerRule { selector, layer, span: item.key, settings });
        }
        if let Some(new) = rules.get_mut(start..) {
            new.sort_by_key(|r| r.span.start);
        }
    }
    rules
}

/// Checks the keys of a selector's table and expands shorthands.
fn read_settings(
    builder: &mut Builder<'_>,
    section: Section,
    item: &Item,
    place: &str,
    example: &str,
) -> Option<Table> {
    let Some(table) = item.as_table() else {
        builder.out.push(codes::wrong_shape(
            item.span,
            place,
            "a table",
            item.type_name(),
            example,
        ));
        return None;
    };
    let mut entries = BTreeMap::new();
    for (key, item) in &table.entries {
        let Some(grammar) = builder.grammar.key(section, key) else {
            report_unknown(builder, section, key, item, place);
            continue;
        };
        if let Some(item) = expand_or_report(builder.out, grammar, key, item) {
            entries.insert(key.clone(), item);
        }
    }
    Some(Table { entries, reset: false })
}

fn report_unknown(
    builder: &mut Builder<'_>,
    section: Section,
    key: &str,
    item: &Item,
    place: &str,
) {
    let known = builder.grammar.keys(section);
    // `[edge."*"]` followed by `process.front.services = …` is a trap of TOML: the line still belongs to the header.
    if builder.grammar.tables().contains(&key) {
        builder.out.push(codes::misplaced_table(item.key, key, place));
        return;
    }
    let suggestion = nearest(key, known.iter().copied());
    let mut diagnostic = codes::unknown_key(item.key, key, place, suggestion, &known);
    let other = match section {
        Section::Edge => Some((Section::Server, "server")),
        Section::Server => Some((Section::Edge, "edge")),
        Section::Process => None,
    };
    if let Some((other, table)) = other
        && builder.grammar.key(other, key).is_some()
    {
        diagnostic.fix = None;
        diagnostic = diagnostic.help(format!("`{key}` belongs to `[{table}.\"…\"]`"));
    }
    builder.out.push(diagnostic);
}

/// Reads `[process]`.
pub(crate) fn read_processes(builder: &mut Builder<'_>, model: &WiringModel) -> Vec<ProcessRule> {
    let mut rules: Vec<ProcessRule> = Vec::new();
    for (layer, table, _) in builder.read_section("process") {
        let start = rules.len();
        let mut seen = BTreeMap::new();
        for (name, item) in &table.entries {
            let is_selector = name.contains('*');
            if !is_selector && !builder.check_name("a process", name, item.key) {
                continue;
            }
            if let Some(first) = seen.insert(fold_name(name), item.key) {
                builder.out.push(codes::set_twice(item.key, name, Some(first)));
                continue;
            }
            let removed = matches!(item.value, Value::Boolean(false));
            let mut settings = match &item.value {
                Value::Table(table) => table.clone(),
                Value::Boolean(false) => Table::default(),
                _ => {
                    let example = format!("[process.{name}]");
                    builder.out.push(codes::wrong_shape(
                        item.span,
                        &format!("process `{name}`"),
                        "a table",
                        item.type_name(),
                        &example,
                    ));
                    continue;
                }
            };
            let claims = settings.entries.remove("services").and_then(|item| {
                if is_selector {
                    let why =
                        "a selector sets values on processes that exist, and cannot claim services";
                    builder.out.push(codes::bad_selector(
                        item.key,
                        name,
                        why,
                        "process.web.services = [\"*\"]",
                    ));
                    return None;
                }
                Some(read_claims(builder, model, &item))
            });
            check_process_keys(builder, &mut settings);
            let keys = &builder.grammar.process_keys;
            expand_keys(builder.out, keys, &mut settings);
            rules.push(ProcessRule {
                name: Pattern::new(name),
                layer,
                span: item.key,
                claims,
                removed,
                settings,
            });
        }
        if let Some(new) = rules.get_mut(start..) {
            new.sort_by_key(|r| r.span.start);
        }
    }
    for rule in &rules {
        // A process may have a service's name; whether it is its only service is known when claims are resolved.
        let name = rule.name.as_str();
        if let Some(backend) = model.backend(name) {
            let (span, other) = (rule.span, "a backend");
            builder.out.push(codes::name_taken(span, "a process", name, other, backend.span));
        }
    }
    rules
}

fn check_process_keys(builder: &mut Builder<'_>, settings: &mut Table) {
    let known = builder.grammar.keys(Section::Process);
    settings.entries.retain(|key, item| {
        if known.contains(&key.as_str()) {
            return true;
        }
        builder.out.push(if builder.grammar.tables().contains(&key.as_str()) {
            codes::misplaced_table(item.key, key, "a process")
        } else {
            let suggestion = nearest(key, known.iter().copied());
            codes::unknown_key(item.key, key, "a process", suggestion, &known)
        });
        false
    });
}

fn read_claims(
    builder: &mut Builder<'_>,
    model: &WiringModel,
    item: &Item,
) -> Vec<Spanned<Pattern>> {
    let mut claims = Vec::new();
    for (text, item) in
        builder.read_strings(item, "`services`", "services = [\"frontend\", \"search\"]")
    {
        let pattern = Pattern::new(text);
        let hit = match pattern.rank() {
            Rank::Exact => model.service(text).is_some(),
            Rank::Glob | Rank::Any => model.services.keys().any(|name| pattern.matches(name)),
        };
        if !hit && !builder.broken && text != "*" {
            let diagnostic = if let Some(removed) = model.removed(text) {
                codes::removed_instance(item.span, text, removed.removed)
            } else {
                let services: Vec<&str> = model.services.keys().map(String::as_str).collect();
                codes::unknown_claim(item.span, text, &services)
            };
            builder.out.push(diagnostic);
        }
        claims.push(Spanned::new(pattern, item.span));
    }
    claims
}

/// Makes the diagnostic for a malformed selector at `span`.
fn diagnose_selector(fault: &SelectorFault, span: Span, text: &str) -> Diagnostic {
    match fault {
        SelectorFault::Malformed { why, example } => codes::bad_selector(span, text, why, example),
        SelectorFault::Client { why, help } => codes::client_misplaced(span, why, help),
    }
}
