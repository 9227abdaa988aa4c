//! Which process a service runs in.
//!
//! The last file that claims a service wins, then exact over glob over `*`.

use std::collections::{BTreeMap, BTreeSet};

use bp_contract::fold_name;
use bp_contract::selector::Rank;
use bp_diag::catalog::wiring as codes;
use bp_diag::{Diagnostics, Span, nearest};

use crate::merge::{TableGrammar, drop_turned_off};
use crate::named_rules::{Existence, NamedRules, merge_rules, report_conflicts};
use crate::value::join;
use crate::{Change, Grammar, InitModel, ProcessRule, Table, WiringModel};

/// One process and what runs in it.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedProcess {
    /// Its name.
    pub name: String,
    /// Where it is declared; `None` for the process of a service that no process claims.
    pub span: Option<Span>,
    /// Whether it ends with the call of the init that it is named after.
    pub once: bool,
    /// Its services, sorted, each with the claim that put it here.
    pub services: Vec<(String, Option<Span>)>,
    /// Its settings, without `services`.
    pub settings: Table,
    /// What was replaced or dropped.
    pub changes: Vec<Change>,
    /// Claims of other processes on its services that lost to its own.
    pub lost_claims: Vec<LostClaim>,
}

/// A claim that lost to a stronger one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostClaim {
    /// The service.
    pub service: String,
    /// The process that claimed it.
    pub process: String,
    /// The claim.
    pub span: Span,
}

/// A claim of a process on one service.
#[derive(Clone, Copy)]
struct Claim<'a> {
    layer: usize,
    rank: Rank,
    span: Span,
    process: &'a str,
}

/// A declared process: its files' tables, exact ones only.
struct DeclaredProcess<'a> {
    name: &'a str,
    span: Span,
    rules: Vec<&'a ProcessRule>,
}

/// Which process each service of the model runs in, by process name.
pub fn resolve_processes(
    model: &WiringModel,
    grammar: &Grammar,
) -> (BTreeMap<String, ResolvedProcess>, Diagnostics) {
    let mut out = Diagnostics::new();
    let declared = collect_declared(model);
    let mut claimed: BTreeMap<&str, Vec<Claim<'_>>> = BTreeMap::new();
    let places: BTreeMap<&str, Span> = declared.iter().map(|d| (d.name, d.span)).collect();
    let mut claiming: BTreeSet<&str> = BTreeSet::new();
    for process in &declared {
        if enter_claims(model, process, &mut claimed, &mut out) {
            claiming.insert(process.name);
        }
    }
    // Where two processes claim one service, the choice between them is arbitrary, so the loser is not reported as empty.
    let mut disputing: BTreeSet<&str> = BTreeSet::new();
    let mut processes: BTreeMap<String, ResolvedProcess> = BTreeMap::new();
    for service in model.services.keys() {
        if let Some(init) = model.init_of(service) {
            let claims = claimed.get(service.as_str()).map_or(&[][..], Vec::as_slice);
            add_init_process(service, init, claims, &mut processes, &mut out);
            continue;
        }
        let claims = claimed.get(service.as_str()).map_or(&[][..], Vec::as_slice);
        let best = claims.iter().max_by_key(|c| (c.layer, c.rank));
        let rival = best.and_then(|best| {
            let equal = |c: &&Claim<'_>| {
                (c.layer, c.rank) == (best.layer, best.rank) && c.process != best.process
            };
            claims.iter().find(equal).map(|rival| (best, rival))
        });
        if let Some((a, b)) = rival {
            let (first, second) = if a.span <= b.span { (a, b) } else { (b, a) };
            out.push(codes::claimed_twice(
                service,
                (first.span, first.process),
                (second.span, second.process),
            ));
            disputing.extend([first.process, second.process]);
        }
        let (name, span) = match best {
            Some(claim) => (claim.process, Some(claim.span)),
            None => (service.as_str(), None),
        };
        let home = processes.entry(name.to_owned()).or_insert_with(|| ResolvedProcess {
            name: name.to_owned(),
            span: places.get(name).copied(),
            once: false,
            services: Vec::new(),
            settings: Table::default(),
            changes: Vec::new(),
            lost_claims: Vec::new(),
        });
        if home.once {
            let place = home.span.or(span);
            if let (Some(here), Some(place)) = (places.get(name), place) {
                out.push(codes::name_taken(*here, "a process", name, "an init", place));
            }
            continue;
        }
        home.lost_claims.extend(claims.iter().filter(|c| c.process != home.name).map(|lost| {
            LostClaim {
                service: service.clone(),
                process: lost.process.to_owned(),
                span: lost.span,
            }
        }));
        home.services.push((service.clone(), span));
    }
    for process in &declared {
        let emptied = claiming.contains(process.name) && !disputing.contains(process.name);
        if emptied && !processes.contains_key(process.name) {
            out.push(codes::process_empty(
                process.span,
                process.name,
                "all its services run elsewhere",
            ));
        }
    }
    check_names(model, &processes, &mut out);
    apply_settings(model, grammar, &mut processes, &mut out);
    (processes, out)
}

