//! Resolves every edge and server of a system, and reports what only all of them together show: selectors that match nothing or have no effect.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_contract::fold_name;
use bp_contract::selector::{Pattern, Rank, Specificity};
use bp_diag::catalog::wiring as codes;
use bp_diag::{Diagnostic, Diagnostics, Span, nearest};

use crate::resolve::{ResolveContext, Rule, resolve};
use crate::{
    Acceptance, ChangeKind, EdgeKind, EdgeRule, EdgeShape, Grammar, ResolvedEdge, ResolvedSettings,
    WiringModel,
};

/// How one rule was used, over everything that it matches.
#[derive(Default)]
struct RuleUse {
    matched: bool,
    /// Some leaf of it is in force somewhere.
    used: bool,
    /// A rule that overrides one of its leaves: place and layer.
    overridden_by: Option<(Span, usize)>,
}

/// Resolves one subject at a time; equal sets of rules over equal kinds of edges share their result.
struct Resolver<'a> {
    rules: Vec<Rule<'a>>,
    uses: Vec<RuleUse>,
    shared: BTreeMap<(Vec<usize>, &'static str), Arc<ResolvedSettings>>,
    out: Diagnostics,
}

impl<'a> Resolver<'a> {
    fn new(rules: Vec<Rule<'a>>) -> Self {
        let uses = rules.iter().map(|_| RuleUse::default()).collect();
        Self { rules, uses, shared: BTreeMap::new(), out: Diagnostics::new() }
    }

    fn resolve(
        &mut self,
        matching: Vec<usize>,
        context: &ResolveContext<'_>,
    ) -> Arc<ResolvedSettings> {
        // Messages of exact rules and of conflicts name the subject, so a result is shared only without them.
        let key = (matching, context.kind);
        if let Some(shared) = self.shared.get(&key) {
            return Arc::clone(shared);
        }
        let rules: Vec<&Rule<'a>> = key.0.iter().filter_map(|i| self.rules.get(*i)).collect();
        let before = self.out.len();
        let resolved = Arc::new(resolve(rules, context, &mut self.out));
        self.record_uses(&key.0, &resolved);
        if self.out.len() == before {
            self.shared.insert(key, Arc::clone(&resolved));
        }
        resolved
    }

    fn record_uses(&mut self, matching: &[usize], resolved: &ResolvedSettings) {
        let in_force: BTreeSet<Span> = resolved
            .origins
            .values()
            .chain(resolved.off.values())
            .map(|o| o.selector_span)
            .collect();
        let owner = |span: Span, rules: &[Rule<'_>]| {
            matching.iter().copied().find(|i| {
                rules
                    .get(*i)
                    .is_some_and(|r| r.settings.leaves().iter().any(|(_, item)| item.span == span))
            })
        };
        for change in &resolved.changes {
            // The subject does not take the key, so no other rule overrode it.
            if matches!(change.kind, ChangeKind::NotTaken) {
                continue;
            }
            let winner = owner(change.by, &self.rules)
                .and_then(|i| self.rules.get(i))
                .map(|r| (r.span, r.precedence.layer));
            let loser = owner(change.old.span, &self.rules).and_then(|i| self.uses.get_mut(i));
            if let (Some(rule_use), Some(winner)) = (loser, winner) {
                rule_use.overridden_by.get_or_insert(winner);
            }
        }
        for index in matching {
            if let (Some(rule), Some(rule_use)) =
                (self.rules.get(*index), self.uses.get_mut(*index))
            {
                rule_use.matched = true;
                rule_use.used |= in_force.contains(&rule.span);
            }
        }
    }

    /// Warns about a later file's rules that rules of an earlier file, or of the same file, override everywhere.
    fn report_shadowed(&mut self) {
        for (rule, rule_use) in self.rules.iter().zip(&self.uses) {
            let Some((span, layer)) = rule_use.overridden_by else { continue };
            // A base file's rules are meant to be overridden by later files; the reverse is what surprises.
            if !rule_use.used && rule.precedence.layer > 0 && layer <= rule.precedence.layer {
                let winner = self.rules.iter().find(|r| r.span == span).map_or("", |r| &r.selector);
                self.out.push(codes::selector_shadowed(rule.span, &rule.selector, span, winner));
            }
        }
    }
}

