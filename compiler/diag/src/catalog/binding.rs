//! Codes 3xxx: names, parameters and types where workflow and wiring meet.

use crate::{Diagnostic, Span};

codes! {
    BP3001 "unknown implementation";
    BP3002 "an implementation is ambiguous";
    BP3003 "unknown kind of backend";
    BP3004 "unknown parameter";
    BP3005 "a parameter is missing";
    BP3006 "a parameter is ambiguous";
    BP3007 "unknown instance";
    BP3008 "an instance of another interface";
    BP3009 "a value does not fit its parameter";
    BP3010 "a type cannot cross a process";
    BP3011 "a call between processes without a transport";
    BP3012 "a backend of one process is shared";
    BP3013 "unknown transport";
    BP3014 "a backend is used through two interfaces";
    BP3015 "a call of an unknown method";
    BP3016 "unknown knob";
    BP3017 "unknown target";
    BP3018 "a port is taken";
    BP3019 "a trait where an implementation belongs";
    BP3020 "an implementation of several services";
    BP3021 "a service is expected";
    BP3022 "a parameter that no wiring can write";
    BP3023 "a transport that the outside world cannot use";
    BP3024 "a call's arguments do not fit";
    BP3025 "a smoke call of an unpublished service";
    BP3026 "a wrapper on a call that must be direct";
    BP3027 "a direct call inside a cycle";
    BP3028 "an init's method is not idempotent";
    BP3029 "an init fills a backend that forgets";
    BP3030 "no port is left";
    BP3040 "two things get one name";
    BP3041 "a name that a format cannot hold";
    BP3050 "a crate has the name of one that `bp` links";
    BP3051 "a parameter that no wiring can name";
    BP3052 "an interface differs from its declaration";
    BP3055 "a value of a call does not fit";
    BP3056 "an unknown field in a value of a call";
    BP3057 "an unknown variant in a value of a call";
    BP3058 "an unknown error code";
    BP3059 "a field of a value of a call is missing";
}

/// `a, b and c` in backticks.
fn list<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|n| format!("`{}`", n.as_ref())).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}

/// `impl = "…"` names no implementation; `known` are the workflow's.
pub fn unknown_implementation(
    span: Span,
    name: &str,
    suggestion: Option<&str>,
    known: &[String],
) -> Diagnostic {
    let diagnostic = Diagnostic::error(BP3001, format!("no implementation is called `{name}`"))
        .at(span, "not in the workflow")
        .suggest(suggestion)
        .rename(span, name, known.iter().map(String::as_str), true);
    match (suggestion, known) {
        (None, []) => diagnostic.help(
            "the workflow implements no service; write `#[service] impl Trait for Type { … }`",
        ),
        (None, known) => diagnostic.note(format!("the workflow has {}", list(known))),
        (Some(_), _) => diagnostic,
    }
}

/// `impl = "…"` names a trait.
pub fn trait_as_implementation(
    span: Span,
    name: &str,
    declared: Span,
    implementations: &[String],
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        BP3019,
        format!("`{name}` is a trait, and an instance needs an implementation"),
    )
    .at(span, "the name of a trait")
    .at(declared, "declared here");
    match implementations {
        [] => diagnostic.help(format!("write `#[service] impl {name} for Type {{ … }}` in the workflow, and `impl = \"Type\"` here")),
        [only] => diagnostic.help(format!("write `impl = \"{only}\"`")),
        more => diagnostic.help(format!("name one of {}", list(more))),
    }
}

/// `impl = "…"` fits several implementations.
pub fn ambiguous_implementation(span: Span, name: &str, paths: &[String]) -> Diagnostic {
    Diagnostic::error(BP3002, format!("`{name}` fits {} implementations", paths.len()))
        .at(span, "which one?")
        .help(format!("write the path: {}", list(paths)))
}

/// The implementation offers several services, so what an instance offers cannot be told.
pub fn several_services(span: Span, name: &str, declared: Span, services: &[String]) -> Diagnostic {
    Diagnostic::error(
        BP3020,
        format!("`{name}` implements {} services, and an instance offers one", services.len()),
    )
    .at(span, "instantiated here")
    .at(declared, format!("implements {}", list(services)))
    .help("give each service a type of its own; both may share an `Arc` of the rest")
}

