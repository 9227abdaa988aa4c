//! `instances.rs`: how each implementation is built from what the plan gives it.

use bp_plan::{ConstructorParameter, ImplementationPlan, ParameterKind, Plan};

use super::crates::CrateNames;
use super::names::{name_implementation_functions, string_literal};
use crate::generated::GENERATED;
use crate::pretty::Printer;

pub(super) fn emit(plan: &Plan, crates: &CrateNames<'_>) -> String {
    let mut p = Printer::new();
    p.line("//! How each implementation is built.");
    let functions = name_implementation_functions(plan);
    if !functions.is_empty() {
        p.line("use ::bp_std::rt;");
    }
    for (key, function) in functions {
        if let Some(implementation) = plan.implementations.get(key) {
            emit_builder(&mut p, plan, crates, &function, implementation);
        }
    }
    format!("{GENERATED}{}", p.finish())
}

fn emit_builder(
    p: &mut Printer,
    plan: &Plan,
    crates: &CrateNames<'_>,
    function: &str,
    implementation: &ImplementationPlan,
) {
    let path = crates.qualify_path(&implementation.rust);
    let interface = plan.interfaces.get(&implementation.interface);
    let interface = interface.map_or(&implementation.interface, |i| &i.rust);
    p.line(format!("/// Builds a `{}`.", implementation.path));
    let used = implementation.fallible || !implementation.parameters.is_empty();
    let builder = if used { "b: rt::Builder" } else { "_: rt::Builder" };
    p.list(&format!("pub fn {function}("), ")", false, [builder], |p, text| {
        p.text(text);
    });
    p.open(" -> rt::Building {");
    p.open("Box::pin(async move {");
    p.text("let made").equals();
    let new = format!("{path}::new");
    if implementation.is_async {
        p.awaited(&[], &new, &implementation.parameters, emit_fetch);
    } else {
        p.call(&new, &implementation.parameters, emit_fetch);
    }
    p.line(";");
    if implementation.fallible {
        p.line("let made = b.constructed(made)?;");
    }
    let any = format!("rt::Arc<dyn {}>", crates.qualify_path(interface));
    if implementation.task.is_some() {
        p.line("let task = rt::Arc::new(made);");
        p.text("let made: ").ty(&any).equals();
        p.begin(4).text("task").soft_break(0, "", 0).text(".clone()").end().line(";");
        p.text("let run").equals().text("async move {").begin(4).soft_break(1, "", 0);
        p.awaited(&[], &format!("{path}::run"), ["&task"], |p, text| {
            p.text(text);
        });
        p.soft_break(1, "", -4).end().line("};");
        p.line("Ok(rt::Built::new(made).background(run))");
    } else {
        p.text("let made: ").ty(&any).equals().call("rt::Arc::new", ["made"], |p, text| {
            p.text(text);
        });
        p.line(";");
        p.line("Ok(rt::Built::new(made))");
    }
    p.close("})").close("}");
}

/// `b.service("db")?`; its type follows from the constructor's parameter.
fn emit_fetch(p: &mut Printer, parameter: &ConstructorParameter) {
    let method = match &parameter.kind {
        ParameterKind::Instance(_) => "service",
        ParameterKind::Instances(_) => "list",
        ParameterKind::OptionalInstance(_) => "optional",
        ParameterKind::Value(_) => "value",
        ParameterKind::OptionalValue(_) => "optional_value",
        ParameterKind::Data(_) => "data",
    };
    // As prettyplease lays out `b.method(…)?`: one box around the chain, and one around the call's arguments.
    p.begin(4).text("b").soft_break(0, "", 0).text(format!(".{method}"));
    p.list("(", ")", false, [string_literal(&parameter.name)], |p, text| {
        p.text(text);
    });
    p.text("?").end();
}
