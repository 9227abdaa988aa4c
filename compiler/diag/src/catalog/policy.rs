//! Codes 4xxx: the settings of wrappers and other plugins.

use crate::{Diagnostic, Span};

codes! {
    BP4001 "settings that a plugin refuses";
    BP4002 "a setting is missing";
    BP4003 "two wrappers in one slot";
    BP4004 "a method that the callee does not have";
    BP4005 "callers disagree on a listener";
}

/// Puts a diagnostic at a place, if there is one.
fn maybe_at(diagnostic: Diagnostic, span: Option<Span>, text: &str) -> Diagnostic {
    match span {
        Some(span) => diagnostic.at(span, text),
        None => diagnostic,
    }
}

/// A plugin found settings that are valid one by one, but not together; an empty help is left out.
pub fn settings_disagree(
    plugin: &str,
    message: &str,
    help: &str,
    span: Option<Span>,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(BP4001, format!("`{plugin}`: {message}"));
    let diagnostic = if help.is_empty() { diagnostic } else { diagnostic.help(help) };
    maybe_at(diagnostic, span, "")
}

/// A setting without a default is not set.
pub fn setting_missing(
    span: Option<Span>,
    key: &str,
    path: &str,
    what: &str,
    example: &str,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(BP4002, format!("`{key}` needs `{path}`"))
        .note(format!("`{path}`: {what}"))
        .help(format!("write `{key}.{path} = {example}`"));
    maybe_at(diagnostic, span, "not set")
}

/// Two plugins want one place in a chain.
pub fn slot_taken(
    span: Option<Span>,
    owner: &str,
    slot: &str,
    first: &str,
    second: &str,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        BP4003,
        format!("`{first}` and `{second}` both want slot `{slot}` on `{owner}`"),
    )
    .help(format!("write `{first} = false` or `{second} = false` for this edge"));
    maybe_at(diagnostic, span, "the second one")
}

/// A table by method names one that does not exist.
pub fn unknown_method_key(
    span: Span,
    method: &str,
    place: &str,
    suggestion: Option<&str>,
    known: &[String],
) -> Diagnostic {
    let known: Vec<String> = known.iter().map(|m| format!("`{m}`")).collect();
    let diagnostic =
        Diagnostic::error(BP4004, format!("`{place}` names `{method}`, which is not a method"))
            .at(span, "not a method of the callee")
            .suggest(suggestion);
    if suggestion.is_none() {
        diagnostic.note(format!("methods: {}", known.join(", ")))
    } else {
        diagnostic
    }
}

/// Callers set different values for the one listener that they share.
pub fn listeners_disagree(
    span: Option<Span>,
    listener: &str,
    first: &str,
    second: &str,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        BP4005,
        format!("`{first}` and `{second}` set different values for listener `{listener}`"),
    )
    .note("a service listens once per transport, so its callers share the transport's settings")
    .help("set the values for every caller: `[edge.\"* -> callee\"]`");
    maybe_at(diagnostic, span, "this caller's")
}