/// `kind = "…"` names no backend plugin.
pub fn unknown_backend_kind(
    span: Span,
    kind: &str,
    suggestion: Option<&str>,
    known: &[&str],
) -> Diagnostic {
    Diagnostic::error(BP3003, format!("no backend is of kind `{kind}`"))
        .at(span, "not a kind that `bp` knows")
        .suggest(suggestion)
        .rename(span, kind, known.iter().copied(), true)
        .note(format!("known kinds: {}", list(known)))
}

/// A key of a service that is not a parameter of its constructor.
pub fn unknown_parameter(
    span: Span,
    name: &str,
    implementation: &str,
    constructor: Span,
    suggestion: Option<&str>,
    known: &[String],
) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(BP3004, format!("`{implementation}::new` has no parameter `{name}`"))
            .at(span, "not a parameter")
            .at(
                constructor,
                if known.is_empty() {
                    "takes nothing".to_owned()
                } else {
                    format!("takes {}", list(known))
                },
            )
            .suggest(suggestion)
            .rename(span, name, known.iter().map(String::as_str), false);
    if suggestion.is_none() {
        diagnostic.help("remove the key, or add the parameter to the constructor")
    } else {
        diagnostic
    }
}

/// Nothing fits a parameter by itself, and the wiring says nothing.
pub fn missing_parameter(
    span: Span,
    service: &str,
    parameter: &str,
    wanted: &str,
    declared: Span,
    help: &str,
) -> Diagnostic {
    Diagnostic::error(BP3005, format!("`{service}` needs `{parameter}`, {wanted}"))
        .at(span, format!("`{parameter}` is not set"))
        .at(declared, "the parameter")
        .help(help)
}

/// Several instances fit a parameter, and the wiring does not choose.
pub fn ambiguous_parameter(
    span: Span,
    service: &str,
    parameter: &str,
    interface: &str,
    declared: Span,
    candidates: &[String],
) -> Diagnostic {
    let first = candidates.first().map_or("…", String::as_str);
    Diagnostic::error(
        BP3006,
        format!(
            "`{service}` needs `{parameter}`, and {} instances offer `{interface}`",
            candidates.len()
        ),
    )
    .at(span, format!("{} fit", list(candidates)))
    .at(declared, "the parameter")
    .help(format!("choose one, such as `{parameter} = \"{first}\"`"))
}

/// A name that is not an instance, where one is expected.
pub fn unknown_instance(
    span: Span,
    name: &str,
    wanted: &str,
    suggestion: Option<&str>,
    candidates: &[String],
) -> Diagnostic {
    let diagnostic = Diagnostic::error(BP3007, format!("no instance is called `{name}`"))
        .at(span, format!("expected {wanted}"))
        .suggest(suggestion);
    match candidates {
        [] => diagnostic,
        some => diagnostic.note(format!("instances that fit: {}", list(some))),
    }
}

/// A service is expected, and the name belongs to something else.
pub fn not_a_service(span: Span, name: &str, what: &str, why: &str) -> Diagnostic {
    Diagnostic::error(BP3021, format!("`{name}` is {what}, not a service")).at(span, why.to_owned())
}

/// An instance that offers another interface than the parameter takes; `instead` is what to write if no instance fits.
pub fn wrong_interface(
    span: Span,
    name: &str,
    offered: &[String],
    wanted: &str,
    declared: Span,
    (candidates, instead): (&[String], &str),
) -> Diagnostic {
    let offers = if offered.is_empty() { "no interface".to_owned() } else { list(offered) };
    let diagnostic = Diagnostic::error(BP3008, format!("`{name}` does not offer `{wanted}`"))
        .at(span, format!("offers {offers}"))
        .at(declared, format!("takes `{wanted}`"));
    match candidates {
        [] => diagnostic.help(instead),
        some => diagnostic.help(format!("instances that fit: {}", list(some))),
    }
}

/// A value whose type is not the parameter's.
pub fn value_does_not_fit(
    span: Span,
    parameter: &str,
    wanted: &str,
    found: &str,
    declared: Span,
    line: &str,
) -> Diagnostic {
    Diagnostic::error(BP3009, format!("`{parameter}` must be {wanted}"))
        .at(span, format!("this is {found}"))
        .at(declared, "the parameter")
        .help(format!("write `{line}`"))
}

