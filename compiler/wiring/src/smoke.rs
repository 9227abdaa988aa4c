//! Reads `[smoke]`.

use bp_diag::Spanned;
use bp_diag::catalog::wiring as codes;

use crate::build::{Builder, NO_KEYS};
use crate::call::{CallKind, ParsedCall, read_call};
use crate::{Item, SmokeCall, Table, Value, WiringModel};

/// The keys of a smoke call.
pub const SMOKE_KEYS: &[&str] = &["arguments", "call", "expect", "expect_error"];

/// Reads `[smoke]`.
pub(crate) fn read(builder: &mut Builder<'_>, model: &WiringModel) -> Vec<SmokeCall> {
    let Some((table, _)) = builder.merge_section("smoke", &NO_KEYS) else { return Vec::new() };
    let mut calls = Vec::new();
    for (name, item) in &table.entries {
        // Removed by a later file.
        if matches!(item.value, Value::Boolean(false))
            || !builder.check_name("a smoke call", name, item.key)
        {
            continue;
        }
        let Some(table) = item.as_table() else {
            let example = format!("{name} = {{ call = \"service.method\" }}");
            builder.out.push(codes::wrong_shape(
                item.span,
                &format!("smoke call `{name}`"),
                "a table",
                item.type_name(),
                &example,
            ));
            continue;
        };
        builder.out.extend(table.unknown_keys("a smoke call", SMOKE_KEYS));
        if let Some(call) = read_smoke_call(builder, model, name, item, table) {
            calls.push(call);
        }
    }
    calls.sort_by_key(|c| (model.layer(c.name.span), c.name.span.start));
    calls
}

fn read_smoke_call(
    builder: &mut Builder<'_>,
    model: &WiringModel,
    name: &str,
    item: &Item,
    table: &Table,
) -> Option<SmokeCall> {
    let kind =
        CallKind { what: "smoke call", example: "frontend.list", bad: codes::bad_smoke_call };
    let ParsedCall { callee, method, arguments } =
        read_call(builder, model, &kind, name, item, table)?;
    let expect = table.get("expect").cloned();
    let expect_error = match table.get("expect_error") {
        None => None,
        Some(item) => Some(Spanned::new(
            builder.read_string(item, "`expect_error`", "expect_error = \"not_found\"")?,
            item.span,
        )),
    };
    if let (Some(answer), Some(error)) = (&expect, &expect_error) {
        builder.out.push(
            codes::bad_smoke_call(
                error.span,
                name,
                "a call is answered or fails, not both",
                "keep one of `expect` and `expect_error`",
            )
            .at(answer.key, "and an answer is expected here"),
        );
    }
    Some(SmokeCall {
        name: Spanned::new(name.to_owned(), item.key),
        callee,
        method,
        arguments,
        expect,
        expect_error,
    })
}
