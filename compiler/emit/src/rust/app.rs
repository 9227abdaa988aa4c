//! `lib.rs` and `main.rs`: which plugins, interfaces and implementations the binary holds.

use std::collections::BTreeMap;

use bp_plan::Plan;

use super::names::{ident, implementation_functions, literal};
use super::{GENERATED, app_package};
use crate::pretty::Printer;

/// The crate's name in Rust.
pub(super) fn library(plan: &Plan) -> String {
    app_package(plan).replace('-', "_")
}

pub(super) fn emit_lib(plan: &Plan, modules: &BTreeMap<&str, String>) -> String {
    let mut p = Printer::new();
    p.line(format!("//! The application `{}`: names and wiring only.", plan.app.name));
    p.line("pub mod instances;");
    p.line("pub mod interfaces;");
    p.line("/// Every plugin, interface and implementation that a wiring may ask for.");
    p.open("pub fn app() -> bp_std::rt::App {");
    let mut calls: Vec<(&str, Vec<String>)> = Vec::new();
    for plugin in plan.plugins.values() {
        let Some(runtime) = &plugin.runtime else { continue };
        calls.push((&plugin.kind, vec![runtime.constructor.clone()]));
    }
    for module in modules.values() {
        calls.push(("interface", vec![format!("interfaces::{}::interface()", ident(module))]));
    }
    for (key, function) in implementation_functions(plan) {
        let function = format!("instances::{}", ident(&function));
        calls.push(("implementation", vec![literal(key), function]));
    }
    p.line("let mut app = bp_std::rt::App::new(include_str!(\"../plan.json\"));");
    // A statement each, so that no chain grows with the application.
    for (method, arguments) in &calls {
        call(&mut p, method, arguments);
    }
    p.line("app");
    p.close("}");
    format!("{GENERATED}{}", p.finish())
}

/// `app = app.method(argument, …);`
fn call(p: &mut Printer, method: &str, arguments: &[String]) {
    p.text("app = ").begin(4).text("app").brk(0, "", 0).text(format!(".{method}"));
    p.list("(", ")", false, arguments, |p, argument| {
        p.text(argument.as_str());
    });
    p.end().line(";");
}

pub(super) fn emit_main(plan: &Plan) -> String {
    let mut p = Printer::new();
    p.open("fn main() -> std::process::ExitCode {");
    p.line(format!("{}::app().main()", library(plan)));
    p.close("}");
    format!("{GENERATED}{}", p.finish())
}