/// A parameter whose type no wiring can write.
pub fn unwritable_parameter(span: Span, parameter: &str, ty: &str, declared: Span) -> Diagnostic {
    Diagnostic::error(BP3022, format!("`{parameter}` is a `{ty}`, which no wiring can write"))
        .at(declared, "the parameter")
        .at(span, "wired here")
        .help("take numbers, text, `bool`, `Duration`, lists, maps or types that derive `Data`, and build the rest in the constructor")
}

/// A method whose types cannot be serialised is called between processes.
pub fn unserialisable(
    wired: Option<Span>,
    edge: &str,
    method: &str,
    reason: &str,
    cause: Span,
    same_process: &str,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        BP3010,
        format!("`{method}` cannot be called between processes: {reason}"),
    )
    .at(cause, "cannot be sent");
    let diagnostic = match wired {
        Some(span) => diagnostic.at(span, format!("`{edge}` crosses a process")),
        None => diagnostic.note(format!("`{edge}` crosses a process")),
    };
    diagnostic.help(same_process.to_owned())
}

/// Wrappers on a call to a service with a method that must be called directly.
pub fn wrapped_direct_call(
    span: Option<Span>,
    edge: &str,
    wrappers: &[&str],
    method: &str,
    cause: Span,
    reason: &str,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        BP3026,
        format!(
            "`{edge}` has {}, but `{method}` must be called directly: {reason}",
            list(wrappers)
        ),
    );
    let diagnostic = match span {
        Some(span) => diagnostic.at(span, "set for this call"),
        None => diagnostic,
    };
    let off: Vec<String> = wrappers.iter().map(|key| format!("`{key} = false`")).collect();
    let selector = edge.replace("->", " -> ");
    diagnostic
        .at(cause, "this is the reason")
        .help(format!("write `[edge.\"{selector}\"]` and {}", off.join(", ")))
        .help("or let the method take and return owned values, and return a `Result` with a service error")
}

/// A call inside a cycle of services to a method that must be called directly.
pub fn cyclic_direct_call(
    span: Option<Span>,
    edge: &str,
    method: &str,
    cause: Span,
    reason: &str,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        BP3027,
        format!("`{edge}` is inside a cycle, but `{method}` must be called directly: {reason}"),
    );
    let diagnostic = match span {
        Some(span) => diagnostic
            .at(span, "inside a cycle, the callee cannot be constructed before its caller"),
        None => diagnostic,
    };
    diagnostic
        .at(cause, "this is the reason")
        .help("let the method take and return owned values, and return a `Result` with a service error; or break the cycle")
}

/// A call between processes, and nothing says how it crosses.
pub fn no_transport(span: Option<Span>, caller: &str, callee: &str, example: &str) -> Diagnostic {
    let message = if caller == "client" {
        format!("`client -> {callee}` publishes `{callee}` without a transport")
    } else {
        format!("`{caller}` calls `{callee}` in another process without a transport")
    };
    let diagnostic = Diagnostic::error(BP3011, message);
    let diagnostic = match span {
        Some(span) => diagnostic.at(span, "no transport is set"),
        None => diagnostic,
    };
    let edge = if caller == "client" { format!("client -> {callee}") } else { "*".to_owned() };
    let diagnostic =
        diagnostic.help(format!("write `[edge.\"{edge}\"]` and `rpc = \"{example}\"`"));
    if caller == "client" { diagnostic } else { diagnostic.help("or run both in one process") }
}

/// Who would have a store of its own, though the backend keeps its content in one process.
#[derive(Debug, Clone, Copy)]
pub enum StoreCopies<'a> {
    /// Each of several processes.
    Processes(&'a [String]),
    /// Each replica of a process.
    Replicas {
        /// The process.
        process: &'a str,
        /// How many run.
        count: u32,
        /// Whether fewer may run, because a plugin lets them vary.
        vary: bool,
        /// The line that asks for them.
        at: Option<Span>,
    },
}

