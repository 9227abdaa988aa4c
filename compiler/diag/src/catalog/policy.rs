//! Codes 4xxx: the settings of wrappers and other plugins.

use crate::{Diagnostic, Span};

codes! {
    BP4001 "settings that do not make sense together";
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

/// A plugin found settings that are valid one by one, but not together.
pub fn settings_disagree(
    plugin: &str,
    message: &str,
    help: &str,
    span: Option<Span>,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(BP4001, format!("`{plugin}`: {message}")).help(help);
    maybe_at(diagnostic, span, "")
}

/// Settings break a rule that the plugin declares with them.
pub fn rule_broken(
    plugin: &str,
    path: &str,
    message: &str,
    help: Option<&str>,
    span: Option<Span>,
) -> Diagnostic {
    let setting = if path.is_empty() { plugin.to_owned() } else { format!("{plugin}.{path}") };
    let diagnostic = Diagnostic::error(BP4001, format!("`{setting}`: {message}"));
    let diagnostic = match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    };
    maybe_at(diagnostic, span, "")
}

/// A setting of a variant is written in a table of another variant.
pub fn setting_of_other_variant(
    span: Span,
    setting: &str,
    tag: &str,
    chosen: &str,
    owners: &[&str],
) -> Diagnostic {
    let owned: Vec<String> = owners.iter().map(|word| format!("\"{word}\"")).collect();
    let owned = owned.join(" or ");
    let message = format!("`{setting}` belongs to `{tag}` = {owned}, not to \"{chosen}\"");
    Diagnostic::error(BP4001, message)
        .at(span, format!("`{tag}` is \"{chosen}\""))
        .help(format!("remove the line, or write {owned} as `{tag}`"))
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
