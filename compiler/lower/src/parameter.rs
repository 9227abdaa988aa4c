//! Constructor parameters: the Rust type decides what each takes.
//!
//! `Arc<dyn T>` is an instance, `Vec<Arc<dyn T>>` a list, `Option<Arc<dyn T>>` may be absent, anything else is a value.
//! What the wiring leaves out is settled by the type alone where that is safe: a service by the only instance of its trait, never itself; a backend only by name, `db` or `rate_db` for service `rate`, its own before the shared one.

use std::collections::{BTreeMap, BTreeSet};

use bp_contract::fold_name;
use bp_diag::catalog::{binding as codes, wiring as wiring_codes};
use bp_diag::{Diagnostic, Diagnostics, Span, nearest};
use bp_plugin::facets::{Binding, Bindings};
use bp_plugin::{Declaration, Declarations};
use bp_wiring::Item;
use bp_workflow::{InterfaceUse, ParameterKind, ParameterModel, Type, TypeUse};

use crate::backend_use::{TakenAs, UseConflict, name_interfaces};
use crate::names::{NamedInstance, short_name};
use crate::scope::{BoundService, Scope};
use crate::value_fault::FaultKind;
use crate::value_reader::quote_names;
use crate::{literal, parameter_value};

/// The key of a service that is not a parameter.
const IMPLEMENTATION: &str = "impl";