/// A backend whose content lives in one process is used by several, or by replicas; `span` is where its kind is written.
pub fn shared_backend(
    span: Option<Span>,
    name: &str,
    kind: &str,
    copies: StoreCopies<'_>,
) -> Diagnostic {
    let message = match copies {
        StoreCopies::Processes(users) => format!(
            "`{name}` would be {} different stores, one in each of {}",
            users.len(),
            list(users)
        ),
        StoreCopies::Replicas { process, count, vary, .. } => {
            let many = if vary { format!("up to {count}") } else { count.to_string() };
            format!("`{name}` would be {many} different stores, one in each replica of `{process}`")
        }
    };
    let declared = span.map(|span| (span, format!("`{kind}` keeps its content in one process")));
    let asked = match copies {
        StoreCopies::Replicas { vary, at, .. } => at.map(|at| {
            let what = if vary { "more than one replica may run" } else { "more than one" };
            (at, what.to_owned())
        }),
        StoreCopies::Processes(_) => None,
    };
    // The place of the fault comes first: the line that lets replicas vary asks for them by itself.
    let vary = matches!(copies, StoreCopies::Replicas { vary: true, .. });
    let labels = if vary { [asked, declared] } else { [declared, asked] };
    let diagnostic = labels
        .into_iter()
        .flatten()
        .fold(Diagnostic::error(BP3012, message), |d, (span, label)| d.at(span, label));
    diagnostic.help(match copies {
        StoreCopies::Processes(_) => {
            "run its users in one process, or take a backend that runs as a server, or declare one for each"
        }
        StoreCopies::Replicas { .. } => "run one replica, or take a backend that runs as a server",
    })
}

/// `rpc = "…"` names no transport.
pub fn unknown_transport(
    span: Span,
    name: &str,
    suggestion: Option<&str>,
    known: &[&str],
) -> Diagnostic {
    Diagnostic::error(BP3013, format!("no transport is called `{name}`"))
        .at(span, "not a transport that `bp` knows")
        .suggest(suggestion)
        .rename(span, name, known.iter().copied(), true)
        .note(format!("known transports: {}", list(known)))
}

/// The outside world cannot call through this transport.
pub fn not_an_entry_transport(span: Span, name: &str, known: &[&str]) -> Diagnostic {
    Diagnostic::error(BP3023, format!("the outside world cannot call through `{name}`"))
        .at(span, "for calls between services only")
        .help(format!("take one of {}", list(known)))
}

/// Two parameters take one backend instance as different interfaces; `why` says why it cannot be both, `help` what to write.
pub fn two_interfaces(
    span: Span,
    name: &str,
    (first, other): (&str, Span),
    second: &str,
    why: &str,
    help: &str,
) -> Diagnostic {
    Diagnostic::error(BP3014, format!("`{name}` is used as `{first}` and as `{second}`"))
        .at(span, format!("as `{second}`"))
        .at(other, format!("as `{first}`"))
        .note(why)
        .help(help)
}

/// A call, of a table such as `[smoke.add]`, of a method that the service does not have.
pub fn unknown_method_of_call(
    span: Span,
    service: &str,
    method: &str,
    suggestion: Option<&str>,
    known: &[String],
) -> Diagnostic {
    let diagnostic = Diagnostic::error(BP3015, format!("`{service}` has no method `{method}`"))
        .at(span, "not a method")
        .suggest(suggestion);
    if suggestion.is_none() {
        diagnostic.note(format!("methods: {}", list(known)))
    } else {
        diagnostic
    }
}

/// A call with an argument that the method does not take, or without one that it does.
pub fn arguments_of_call(
    span: Span,
    method: &str,
    message: &str,
    suggestion: Option<&str>,
    declared: Span,
) -> Diagnostic {
    Diagnostic::error(BP3024, format!("`{method}` {message}"))
        .at(span, "")
        .at(declared, "the method")
        .suggest(suggestion)
}

/// A value in a call's arguments, or in what is expected of it, that its type cannot have.
pub fn value_of_call(
    span: Span,
    call: &str,
    path: &str,
    wanted: &str,
    found: &str,
    help: String,
    declared: Span,
) -> Diagnostic {
    Diagnostic::error(BP3055, format!("`{path}` of `{call}` must be {wanted}"))
        .at(span, format!("this is {found}"))
        .at(declared, "its type is declared here")
        .help(help)
}

