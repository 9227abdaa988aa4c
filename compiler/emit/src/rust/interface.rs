//! One file for each interface: its description, its client half and its server half.

use std::collections::BTreeMap;

use bp_plan::{InterfacePlan, MethodPlan};

use super::crates::CrateNames;
use super::names::{escape_ident, string_literal};
use crate::generated::GENERATED;
use crate::pretty::Printer;

/// The runtime, under the only name that a file imports.
const RUNTIME: &str = "use ::bp_std::rt;";

/// `interfaces/cart.rs`.
///
/// Its items have the same names for every interface, arguments are named by position, and methods are called through their trait, so no name of the workflow can clash.
pub(super) fn emit(interface: &InterfacePlan, crates: &CrateNames<'_>) -> String {
    if interface.methods.iter().any(|m| m.direct) {
        return emit_direct(interface);
    }
    let mut p = Printer::new();
    let path = crates.qualify_path(&interface.rust);
    p.line(format!("//! Client and server halves of `{}`.", interface.path));
    p.line(RUNTIME);
    emit_static(&mut p, interface);
    p.line("/// Calls through an edge's chain.");
    p.line("pub struct Client(pub rt::Client);");
    p.line("#[rt::service]");
    open_impl(&mut p, &path, "Client");
    for method in &interface.methods {
        emit_client_method(&mut p, method, crates);
    }
    p.close("}");
    p.line("/// Answers calls.");
    p.list("pub struct Server(", ")", false, [&path], |p, path| {
        p.text("pub ").ty(&format!("rt::Arc<dyn {path}>"));
    });
    p.line(";");
    open_impl(&mut p, "rt::Dispatch", "Server");
    p.list("fn dispatch(", ")", false, ["&self", "call: rt::Call"], |p, parameter| {
        p.text(parameter);
    });
    p.text(" -> rt::Dispatched<'_>").open(" {");
    p.open("Box::pin(async move {");
    p.open("match call.method.index {");
    for method in &interface.methods {
        emit_arm(&mut p, &path, method);
    }
    p.line("_ => Err(rt::Infra::unknown_method(&call)),");
    p.close("}").close("})").close("}").close("}");
    p.line("/// How the app makes both halves.");
    p.open("pub fn interface() -> rt::InterfaceGlue {");
    p.text(if interface.methods.is_empty() { "let glue" } else { "let mut glue" }).equals();
    p.text("rt::InterfaceGlue::new").ty(&format!("::<dyn {path}>"));
    p.list("(", ")", false, ["", "client", "service"], |p, argument| {
        let half = if argument == "client" { "Client" } else { "Server" };
        if argument.is_empty() {
            p.text("&INTERFACE");
        } else {
            p.text(format!("|{argument}| ")).no_break();
            p.call("rt::Arc::new", [argument], |p, argument| {
                p.call(half, [argument], |p, argument| {
                    p.text(argument);
                });
            });
        }
    });
    p.line(";");
    for method in &interface.methods {
        emit_glue(&mut p, method, crates);
    }
    p.line("glue").close("}");
    format!("{GENERATED}{}", p.finish())
}

/// The file of an interface with a direct method: nothing calls it through a chain, so it has neither a client nor a server half.
///
/// The compiler rejects wirings that would put something between caller and callee.
fn emit_direct(interface: &InterfacePlan) -> String {
    let mut p = Printer::new();
    p.line(format!("//! `{}`, whose callers hold the callee itself.", interface.path));
    p.line(RUNTIME);
    emit_static(&mut p, interface);
    p.line("/// How the app tells it from others.");
    p.open("pub fn interface() -> rt::InterfaceGlue {");
    p.line("rt::InterfaceGlue::direct(&INTERFACE)").close("}");
    format!("{GENERATED}{}", p.finish())
}

/// `impl path for name {`, which breaks before `for` and without indentation.
fn open_impl(p: &mut Printer, path: &str, name: &str) {
    p.begin(0)
        .text("impl ")
        .ty(path)
        .soft_break(1, "", 0)
        .text(format!("for {name}"))
        .end()
        .open(" {");
}

/// `interfaces/mod.rs`.
pub(super) fn emit_index(modules: &BTreeMap<&str, String>) -> String {
    let mut p = Printer::new();
    p.line("//! The interfaces of the services in use, a module each.");
    for module in modules.values() {
        p.line(format!("pub mod {module};"));
    }
    format!("{GENERATED}{}", p.finish())
}

