//! Codes 8xxx: analyses of the plan.

use crate::{Diagnostic, Span};

codes! {
    BP8001 "a service that nothing calls";
    BP8002 "a backend that nothing uses";
    BP8101 "retries multiply along a path";
    BP8103 "a caller gives up before its callee";
}

/// Nothing calls a service, and it has no background task.
pub fn uncalled_service(span: Span, name: &str) -> Diagnostic {
    Diagnostic::warning(BP8001, format!("nothing calls `{name}`"))
        .at(span, "no caller, and no background task")
        .help(format!(
            "publish it with `[edge.\"client -> {name}\"]`, or remove it with `{name} = false`"
        ))
}

/// Nothing uses a backend.
pub fn unused_backend(span: Span, name: &str) -> Diagnostic {
    Diagnostic::warning(BP8002, format!("nothing uses `{name}`"))
        .at(span, "no service takes it")
        .help(format!("remove it with `{name} = false`"))
}

/// Attempts along a path multiply to more than a limit; `key` is that of the wrapper that repeats calls last.
pub fn retry_amplification(
    (key, span): (&str, Option<Span>),
    path: &str,
    product: u64,
    limit: u64,
    callee: &str,
) -> Diagnostic {
    let diagnostic = Diagnostic::warning(
        BP8101,
        format!("one request may become {product} calls of `{callee}`"),
    );
    let diagnostic = match span {
        Some(span) => diagnostic.at(span, "the last retry of the path"),
        None => diagnostic,
    };
    diagnostic
        .note(format!("attempts multiply along {path}; with more than {limit}, an overload feeds itself"))
        .help(format!("retry at one level only, the one nearest to the failure: set `{key} = false` on the outer edges of the path"))
}

/// The callee's own calls may take longer than its caller waits.
pub fn deadline_inversion(
    span: Option<Span>,
    outer: &str,
    outer_after: &str,
    inner: &str,
    inner_after: &str,
    other: Option<Span>,
) -> Diagnostic {
    let diagnostic = Diagnostic::warning(
        BP8103,
        format!("`{outer}` gives up after {outer_after}, and `{inner}` waits {inner_after}"),
    );
    let diagnostic = match span {
        Some(span) => diagnostic.at(span, "longer than the caller waits"),
        None => diagnostic,
    };
    let diagnostic = match other {
        Some(span) => diagnostic.at(span, "the caller's timeout"),
        None => diagnostic,
    };
    diagnostic
        .note("the rest of the deadline travels with the call, so the inner timeout never applies")
        .help("make timeouts shrink along the path, from the outside in")
}