/// A field that the type of a call's value does not have.
pub fn unknown_field_of_call(
    span: Span,
    name: &str,
    of: &str,
    suggestion: Option<&str>,
    known: &[String],
    declared: Span,
) -> Diagnostic {
    Diagnostic::error(BP3056, format!("`{of}` has no field `{name}`"))
        .at(span, "not a field")
        .at(declared, "declared here")
        .suggest(suggestion)
        .rename(span, name, known.iter().map(String::as_str), false)
        .note(format!("fields: {}", list(known)))
}

/// A variant that the type of a call's value does not have.
pub fn unknown_variant_of_call(
    span: Span,
    name: &str,
    of: &str,
    suggestion: Option<&str>,
    known: &[String],
    declared: Span,
) -> Diagnostic {
    Diagnostic::error(BP3057, format!("`{of}` has no variant `{name}`"))
        .at(span, "not a variant")
        .at(declared, "declared here")
        .suggest(suggestion)
        .note(format!("variants: {}", list(known)))
}

/// `expect_error` with a code that the method's error never has; `error` is that type and its place.
pub fn unknown_error_code(
    span: Span,
    call: &str,
    code: &str,
    suggestion: Option<&str>,
    known: &[String],
    error: (&str, Span),
) -> Diagnostic {
    let diagnostic = Diagnostic::error(BP3058, format!("`{call}` has no error `{code}`"))
        .at(span, "not a code of its error")
        .at(error.1, "its error")
        .suggest(suggestion)
        .rename(span, code, known.iter().map(String::as_str), true);
    if known.is_empty() {
        diagnostic.note(format!("`{}` only says that the infrastructure failed", error.0))
    } else {
        diagnostic.note(format!("codes of `{}`: {}", error.0, list(known)))
    }
}

/// A call's value without a field that has no empty value.
pub fn missing_field_of_call(
    span: Span,
    call: &str,
    path: &str,
    field: &str,
    of: &str,
    declared: Span,
) -> Diagnostic {
    Diagnostic::error(BP3059, format!("`{path}` of `{call}` lacks the field `{field}` of `{of}`"))
        .at(span, format!("`{field}` is missing here"))
        .at(declared, "the field, which has no empty value")
        .help(format!("add `{field} = …`"))
}

/// A smoke call of a service that the outside world cannot call.
pub fn smoke_unpublished(span: Span, service: &str) -> Diagnostic {
    Diagnostic::error(BP3025, format!("`{service}` cannot be called from outside"))
        .at(span, "not published")
        .help(format!(
            "call a published service, or write `[edge.\"client -> {service}\"]` and its `rpc`"
        ))
}

/// An init may run again: after a failure, and at every start.
pub fn init_not_idempotent(span: Span, init: &str, method: &str, declared: Span) -> Diagnostic {
    Diagnostic::error(
        BP3028,
        format!("init `{init}` calls `{method}`, which is not `#[idempotent]`"),
    )
    .at(span, "an init runs again after a failure, and at every start")
    .at(declared, "the method")
    .help("make sure that calling it twice has the same effect as calling it once, and mark it `#[idempotent]`")
}

/// What an init writes into a backend in memory is gone when the init's process ends.
pub fn init_forgets(span: Span, init: &str, backend: &str, kind: &str, called: Span) -> Diagnostic {
    Diagnostic::error(BP3029, format!("what init `{init}` writes to `{backend}` is lost"))
        .at(span, format!("`{kind}` forgets when its process ends"))
        .at(called, "and the init's process ends with this call")
        .help("take `embedded`, which keeps a file, or a backend that runs as a server")
}

/// `[knob]` names a knob that the workflow does not have.
pub fn unknown_knob(
    span: Span,
    name: &str,
    suggestion: Option<&str>,
    known: &[String],
) -> Diagnostic {
    let diagnostic = Diagnostic::error(BP3016, format!("no knob is called `{name}`"))
        .at(span, "not in the workflow")
        .suggest(suggestion)
        .rename(span, name, known.iter().map(String::as_str), false);
    match known {
        [] => diagnostic
            .help(format!("declare it: `static NAME: bp_std::Knob = bp_std::knob!(\"{name}\");`")),
        known => diagnostic.note(format!("knobs: {}", list(known))),
    }
}

