//! `lib.rs` and `main.rs`: which plugins, interfaces and implementations the binary holds.

use std::collections::BTreeMap;

use bp_plan::Plan;

use super::crates::CrateNames;
use super::names::{name_implementation_functions, string_literal};
use super::packages::app_library;
use crate::generated::GENERATED;
use crate::pretty::Printer;

/// Lints about names that the workflow chose; rustc already reports them in the workflow.
const ALLOWED_LINTS: &str =
    "#![allow(confusable_idents, deprecated, mixed_script_confusables, uncommon_codepoints)]";

pub(super) fn emit_lib(
    plan: &Plan,
    modules: &BTreeMap<&str, String>,
    crates: &CrateNames<'_>,
) -> String {
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
        let made = format!("::{}::plugin()", crates.name_of_runtime(plan, runtime));
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

#[cfg(test)]
mod tests {
    use crate::rust::{RustInput, emit_rust};
    use crate::testing::small_plan;

    #[test]
    fn every_plugin_with_a_runtime_half_is_registered_as_what_it_is() {
        let mut plan = small_plan();
        let (_, wrapper) = plan.plugins.pop_first().expect("a wrapper");
        for (id, kind) in [("pause", "wrapper"), ("probe", "table"), ("quota", "table")] {
            let mut plugin = wrapper.clone();
            kind.clone_into(&mut plugin.kind);
            plugin.runtime = (id != "quota").then(|| bp_plan::RuntimeCrate {
                package: format!("bp-rt-{id}"),
                folder: format!("plugins/{id}/runtime"),
            });
            plan.plugins.insert(id.to_owned(), plugin);
        }
        let (artifacts, faults) = emit_rust(&plan, "{}", &RustInput::default());
        assert!(faults.is_empty(), "{faults:?}");
        let text = |path: &str| {
            let found = artifacts.iter().find(|(found, _)| found.as_str() == path);
            String::from_utf8(found.expect("a file").1.bytes.clone()).expect("UTF-8")
        };
        let (library, manifest) = (text("rust/app/src/lib.rs"), text("rust/app/Cargo.toml"));
        for (id, method) in [("pause", "wrapper"), ("probe", "table")] {
            let line = format!("app = app.{method}(\"{id}\", ::bp_rt_{id}::plugin());");
            assert!(library.contains(&line), "{library}");
            assert!(manifest.contains(&format!("\nbp-rt-{id} = {{ ")), "{manifest}");
        }
        // What only the compiler reads has nothing to link.
        assert!(!library.contains("quota") && !manifest.contains("quota"), "{library}{manifest}");
    }
}