/// `pub static INTERFACE`.
fn emit_static(p: &mut Printer, interface: &InterfacePlan) {
    p.line("/// What transports and wrappers see.");
    p.text("pub static INTERFACE: rt::Interface").equals().text("rt::Interface::new(");
    p.begin(4).soft_break(0, "", 0);
    p.text(string_literal(&interface.path)).text(",").soft_break(1, "", 0);
    p.text(string_literal(&interface.wire_name)).text(",").soft_break(1, "", 0).text("&");
    p.list("[", "]", false, &interface.methods, |p, method| {
        let made = !method.idempotent && method.remote;
        if !made {
            p.begin(4);
        }
        p.text("rt::Method::new(").begin(4).soft_break(0, "", 0);
        p.text(method.index.to_string()).text(",").soft_break(1, "", 0);
        p.text(string_literal(&method.name)).text(",").soft_break(1, "", 0).text("&");
        // prettyplease fills an array of literals, so a long one takes a line of its own either way.
        p.list("[", "]", false, &method.arguments, |p, argument| {
            p.text(string_literal(&argument.name));
        });
        p.soft_break(0, ",", -4).end().text(")");
        if method.idempotent {
            p.soft_break(0, "", 0).text(".idempotent()");
        }
        if !method.remote {
            p.soft_break(0, "", 0).text(".local()");
        }
        if !made {
            p.end();
        }
    });
    p.soft_break(0, ",", -4).end().line(");");
}

/// The name of the argument at a position; the workflow's own name could mean an item, or cause a lint.
fn argument_name(index: usize) -> String {
    format!("a{index}")
}

/// `async fn list(&self, a0: String) -> Result<…> { self.0.call(0, (a0,)).await }`.
fn emit_client_method(p: &mut Printer, method: &MethodPlan, crates: &CrateNames<'_>) {
    let mut inputs = vec![(String::from("&self"), String::new())];
    let typed = method.arguments.iter().enumerate();
    inputs.extend(
        typed.map(|(i, a)| (format!("{}: ", argument_name(i)), crates.qualify_type(&a.rust))),
    );
    p.list(
        &format!("async fn {}(", escape_ident(&method.name)),
        ")",
        false,
        inputs,
        |p, (name, ty)| {
            p.text(name).ty(&ty);
        },
    );
    p.text(" -> ").ty(&crates.qualify_type(&method.returns_rust)).open(" {");
    let call = if method.remote { ".call" } else { ".call_local" };
    p.awaited(&["self.0"], call, [true, false], |p, first| {
        if first {
            p.text(method.index.to_string());
        } else {
            emit_tuple(p, method);
        }
    });
    p.newline().close("}");
}

/// `(a0, a1)`, `(a0,)` or `()`.
fn emit_tuple(p: &mut Printer, method: &MethodPlan) {
    match method.arguments.len() {
        1 => {
            p.text("(").begin(4).soft_break(0, "", 0);
            p.text(format!("{},", argument_name(0))).soft_break(0, "", -4).end().text(")");
        }
        count => {
            p.list("(", ")", false, 0..count, |p, index| {
                p.text(argument_name(index));
            });
        }
    }
}

/// `0 => { let (a0,) = call.take()?; rt::Reply::of(::leaf::Cart::list(&*self.0, a0).await) }`.
fn emit_arm(p: &mut Printer, path: &str, method: &MethodPlan) {
    let (take, reply) = if method.remote {
        (".take()?", "rt::Reply::of")
    } else {
        (".take_local()?", "rt::Reply::local")
    };
    p.open(format!("{} => {{", method.index));
    p.text("let ");
    emit_tuple(p, method);
    p.equals().begin(4).text("call").soft_break(0, "", 0).text(take).end().line(";");
    p.call(reply, [method], |p, method| {
        let callee = std::iter::once(String::from("&*self.0"));
        let arguments = callee.chain((0..method.arguments.len()).map(argument_name));
        p.awaited(&[], &format!("{path}::{}", escape_ident(&method.name)), arguments, |p, a| {
            p.text(a);
        });
    });
    p.newline().close("}");
}

/// `glue = glue.method::<(String,), Vec<::leaf_workflow::Item>, ::leaf_workflow::CartError>();`
fn emit_glue(p: &mut Printer, method: &MethodPlan, crates: &CrateNames<'_>) {
    let results =
        result_types(&method.returns_rust).filter(|_| method.remote && method.error.is_some());
    p.text("glue = ").begin(4).text("glue").soft_break(0, "", 0);
    if let Some((value, error)) = results {
        let arguments: Vec<&str> = method.arguments.iter().map(|a| &*a.rust).collect();
        let comma = if arguments.len() == 1 { "," } else { "" };
        let types = format!("::<({}{comma}), {value}, {error}>", arguments.join(", "));
        p.text(".method").ty(&crates.qualify_type(&types));
        p.text("()");
    } else {
        p.text(".local_method()");
    }
    p.end().line(";");
}

/// `T` and `E` of `Result<T, E>`.
fn result_types(result: &str) -> Option<(&str, &str)> {
    let (_, inside) = result.split_once('<')?;
    let inside = inside.trim_end().strip_suffix('>')?;
    let mut depth = 0_i32;
    let comma = inside.char_indices().find_map(|(at, c)| {
        depth += match c {
            '<' | '(' | '[' => 1,
            '>' | ')' | ']' => -1,
            _ => 0,
        };
        (c == ',' && depth == 0).then_some(at)
    })?;
    let (value, error) = inside.split_at(comma);
    let error = error.trim_start_matches(',').trim().trim_end_matches(',');
    Some((value.trim(), error))
}