/// The settings of every edge, in the order given.
///
/// Reports selectors that match no edge, and a later file's selectors that are overridden everywhere.
pub fn resolve_edges(
    model: &WiringModel,
    grammar: &Grammar,
    edges: &[EdgeShape],
    accepts: &dyn Fn(&str, EdgeKind) -> Acceptance,
) -> (Vec<ResolvedEdge>, Diagnostics) {
    // Rules that name their callee are found by it, so that time grows with edges plus rules and not with their product.
    let mut by_callee: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut others = Vec::new();
    for (index, rule) in model.edges.iter().enumerate() {
        if rule.selector.callee.rank() == Rank::Exact {
            by_callee.entry(fold_name(rule.selector.callee.as_str())).or_default().push(index);
        } else {
            others.push(index);
        }
    }
    let mut resolver = Resolver::new(model.edges.iter().map(Rule::of_edge).collect());
    let mut results = Vec::new();
    for edge in edges {
        let exact = by_callee.get(&fold_name(&edge.callee)).map_or(&[][..], Vec::as_slice);
        let candidates: Vec<usize> = exact.iter().chain(&others).copied().collect();
        let select = |method: Option<&str>| -> Vec<usize> {
            let fits = |i: &usize| {
                model
                    .edges
                    .get(*i)
                    .is_some_and(|r| r.selector.matches(&edge.caller, &edge.callee, method))
            };
            candidates.iter().copied().filter(fits).collect()
        };
        let accepts = |key: &str| accepts(key, edge.kind);
        let mut context = ResolveContext {
            section: "edge",
            keys: &grammar.edge,
            subject: format!("{} -> {}", edge.caller, edge.callee),
            kind: edge.kind.describe(),
            accepts: &accepts,
        };
        let of_edge = select(None);
        let resolved = resolver.resolve(of_edge.clone(), &context);
        let mut methods = BTreeMap::new();
        for method in &edge.methods {
            let matching = select(Some(method));
            if matching != of_edge {
                context.subject = format!("{} -> {}.{method}", edge.caller, edge.callee);
                methods.insert(method.clone(), resolver.resolve(matching, &context));
            }
        }
        results.push(ResolvedEdge { edge: resolved, methods });
    }
    let unmatched = find_unmatched(&resolver);
    for rule in unmatched.into_iter().filter_map(|i| model.edges.get(i)) {
        report_unmatched_edge(model, rule, edges, &mut resolver.out);
    }
    resolver.report_shadowed();
    (results, resolver.out)
}

/// The server side's settings of every service: name and methods, in the order given.
///
/// Reports selectors that match no service, and a later file's selectors that are overridden everywhere.
pub fn resolve_servers(
    model: &WiringModel,
    grammar: &Grammar,
    services: &[(String, Vec<String>)],
    accepts: &dyn Fn(&str) -> Acceptance,
) -> (Vec<ResolvedEdge>, Diagnostics) {
    let mut resolver = Resolver::new(model.servers.iter().map(Rule::of_server).collect());
    let mut results = Vec::new();
    for (service, methods) in services {
        let select = |method: Option<&str>| -> Vec<usize> {
            let all = model.servers.iter().enumerate();
            all.filter(|(_, r)| r.selector.matches(service, method)).map(|(i, _)| i).collect()
        };
        let mut context = ResolveContext {
            section: "server",
            keys: &grammar.server,
            subject: service.clone(),
            kind: "a server",
            accepts,
        };
        let of_service = select(None);
        let edge = resolver.resolve(of_service.clone(), &context);
        let mut resolved = BTreeMap::new();
        for method in methods {
            let matching = select(Some(method));
            if matching != of_service {
                context.subject = format!("{service}.{method}");
                resolved.insert(method.clone(), resolver.resolve(matching, &context));
            }
        }
        results.push(ResolvedEdge { edge, methods: resolved });
    }
    for rule in find_unmatched(&resolver).into_iter().filter_map(|i| model.servers.get(i)) {
        let name = rule.selector.service.as_str();
        let text = rule.selector.to_string();
        let found = services.iter().find(|(s, _)| rule.selector.service.matches(s));
        let diagnostic = match (model.removed(name), found, &rule.selector.method) {
            (Some(removed), _, _) => codes::removed_instance(rule.span, name, removed.removed),
            (None, Some((service, methods)), Some(method)) => codes::selector_matches_nothing(
                rule.span,
                &text,
                &format!("`{service}` has no such method"),
            )
            .suggest(nearest(method.as_str(), methods.iter().map(String::as_str))),
            _ => codes::selector_matches_nothing(rule.span, &text, "no service has such a name")
                .suggest(nearest(&name.replace('*', ""), services.iter().map(|(s, _)| s.as_str()))),
        };
        resolver.out.push(diagnostic);
    }
    resolver.report_shadowed();
    (results, resolver.out)
}

