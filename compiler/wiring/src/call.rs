//! Reads the keys `call` and `arguments`, which smoke calls and inits share.

use std::collections::BTreeMap;

use bp_diag::catalog::wiring as codes;
use bp_diag::{Diagnostic, Span, Spanned};

use crate::build::Builder;
use crate::{Item, Table, WiringModel};

/// How messages name one kind of table that has a call.
pub(crate) struct CallKind {
    /// "smoke call".
    pub(crate) what: &'static str,
    /// A service and a method.
    pub(crate) example: &'static str,
    /// Reports a malformed one.
    pub(crate) bad: fn(Span, &str, &str, &str) -> Diagnostic,
}

/// `call` and `arguments` of a table.
pub(crate) struct ParsedCall {
    pub(crate) callee: Spanned<String>,
    pub(crate) method: Spanned<String>,
    pub(crate) arguments: BTreeMap<String, Item>,
}

/// Reads `call` and `arguments`.
pub(crate) fn read_call(
    builder: &mut Builder<'_>,
    model: &WiringModel,
    kind: &CallKind,
    name: &str,
    item: &Item,
    table: &Table,
) -> Option<ParsedCall> {
    let example = format!("call = \"{}\"", kind.example);
    let Some(call) = table.get("call") else {
        if !builder.broken {
            let place = format!("{} `{name}`", kind.what);
            builder.out.push(codes::missing_key(item.key, "call", &place, &example));
        }
        return None;
    };
    let text = builder.read_string(call, "`call`", &example)?;
    let Some((callee, method)) =
        text.split_once('.').filter(|(c, m)| !c.is_empty() && !m.is_empty())
    else {
        let why = "expected a service and a method, joined by `.`";
        builder.out.push((kind.bad)(call.span, name, why, &example));
        return None;
    };
    // Whether the service exists, and has the method, is known where the workflow is.
    if let Some(removed) = model.removed(callee) {
        builder.out.push(codes::removed_instance(call.span, callee, removed.removed));
    }
    let arguments = match table.get("arguments") {
        None => BTreeMap::new(),
        Some(item) => {
            let Some(arguments) = item.as_table() else {
                builder.out.push(codes::wrong_shape(
                    item.span,
                    "`arguments`",
                    "a table",
                    item.type_name(),
                    "arguments = { user = \"ann\" }",
                ));
                return None;
            };
            arguments.entries.clone()
        }
    };
    let spanned = |text: &str| Spanned::new(text.to_owned(), call.span);
    Some(ParsedCall { callee: spanned(callee), method: spanned(method), arguments })
}
