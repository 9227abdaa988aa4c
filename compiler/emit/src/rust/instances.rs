//! `instances.rs`: how each implementation is built from what the plan gives it.

use bp_plan::{ConstructorParameter, ImplementationPlan, ParameterKind, Plan};

use super::GENERATED;
use super::names::{ident, implementation_functions, literal, rust_path};
use crate::pretty::Printer;

/// Names that the body of a build function uses itself.
const TAKEN: &[&str] = &["b", "made", "task"];

pub(super) fn emit(plan: &Plan) -> String {
    let mut p = Printer::new();
    p.line("//! How each implementation is built.");
    p.line("use bp_std::rt::*;");
    let functions = implementation_functions(plan);
    for (key, function) in functions {
        if let Some(implementation) = plan.implementations.get(key) {
            build(&mut p, plan, &ident(&function), implementation);
        }
    }
    format!("{GENERATED}{}", p.finish())
}

fn variable(name: &str) -> String {
    let name = name.trim_start_matches("r#");
    if TAKEN.contains(&name) || ident(name) != name { format!("{name}_") } else { name.to_owned() }
}

fn build(p: &mut Printer, plan: &Plan, function: &str, implementation: &ImplementationPlan) {
    let path = rust_path(&implementation.rust);
    let interface = plan.interfaces.get(&implementation.interface);
    let interface = interface.map_or(&implementation.interface, |i| &i.rust);
    p.line(format!("/// Builds a `{}`.", implementation.path));
    let used = implementation.fallible || !implementation.parameters.is_empty();
    let builder = if used { "b: Builder" } else { "_: Builder" };
    p.list(&format!("pub fn {function}("), ")", false, [builder], |p, text| {
        p.text(text);
    });
    p.text(" -> ").ty("BoxFuture<'static, Result<Built, StartError>>").open(" {");
    p.open("Box::pin(async move {");
    for parameter in &implementation.parameters {
        fetch(p, parameter);
    }
    p.text("let made").equals();
    let names = || implementation.parameters.iter().map(|c| variable(&c.name));
    let each = |p: &mut Printer, name: String| {
        p.text(name);
    };
    if implementation.is_async {
        p.awaited(&[], &format!("{path}::new"), names(), each);
    } else {
        p.call(&format!("{path}::new"), names(), each);
    }
    p.line(";");
    if implementation.fallible {
        p.line("let made = b.constructed(made)?;");
    }
    let any = format!("Arc<dyn {}>", rust_path(interface));
    if implementation.task.is_some() {
        p.line("let task = Arc::new(made);");
        p.text("let made: ").ty(&any).equals();
        p.begin(4).text("task").brk(0, "", 0).text(".clone()").end().line(";");
    } else {
        p.text("let made: ").ty(&any).equals().call("Arc::new", ["made"], |p, text| {
            p.text(text);
        });
        p.line(";");
    }
    p.line(if implementation.task.is_some() {
        "Ok(Built::new(made).background(async move { task.run().await }))"
    } else {
        "Ok(Built::new(made))"
    });
    p.close("})").close("}");
}

/// `let db: Arc<dyn bp_backend::DocumentStore> = b.service("db")?;`
fn fetch(p: &mut Printer, parameter: &ConstructorParameter) {
    let (ty, method) = match &parameter.kind {
        ParameterKind::Instance(path) => (format!("Arc<dyn {}>", rust_path(path)), "service"),
        ParameterKind::Instances(path) => (format!("Vec<Arc<dyn {}>>", rust_path(path)), "list"),
        ParameterKind::OptionalInstance(path) => {
            (format!("Option<Arc<dyn {}>>", rust_path(path)), "optional")
        }
        ParameterKind::Value(rust) => (rust.clone(), "value"),
        ParameterKind::OptionalValue(rust) => (format!("Option<{rust}>"), "optional_value"),
    };
    p.text(format!("let {}: ", variable(&parameter.name))).ty(&ty).equals();
    // As prettyplease lays out `b.method(…)?`: one box around the chain, and one around the call's arguments.
    p.begin(4).text("b").brk(0, "", 0).text(format!(".{method}"));
    p.list("(", ")", false, [literal(&parameter.name)], |p, text| {
        p.text(text);
    });
    p.text("?").end().line(";");
}