/// Rules that matched nothing; a rule of `*` alone is allowed to.
fn find_unmatched(resolver: &Resolver<'_>) -> Vec<usize> {
    let all = resolver.rules.iter().zip(&resolver.uses).enumerate();
    all.filter(|(_, (rule, rule_use))| {
        !rule_use.matched && rule.precedence.specificity != Specificity::LEAST
    })
    .map(|(i, _)| i)
    .collect()
}

fn report_unmatched_edge(
    model: &WiringModel,
    rule: &EdgeRule,
    edges: &[EdgeShape],
    out: &mut Diagnostics,
) {
    let selector = &rule.selector;
    let text = selector.to_string();
    for name in [selector.caller.as_str(), selector.callee.as_str()] {
        if let Some(removed) = model.removed(name) {
            out.push(codes::removed_instance(rule.span, name, removed.removed));
            return;
        }
    }
    let known =
        |pattern: &Pattern, names: &BTreeSet<&str>| names.iter().any(|n| pattern.matches(n));
    let callers: BTreeSet<&str> = edges.iter().map(|e| e.caller.as_str()).collect();
    let callees: BTreeSet<&str> = edges.iter().map(|e| e.callee.as_str()).collect();
    let near = |pattern: &Pattern, names: &BTreeSet<&str>| {
        nearest(&pattern.as_str().replace('*', ""), names.iter().copied()).map(ToOwned::to_owned)
    };
    let without_method: Vec<&EdgeShape> =
        edges.iter().filter(|e| selector.matches_edge(&e.caller, &e.callee)).collect();
    let diagnostic =
        if let ([first, ..], Some(method)) = (without_method.as_slice(), &selector.method) {
            report_unmatched_method(rule, (&without_method, first), method, edges)
        } else if !known(&selector.callee, &callees) {
            codes::selector_matches_nothing(
                rule.span,
                &text,
                &format!("nothing calls `{}`", selector.callee),
            )
            .suggest(near(&selector.callee, &callees).as_deref())
        } else if !known(&selector.caller, &callers) {
            codes::selector_matches_nothing(
                rule.span,
                &text,
                &format!("`{}` calls nothing", selector.caller),
            )
            .suggest(near(&selector.caller, &callers).as_deref())
        } else {
            let called: BTreeSet<String> = edges
                .iter()
                .filter(|e| selector.caller.matches(&e.caller))
                .map(|e| format!("`{}`", e.callee))
                .collect();
            let called: Vec<String> = called.into_iter().take(10).collect();
            codes::selector_matches_nothing(
                rule.span,
                &text,
                &format!("`{}` does not call `{}`", selector.caller, selector.callee),
            )
            .note(format!("`{}` calls {}", selector.caller, called.join(", ")))
        };
    out.push(diagnostic);
}

/// A selector whose method none of the edges has that its ends match; `first` is one of them.
fn report_unmatched_method(
    rule: &EdgeRule,
    (matching, first): (&[&EdgeShape], &EdgeShape),
    method: &Pattern,
    edges: &[EdgeShape],
) -> Diagnostic {
    let text = rule.selector.to_string();
    // Callers may take one backend as different interfaces.
    let elsewhere = |e: &&&EdgeShape| {
        let same = |other: &EdgeShape| other.callee == e.callee && other.interface != e.interface;
        edges.iter().any(|other| same(other) && other.methods.iter().any(|m| method.matches(m)))
    };
    if let Some(edge) = matching.iter().find(elsewhere) {
        let interface = edge.interface.rsplit("::").next().unwrap_or(&edge.interface);
        let (caller, callee) = (&edge.caller, &edge.callee);
        let why = format!("`{caller}` takes `{callee}` as `{interface}`, which has no `{method}`");
        return codes::selector_matches_nothing(rule.span, &text, &why);
    }
    let methods = matching.iter().flat_map(|edge| edge.methods.iter().map(String::as_str));
    let why = format!("`{}` has no such method", first.callee);
    codes::selector_matches_nothing(rule.span, &text, &why)
        .suggest(nearest(method.as_str(), methods))
}