/// Resolves the parameters of one service.
pub(crate) fn resolve(
    scope: &mut Scope<'_>,
    bound: BoundService<'_>,
    diagnostics: &mut Diagnostics,
) -> Bindings {
    let constructor = &bound.implementation.constructor;
    let mut bindings = BTreeMap::new();
    // Each fault searches all instances for a suggestion.
    if !constructor.known || diagnostics.is_full() {
        return Bindings(bindings);
    }
    let mistyped = report_unknown_keys(bound, diagnostics);
    for parameter in &constructor.params {
        if parameter.name == IMPLEMENTATION {
            let name = &bound.implementation.name;
            diagnostics.push(codes::parameter_is_key(parameter.span, &parameter.name, name));
            continue;
        }
        let written = bound
            .instance
            .settings
            .entries
            .iter()
            .find(|(key, _)| fold_name(key) == parameter.name)
            .map(|(_, item)| item);
        // A mistyped key is one fault, not a missing parameter as well.
        if written.is_none() && mistyped.contains(&parameter.name) {
            continue;
        }
        if let Some(faulty) = report_faulty_interface(scope, bound, parameter) {
            diagnostics.push(faulty);
            continue;
        }
        let binding = match (&parameter.kind, written) {
            (ParameterKind::Literal(ty), Some(item)) => {
                read_value(scope, parameter, ty, item).map(Some)
            }
            (ParameterKind::Literal(ty), None) => {
                resolve_absent_value(bound, parameter, ty).map(Some)
            }
            (
                ParameterKind::Instance(interface) | ParameterKind::Optional(interface),
                Some(item),
            ) => resolve_instance(scope, bound, parameter, interface, item),
            (ParameterKind::List(interface), Some(item)) => {
                resolve_list(scope, bound, parameter, interface, item, diagnostics)
            }
            (_, None) => resolve_automatic(scope, bound, parameter),
        };
        match binding {
            Ok(Some(binding)) => {
                note_backend_use(scope, bound, parameter, &binding, diagnostics);
                bindings.insert(parameter.name.clone(), binding);
            }
            // What is missing was reported elsewhere.
            Ok(None) => {}
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    Bindings(bindings)
}

/// Says that the plugin which declares a parameter's interface is wrong, so that nothing is known of the interface.
fn report_faulty_interface(
    scope: &Scope<'_>,
    bound: BoundService<'_>,
    parameter: &ParameterModel,
) -> Option<Diagnostic> {
    let interface = parameter.kind.interface().filter(|interface| interface.backend)?;
    let (id, why) = scope.declarations.interface_fault(&interface.path)?;
    Some(codes::missing_parameter(
        bound.instance.implementation_span(),
        &bound.instance.name,
        &parameter.name,
        &format!("a `{}`", short_name(&interface.path)),
        parameter.span,
        &format!("mend the plugin `{id}`, which declares `{}`: {why}", interface.path),
    ))
}

type ResolvedParameter = Result<Option<Binding>, Box<Diagnostic>>;

/// Reports keys that are not parameters; returns the parameters that were probably meant.
fn report_unknown_keys(bound: BoundService<'_>, diagnostics: &mut Diagnostics) -> BTreeSet<String> {
    let constructor = &bound.implementation.constructor;
    let known: Vec<String> = constructor.params.iter().map(|p| p.name.clone()).collect();
    let mut meant = BTreeSet::new();
    let mut first: BTreeMap<String, &Item> = BTreeMap::new();
    for (key, item) in &bound.instance.settings.entries {
        if let Some(other) = first.insert(fold_name(key), item) {
            diagnostics.push(wiring_codes::set_twice(item.key, key, Some(other.key)));
        }
        if key == IMPLEMENTATION || known.contains(&fold_name(key)) {
            continue;
        }
        let suggestion = nearest(key, known.iter().map(String::as_str));
        meant.extend(suggestion.map(str::to_owned));
        diagnostics.push(codes::unknown_parameter(
            item.key,
            key,
            &bound.implementation.name,
            constructor.span.unwrap_or(bound.implementation.span),
            suggestion,
            &known,
        ));
    }
    meant
}

/// Instances that offer an interface, by name, without the service itself.
fn find_candidates(
    scope: &Scope<'_>,
    bound: BoundService<'_>,
    interface: &InterfaceUse,
) -> Vec<String> {
    scope
        .offering
        .get(&interface.path)
        .into_iter()
        .flatten()
        .filter(|name| **name != bound.instance.name)
        .cloned()
        .collect()
}

fn offers(scope: &Scope<'_>, named: NamedInstance<'_>, interface: &InterfaceUse) -> bool {
    match named {
        NamedInstance::Service(i) => {
            scope.services.get(&i.name).is_some_and(|b| b.interface == interface.path)
        }
        NamedInstance::Backend(i) => {
            let kind = scope.backends.get(&i.name).map(|uses| uses.plugin);
            kind.is_some_and(|p| {
                scope.declarations.offered_by(p).contains(&interface.path.as_str())
            })
        }
    }
}

/// An instance that the wiring names.
fn resolve_instance(
    scope: &Scope<'_>,
    bound: BoundService<'_>,
    parameter: &ParameterModel,
    interface: &InterfaceUse,
    item: &Item,
) -> ResolvedParameter {
    if item.as_bool() == Some(false) && matches!(parameter.kind, ParameterKind::Optional(_)) {
        return Ok(Some(Binding::Absent));
    }
    let found = resolve_name(scope, bound, parameter, interface, item)?;
    Ok(found.map(|name| Binding::Instance { name, span: Some(item.span) }))
}

fn resolve_list(
    scope: &Scope<'_>,
    bound: BoundService<'_>,
    parameter: &ParameterModel,
    interface: &InterfaceUse,
    item: &Item,
    diagnostics: &mut Diagnostics,
) -> ResolvedParameter {
    let Some(items) = item.as_array() else {
        let example = format!("[{}]", item.value);
        return Err(Box::new(describe_misfit(parameter, "a list of instances", item, &example)));
    };
    let mut names = Vec::new();
    for item in items {
        match resolve_name(scope, bound, parameter, interface, item) {
            Ok(Some(name)) => names.push((name, item.span)),
            Ok(None) => {}
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    Ok(Some(Binding::Instances(names)))
}

/// The instance that an item names; `None` when it exists but is faulty itself.
fn resolve_name(
    scope: &Scope<'_>,
    bound: BoundService<'_>,
    parameter: &ParameterModel,
    interface: &InterfaceUse,
    item: &Item,
) -> Result<Option<String>, Box<Diagnostic>> {
    let short = short_name(&interface.path);
    let fitting = find_candidates(scope, bound, interface);
    let Some(name) = item.as_str() else {
        let example = fitting.first().map_or_else(|| "\"…\"".to_owned(), |c| format!("\"{c}\""));
        return Err(Box::new(describe_misfit(
            parameter,
            &format!("the name of a `{short}`"),
            item,
            &example,
        )));
    };
    let Some(found) = scope.names.get(name) else {
        if let Some(removed) = scope.names.removed(name) {
            return Err(Box::new(wiring_codes::removed_instance(item.span, name, removed.removed)));
        }
        let all: Vec<&str> = scope.names.iter().map(|n| n.instance().name.as_str()).collect();
        let suggestion = nearest(name, fitting.iter().map(String::as_str).chain(all));
        return Err(Box::new(codes::unknown_instance(
            item.span,
            name,
            &format!("a `{short}`"),
            suggestion,
            &fitting,
        )));
    };
    if offers(scope, found, interface) {
        return Ok(Some(found.instance().name.clone()));
    }
    let offered = match found {
        NamedInstance::Service(i) => match scope.services.get(&i.name) {
            Some(bound) => vec![bound.interface],
            None => return Ok(None),
        },
        NamedInstance::Backend(i) => match scope.backends.get(&i.name) {
            Some(uses) => scope.declarations.offered_by(uses.plugin),
            None => return Ok(None),
        },
    };
    let at = (item.span, name);
    Err(Box::new(describe_wrong_interface(scope, at, &offered, parameter, interface, &fitting)))
}

/// Says what an instance offers instead of an interface, and of a backend's which kinds offer it.
fn describe_wrong_interface(
    scope: &Scope<'_>,
    (span, name): (Span, &str),
    offered: &[&str],
    parameter: &ParameterModel,
    interface: &InterfaceUse,
    fitting: &[String],
) -> Diagnostic {
    let path = interface.path.as_str();
    let names = name_interfaces(offered.iter().copied().chain([path]));
    let name_of = |path: &str| names.get(path).map_or(path, |name| name).to_owned();
    let wanted = name_of(path);
    let offered: Vec<String> = offered.iter().map(|path| name_of(path)).collect();
    let kinds = scope.declarations.kinds_offering(path);
    let instead = match kinds.as_slice() {
        [] if interface.backend => ask_for_plugin(path),
        _ => format!("declare an instance that offers `{wanted}`"),
    };
    let fitting = (fitting, instead.as_str());
    let wrong = codes::wrong_interface(span, name, &offered, &wanted, parameter.span, fitting);
    match kinds.as_slice() {
        _ if !interface.backend => wrong,
        [] => wrong.note(format!("no kind of backend offers `{wanted}`")),
        kinds => wrong.note(format!("kinds that offer `{wanted}`: {}", kinds.join(", "))),
    }
}

/// What to do about an interface that no kind of backend offers.
fn ask_for_plugin(path: &str) -> String {
    format!("build `bp` with a plugin whose backends offer `{path}`: no kind does")
}

/// A parameter that the wiring leaves out.
fn resolve_automatic(
    scope: &Scope<'_>,
    bound: BoundService<'_>,
    parameter: &ParameterModel,
) -> ResolvedParameter {
    let Some(interface) = parameter.kind.interface() else { return Ok(None) };
    let optional = matches!(parameter.kind, ParameterKind::Optional(_));
    let fitting = find_candidates(scope, bound, interface);
    let short = short_name(&interface.path);
    let missing = |help: String| {
        Err(Box::new(codes::missing_parameter(
            bound.instance.implementation_span(),
            &bound.instance.name,
            &parameter.name,
            &format!("a `{short}`"),
            parameter.span,
            &help,
        )))
    };
    if let ParameterKind::List(_) = parameter.kind {
        let quoted: Vec<String> = fitting.iter().map(|c| format!("\"{c}\"")).collect();
        return missing(format!("write `{} = [{}]`", parameter.name, quoted.join(", ")));
    }
    if interface.backend {
        let own = format!("{}_{}", bound.instance.name, parameter.name);
        for name in [own.as_str(), parameter.name.as_str()] {
            if let Some(found) = fitting.iter().find(|c| fold_name(c) == fold_name(name)) {
                return Ok(Some(Binding::Instance { name: found.clone(), span: None }));
            }
        }
        // A backend of that name was meant, and is of a kind that offers something else.
        for name in [own.as_str(), parameter.name.as_str()] {
            if let Some(found @ NamedInstance::Backend(of)) = scope.names.get(name)
                && let Some(uses) = scope.backends.get(&found.instance().name)
            {
                let offered = scope.declarations.offered_by(uses.plugin);
                let at = (of.kind_span(), of.name.as_str());
                let wrong =
                    describe_wrong_interface(scope, at, &offered, parameter, interface, &fitting);
                return Err(Box::new(if optional {
                    wrong.help(format!("write `{} = false` to leave it absent", parameter.name))
                } else {
                    wrong
                }));
            }
        }
        // A backend of that name with a faulty kind was reported.
        if is_faulty(scope, &own) || is_faulty(scope, &parameter.name) {
            return Ok(None);
        }
        return match fitting.as_slice() {
            _ if optional => Ok(Some(Binding::Absent)),
            // Declaring one would not help.
            [] if scope.declarations.kinds_offering(&interface.path).is_empty() => {
                missing(ask_for_plugin(&interface.path))
            }
            [] => missing(format!("declare a backend `{own}` under `[backend]`")),
            some => missing(format!(
                "write `{} = \"{}\"`, or rename the backend to `{own}`; backends that fit: {}",
                parameter.name,
                some.first().map_or("…", String::as_str),
                some.join(", ")
            )),
        };
    }
    match fitting.as_slice() {
        [only] => Ok(Some(Binding::Instance { name: only.clone(), span: None })),
        _ if optional => Ok(Some(Binding::Absent)),
        // A service whose implementation is unknown might be the one.
        [] if scope.any_faulty => Ok(None),
        [] => missing(suggest_implementation(scope, interface)),
        many => Err(Box::new(codes::ambiguous_parameter(
            bound.instance.implementation_span(),
            &bound.instance.name,
            &parameter.name,
            short,
            parameter.span,
            many,
        ))),
    }
}

/// Whether an instance is declared whose implementation or kind is unknown.
fn is_faulty(scope: &Scope<'_>, name: &str) -> bool {
    match scope.names.get(name) {
        Some(NamedInstance::Service(i)) => !scope.services.contains_key(&i.name),
        Some(NamedInstance::Backend(i)) => !scope.backends.contains_key(&i.name),
        None => false,
    }
}

/// What to type when no instance of a service's trait is declared.
fn suggest_implementation(scope: &Scope<'_>, interface: &InterfaceUse) -> String {
    let found = scope
        .workflow
        .implementations
        .values()
        .find(|i| i.services.contains_key(&interface.path))
        .map(|i| i.name.as_str());
    match found {
        Some(name) => {
            format!("declare an instance under `[service]`: `name = {{ impl = \"{name}\" }}`")
        }
        None => format!("implement `{}` in the workflow", short_name(&interface.path)),
    }
}

/// Notes what a backend is used as; an interface that it cannot serve beside the others is an error.
fn note_backend_use(
    scope: &mut Scope<'_>,
    bound: BoundService<'_>,
    parameter: &ParameterModel,
    binding: &Binding,
    diagnostics: &mut Diagnostics,
) {
    let Some(interface) = parameter.kind.interface().filter(|i| i.backend) else { return };
    let names: Vec<(String, Span)> = match binding {
        Binding::Instance { name, span } => {
            vec![(name.clone(), span.unwrap_or(bound.instance.span))]
        }
        Binding::Instances(items) => items.clone(),
        Binding::Value { .. } | Binding::Absent => Vec::new(),
    };
    let (declarations, caller) = (scope.declarations, bound.instance.name.as_str());
    for (name, span) in names {
        let Some(uses) = scope.backends.get_mut(&name) else { continue };
        let taken = TakenAs { interface: interface.path.clone(), span };
        if let Err(conflict) = uses.note(declarations, caller, &taken) {
            let plugin = uses.plugin;
            diagnostics.push(describe_conflict(declarations, plugin, &name, &conflict, &taken));
        }
    }
}

fn describe_conflict(
    declarations: &Declarations,
    plugin: &Declaration,
    name: &str,
    conflict: &UseConflict,
    taken: &TakenAs,
) -> Diagnostic {
    let (UseConflict::NotUnited { first, .. } | UseConflict::OneCaller(first)) = conflict;
    let (before, after) = (first.interface.as_str(), taken.interface.as_str());
    let offered = declarations.offered_by(plugin);
    let names = name_interfaces(offered.iter().copied().chain([before, after]));
    let name_of = |path: &str| names.get(path).map_or(path, |name| name).to_owned();
    let (first_name, second_name) = (name_of(before), name_of(after));
    let apart = "declare two backends, one for each interface".to_owned();
    let (why, help) = match conflict {
        UseConflict::NotUnited { together, .. } => {
            let quote = |path: &str| format!("`{}`", name_of(path));
            let all: Vec<String> = offered.iter().map(|path| quote(path)).collect();
            let (id, all) = (plugin.id, all.join(", "));
            if together.is_empty() {
                (format!("`{id}` offers {all}, and none of them is both"), apart)
            } else {
                let several: Vec<String> = together.iter().map(|path| quote(path)).collect();
                let (others, last) = (several.join(", "), quote(after));
                (
                    format!(
                        "`{id}` offers {all}: each pair has an interface that unites it, and none unites {others} and {last}"
                    ),
                    "declare a second backend, and give it to some of these services".to_owned(),
                )
            }
        }
        UseConflict::OneCaller(_) => {
            let help = if declarations.extends(after, before) {
                format!("take `{second_name}` in both parameters: it extends `{first_name}`")
            } else if declarations.extends(before, after) {
                format!("take `{first_name}` in both parameters: it extends `{second_name}`")
            } else {
                apart
            };
            ("a service calls an instance through one interface".to_owned(), help)
        }
    };
    let first = (first_name.as_str(), first.span);
    codes::two_interfaces(taken.span, name, first, &second_name, &why, &help)
}

fn read_value(
    scope: &Scope<'_>,
    parameter: &ParameterModel,
    ty: &TypeUse,
    item: &Item,
) -> Result<Binding, Box<Diagnostic>> {
    let value = parameter_value::read(scope.workflow, ty, item).map_err(|faults| {
        // One value, one diagnostic.
        let first = faults.into_iter().next();
        Box::new(first.map_or_else(
            || {
                describe_fault(
                    parameter,
                    &literal::describe_mismatch(&ty.ty),
                    "",
                    item.span,
                    item.type_name(),
                )
            },
            |fault| describe_fault(parameter, &fault.why, &fault.path, fault.span, &fault.found),
        ))
    })?;
    Ok(Binding::Value { value, span: item.span })
}

fn resolve_absent_value(
    bound: BoundService<'_>,
    parameter: &ParameterModel,
    ty: &TypeUse,
) -> Result<Binding, Box<Diagnostic>> {
    if let Type::Option(_) = ty.ty {
        return Ok(Binding::Absent);
    }
    let help = match ty.text.split_once("dyn ") {
        Some((_, named)) => {
            let end = named.find(|c: char| !c.is_alphanumeric() && !"_:".contains(c));
            let named = named.get(..end.unwrap_or(named.len())).unwrap_or(named);
            let named = named.rsplit("::").next().unwrap_or(named);
            format!("take it as `Arc<dyn {named}>`, so that the wiring can provide it")
        }
        None => format!("write `{} = {}`", parameter.name, literal::format_example(&ty.ty)),
    };
    Err(Box::new(codes::missing_parameter(
        bound.instance.implementation_span(),
        &bound.instance.name,
        &parameter.name,
        &literal::describe_type(&ty.ty),
        parameter.span,
        &help,
    )))
}

fn describe_misfit(
    parameter: &ParameterModel,
    wanted: &str,
    item: &Item,
    example: &str,
) -> Diagnostic {
    codes::value_does_not_fit(
        item.span,
        &parameter.name,
        wanted,
        item.type_name(),
        parameter.span,
        &format!("{} = {example}", parameter.name),
    )
}

/// What is wrong with a part of a parameter's value; `path` leads to it.
fn describe_fault(
    parameter: &ParameterModel,
    why: &FaultKind,
    path: &str,
    span: Span,
    found: &str,
) -> Diagnostic {
    let name = format!("{}{path}", parameter.name);
    let (wanted, example) = match why {
        FaultKind::Mismatch { wanted, example } => (wanted.clone(), example.clone()),
        FaultKind::Unwritable(ty) => {
            return codes::unwritable_parameter(span, &name, ty, parameter.span);
        }
        FaultKind::Unknown { what, of, known, .. } if *what == "variant" => {
            let first = known.first().map_or("…", String::as_str);
            (format!("a variant of `{of}`: {}", quote_names(known)), format!("\"{first}\""))
        }
        FaultKind::Unknown { of, known, .. } => (
            format!("a table with the fields of `{of}`: {}", quote_names(known)),
            "{ … }".to_owned(),
        ),
        FaultKind::Missing { of, field, .. } => {
            (format!("a table with all fields of `{of}`; `{field}` is missing"), "{ … }".to_owned())
        }
    };
    // A part of a value has no `name =` in front of it.
    let line = if path.is_empty() { format!("{name} = {example}") } else { example };
    codes::value_does_not_fit(span, &name, &wanted, found, parameter.span, &line)
}