/// The process of an init, which holds the init's service alone; a glob leaves that service out, and an exact claim is a fault.
fn add_init_process(
    service: &str,
    init: &InitModel,
    claims: &[Claim<'_>],
    processes: &mut BTreeMap<String, ResolvedProcess>,
    out: &mut Diagnostics,
) {
    let name = &init.name.value;
    if let Some(claim) = claims.iter().find(|c| c.rank == Rank::Exact) {
        let how = format!("process `{}` claims it", claim.process);
        out.push(codes::init_shared(init.callee.span, name, service, &how, Some(claim.span)));
    }
    if let Some(other) = processes.get(name) {
        let place = other.span.unwrap_or(init.name.span);
        out.push(codes::name_taken(init.name.span, "an init", name, "a process", place));
        return;
    }
    let process = ResolvedProcess {
        name: name.clone(),
        span: Some(init.name.span),
        once: true,
        services: vec![(service.to_owned(), Some(init.callee.span))],
        settings: Table::default(),
        changes: Vec::new(),
        lost_claims: Vec::new(),
    };
    processes.insert(name.clone(), process);
}

fn collect_declared(model: &WiringModel) -> Vec<DeclaredProcess<'_>> {
    let mut by_name: BTreeMap<String, DeclaredProcess<'_>> = BTreeMap::new();
    for rule in model.processes.iter().filter(|r| r.name.rank() == Rank::Exact) {
        let folded = fold_name(rule.name.as_str());
        if rule.removed {
            by_name.remove(&folded);
            continue;
        }
        let entry = by_name.entry(folded).or_insert_with(|| DeclaredProcess {
            name: rule.name.as_str(),
            span: rule.span,
            rules: Vec::new(),
        });
        entry.rules.push(rule);
    }
    by_name.into_values().collect()
}

/// Enters a process's claims; `false` if it claims nothing that exists, which is reported elsewhere.
fn enter_claims<'a>(
    model: &'a WiringModel,
    process: &DeclaredProcess<'a>,
    claimed: &mut BTreeMap<&'a str, Vec<Claim<'a>>>,
    out: &mut Diagnostics,
) -> bool {
    // An array replaces the inherited one, so the last `services` counts.
    let Some(rule) = process.rules.iter().rev().find(|r| r.claims.is_some()) else {
        return claim_own_name(model, process, claimed, out);
    };
    let mut any = false;
    for pattern in rule.claims.iter().flatten() {
        let rank = pattern.value.rank();
        let matching: Vec<&str> = if rank == Rank::Exact {
            model.service(pattern.value.as_str()).map(|s| s.name.as_str()).into_iter().collect()
        } else {
            let names = model.services.keys().map(String::as_str);
            names.filter(|s| pattern.value.matches(s)).collect()
        };
        any |= !matching.is_empty();
        for service in matching {
            let claim =
                Claim { layer: rule.layer, rank, span: pattern.span, process: process.name };
            claimed.entry(service).or_default().push(claim);
        }
    }
    any
}

/// `[process.cart]` without `services` is about the process that `cart` has by itself.
fn claim_own_name<'a>(
    model: &'a WiringModel,
    process: &DeclaredProcess<'a>,
    claimed: &mut BTreeMap<&'a str, Vec<Claim<'a>>>,
    out: &mut Diagnostics,
) -> bool {
    let (Some(service), Some(rule)) = (model.service(process.name), process.rules.first()) else {
        if !model.broken {
            let near = nearest(process.name, model.services.keys().map(String::as_str));
            let place = format!("process `{}`", process.name);
            out.push(
                codes::missing_key(process.span, "services", &place, "services = [\"…\"]")
                    .suggest(near),
            );
        }
        return false;
    };
    let claim =
        Claim { layer: rule.layer, rank: Rank::Exact, span: process.span, process: process.name };
    claimed.entry(service.name.as_str()).or_default().push(claim);
    true
}

/// A process named as a service must hold that service alone.
fn check_names(
    model: &WiringModel,
    processes: &BTreeMap<String, ResolvedProcess>,
    out: &mut Diagnostics,
) {
    for process in processes.values() {
        let Some(service) = model.service(&process.name) else { continue };
        let only =
            process.services.len() == 1 && process.services.iter().any(|(s, _)| *s == service.name);
        if let Some(span) = process.span.filter(|_| !only) {
            out.push(codes::name_taken(
                span,
                "a process that holds other services",
                &process.name,
                "a service",
                service.span,
            ));
        }
    }
}

fn apply_settings(
    model: &WiringModel,
    grammar: &Grammar,
    processes: &mut BTreeMap<String, ResolvedProcess>,
    out: &mut Diagnostics,
) {
    let mut rules = NamedRules::new(&model.processes);
    for process in processes.values_mut().filter(|p| !p.once) {
        let matching = rules.select(&process.name);
        let path = join("process", &process.name);
        let keys = TableGrammar::Keys(&grammar.process_keys);
        report_conflicts(&matching, keys, &path, out);
        let merged = merge_rules(&matching, Existence::Given, keys, &path, &mut process.changes);
        process.settings = merged.settings;
        drop_turned_off(&mut process.settings, &grammar.process_keys);
    }
    if !model.broken {
        rules.report_unused("process", processes.keys().map(String::as_str), out);
    }
}
