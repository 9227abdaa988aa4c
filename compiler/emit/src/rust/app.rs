//! `lib.rs` and `main.rs`: which plugins, interfaces and implementations the binary holds.

use std::collections::BTreeMap;

use bp_plan::Plan;

use super::GENERATED;
use super::cargo::{app_library, plugin_library};
use super::names::{name_implementation_functions, string_literal};
use crate::pretty::Printer;

/// Lints about names that the workflow chose; rustc already reports them in the workflow.
const ALLOWED_LINTS: &str =
    "#![allow(confusable_idents, deprecated, mixed_script_confusables, uncommon_codepoints)]";

pub(super) fn emit_lib(plan: &Plan, modules: &BTreeMap<&str, String>) -> String {
    let mut p = Printer::new();
    p.line(format!("//! The application `{}`: names and wiring only.", plan.app.name));
    p.line(ALLOWED_LINTS);
    p.line("pub mod instances;");
    p.line("pub mod interfaces;");
    p.line("/// Every plugin, interface and implementation that a wiring may ask for.");
    p.open("pub fn app() -> ::bp_std::rt::App {");
    let mut calls: Vec<(&str, Vec<String>)> = Vec::new();
    for (id, plugin) in &plan.plugins {
        let Some(runtime) = &plugin.runtime else { continue };
        let made = format!("::{}::plugin()", plugin_library(runtime));
        calls.push((&plugin.kind, vec![string_literal(id), made]));
    }
    for module in modules.values() {
        calls.push(("interface", vec![format!("interfaces::{module}::interface()")]));
    }
    for (key, function) in name_implementation_functions(plan) {
        let function = format!("instances::{function}");
        calls.push(("implementation", vec![string_literal(key), function]));
    }
    let mutable = if calls.is_empty() { "" } else { "mut " };
    p.text(format!("let {mutable}app")).equals();
    p.line("::bp_std::rt::App::new(include_str!(\"../plan.json\"));");
    // One statement for each, so that no method chain grows with the application.
    for (method, arguments) in &calls {
        emit_call(&mut p, method, arguments);
    }
    p.line("app");
    p.close("}");
    format!("{GENERATED}{}", p.finish())
}

/// `app = app.method(argument, …);`
fn emit_call(p: &mut Printer, method: &str, arguments: &[String]) {
    p.text("app = ").begin(4).text("app").soft_break(0, "", 0).text(format!(".{method}"));
    p.list("(", ")", false, arguments, |p, argument| {
        p.text(argument.as_str());
    });
    p.end().line(";");
}

pub(super) fn emit_main(plan: &Plan) -> String {
    let mut p = Printer::new();
    p.open("fn main() -> ::std::process::ExitCode {");
    p.line(format!("::{}::app().main()", app_library(plan)));
    p.close("}");
    format!("{GENERATED}{}", p.finish())
}
