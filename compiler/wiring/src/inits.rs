//! `[init]`: calls that are made once, before traffic.

use std::collections::BTreeMap;

use bp_contract::{EXPECTED_CALL, fold_name, parse_call};
use bp_diag::Spanned;
use bp_diag::catalog::wiring as codes;

use crate::builder::{Builder, NO_KEYS};
use crate::{InitModel, Item, Table, Value, WiringModel};

/// The keys of an init.
pub const INIT_KEYS: &[&str] = &["arguments", "call"];

/// Reads `[init]`.
pub(crate) fn read(builder: &mut Builder<'_>, model: &WiringModel) -> BTreeMap<String, InitModel> {
    let Some((table, _)) = builder.merge_section("init", &NO_KEYS) else { return BTreeMap::new() };
    let mut inits: BTreeMap<String, InitModel> = BTreeMap::new();
    for (name, item) in &table.entries {
        // Removed by a later file.
        if matches!(item.value, Value::Boolean(false))
            || !builder.check_name("an init", name, item.key)
        {
            continue;
        }
        let Some(table) = item.as_table() else {
            let example = format!("{name} = {{ call = \"service.method\" }}");
            let what = format!("init `{name}`");
            builder.out.push(codes::wrong_shape(
                item.span,
                &what,
                "a table",
                item.type_name(),
                &example,
            ));
            continue;
        };
        builder.out.extend(table.unknown_keys("an init", INIT_KEYS));
        let Some(ParsedCall { callee, method, arguments }) =
            read_call(builder, model, name, item, table)
        else {
            continue;
        };
        let taken = [
            model.backend(name).map(|i| ("a backend", i.span)),
            // As a process, it may be named after its only service.
            model
                .service(name)
                .filter(|_| fold_name(name) != fold_name(&callee.value))
                .map(|i| ("a service", i.span)),
        ];
        for (what, span) in taken.into_iter().flatten() {
            builder.out.push(codes::name_taken(item.key, "an init", name, what, span));
        }
        let rival =
            inits.values().find(|other| fold_name(&other.callee.value) == fold_name(&callee.value));
        if let Some(other) = rival {
            let what = format!("init `{}` calls it", other.name.value);
            builder.out.push(codes::init_shared(
                callee.span,
                name,
                &callee.value,
                &what,
                Some(other.callee.span),
            ));
            continue;
        }
        let name = Spanned::new(name.clone(), item.key);
        inits.insert(name.value.clone(), InitModel { name, callee, method, arguments });
    }
    inits
}

/// `call` and `arguments` of a table.
struct ParsedCall {
    callee: Spanned<String>,
    method: Spanned<String>,
    arguments: BTreeMap<String, Item>,
}

/// Reads `call` and `arguments`.
fn read_call(
    builder: &mut Builder<'_>,
    model: &WiringModel,
    name: &str,
    item: &Item,
    table: &Table,
) -> Option<ParsedCall> {
    let example = "call = \"seed.fill\"";
    let Some(call) = table.get("call") else {
        if !builder.broken {
            let place = format!("init `{name}`");
            builder.out.push(codes::missing_key(item.key, "call", &place, example));
        }
        return None;
    };
    let text = builder.read_string(call, "`call`", example)?;
    let Some((callee, method)) = parse_call(&text) else {
        builder.out.push(codes::bad_init(call.span, name, EXPECTED_CALL, example));
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
