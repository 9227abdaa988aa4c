//! `app/tests/<file>.rs`: the application's own tests, with the app that they run against.

use bp_plan::Plan;

use super::names::string_literal;
use super::{RustInput, packages};
use crate::generated::GENERATED;
use crate::pretty::Printer;

pub(super) fn emit(plan: &Plan, input: &RustInput, test: &str) -> String {
    let mut p = Printer::new();
    p.line(format!("//! Runs `tests/{test}.rs` of the application."));
    // From `app/tests`, one folder further down than `app`.
    let path = format!("../{}/tests/{test}.rs", input.to_root);
    p.line(format!("#[path = {}]", string_literal(&path)));
    p.line("mod tests;");
    p.line("/// The app under test.");
    p.open("fn bp_app() -> ::bp_std::rt::App {");
    p.line(format!("::{}::app()", packages::app_library(plan)));
    p.close("}");
    format!("{GENERATED}{}", p.finish())
}