/// `[target] enabled` names no target.
pub fn unknown_target(
    span: Span,
    name: &str,
    suggestion: Option<&str>,
    known: &[&str],
) -> Diagnostic {
    Diagnostic::error(BP3017, format!("no target is called `{name}`"))
        .at(span, "not a target that `bp` knows")
        .suggest(suggestion)
        .note(format!("known targets: {}", list(known)))
}

/// More listeners than a machine has ports; `name` is the first without one.
pub fn no_port_left(span: Option<Span>, name: &str, listeners: usize, most: usize) -> Diagnostic {
    let message = format!("no port is left for `{name}`: {listeners} listeners, and {most} ports");
    let diagnostic = Diagnostic::error(BP3030, message);
    let diagnostic = match span {
        Some(span) => diagnostic.at(span, "one too many"),
        None => diagnostic,
    };
    diagnostic.help("put services that belong together into one process: it needs one admin listener, and calls inside it need none")
}

/// Two listeners want one port.
pub fn port_taken(span: Option<Span>, port: u16, first: &str, second: &str) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(BP3018, format!("`{first}` and `{second}` both listen on port {port}"));
    let diagnostic = match span {
        Some(span) => diagnostic.at(span, "asked for here"),
        None => diagnostic,
    };
    diagnostic.help("choose another port, or write none and let `bp` choose")
}

/// Two declared things would have one name in the output; each is given in words, and where it is declared.
pub fn name_taken(
    kind: &str,
    name: &str,
    first: (&str, Option<Span>),
    second: (&str, Option<Span>),
) -> Diagnostic {
    let message = format!("{} and {} would both become the {kind} `{name}`", first.0, second.0);
    let mut diagnostic = Diagnostic::error(BP3040, message);
    for ((words, span), label) in [(first, "becomes"), (second, "also becomes")] {
        match span {
            Some(span) => diagnostic = diagnostic.at(span, format!("{label} `{name}`")),
            None => diagnostic = diagnostic.note(format!("the name of {words} comes from `bp`")),
        }
    }
    match second.1 {
        Some(_) => diagnostic.help("give one of the two another name"),
        // A name that `bp` gives itself stays.
        None => diagnostic.help(format!("give {} another name", first.0)),
    }
}

/// A declared thing, in words, goes into an output that cannot hold its name; `rule` is what a name there looks like.
pub fn name_unwritable(what: &str, output: &str, rule: &str, span: Option<Span>) -> Diagnostic {
    let message = format!("{what} has a name that {output} cannot hold");
    let mut diagnostic = Diagnostic::error(BP3041, message);
    if let Some(span) = span {
        diagnostic = diagnostic.at(span, "give it another name");
    }
    diagnostic.note(rule).help("rename it, or carry the calls over another transport")
}

/// A package of the application has the name of one that the generated program links too; `owner` says which, `linked` is where the wiring names it.
pub fn crate_name_taken(span: Span, name: &str, owner: &str, linked: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::error(BP3050, format!("`{name}` is also the name of {owner}"))
        .at(span, "named here");
    let diagnostic = match linked {
        Some(linked) => diagnostic.at(linked, "the other one is linked from here"),
        None => diagnostic,
    };
    diagnostic
        .note("the generated program links both, and neither cargo nor a type's path can tell them apart")
        .help("give this package another name")
}

/// The crate that the workflow links declares an interface in another way than this `bp`; `span` is its trait, or where the crate is named if it lacks the trait.
pub fn interface_differs(span: Span, path: &str, differences: &[String]) -> Diagnostic {
    let message = format!("`{path}` is not the interface that this `bp` declares");
    let diagnostic = Diagnostic::error(BP3052, message)
        .at(span, "linked from here")
        .help("link the crate that belongs to this `bp`: `bp new --runtime vendor/bp` writes the packages of this `bp`");
    differences.iter().fold(diagnostic, Diagnostic::note)
}

/// A constructor's parameter is called like the key that names the implementation, so the wiring cannot set it.
pub fn parameter_is_key(span: Span, parameter: &str, implementation: &str) -> Diagnostic {
    let message = format!("no wiring can name the parameter `{parameter}` of `{implementation}`");
    Diagnostic::error(BP3051, message)
        .at(span, format!("`{parameter}` names the implementation in a wiring"))
        .help("give the parameter another name")
}
