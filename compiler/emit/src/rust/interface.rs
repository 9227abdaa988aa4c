//! One file an interface: its description, its client half and its server half.

use std::collections::BTreeMap;

use bp_plan::{InterfacePlan, MethodPlan};

use super::GENERATED;
use super::names::{ident, literal, rust_path};
use crate::pretty::Printer;

/// `interfaces/cart.rs`.
pub(super) fn emit(interface: &InterfacePlan) -> String {
    if interface.methods.iter().any(|m| m.direct) {
        return emit_direct(interface);
    }
    let mut p = Printer::new();
    let name = &interface.name;
    let path = rust_path(&interface.rust);
    p.line(format!("//! Client and server halves of `{}`.", interface.path));
    p.line("use bp_std::rt::*;");
    statics(&mut p, interface);
    p.line(format!("/// Calls a `{name}` through an edge's chain."));
    p.list(&format!("pub struct {name}Client("), ")", false, ["pub Client"], |p, field| {
        p.text(field);
    });
    p.line(";");
    p.line("#[bp_std::service]");
    implementation(&mut p, &path, &format!("{name}Client"));
    for method in &interface.methods {
        client_method(&mut p, method);
    }
    p.close("}");
    p.line(format!("/// Answers calls on a `{name}`."));
    p.list(&format!("pub struct {name}Server("), ")", false, [&path], |p, path| {
        p.text("pub ").ty(&format!("Arc<dyn {path}>"));
    });
    p.line(";");
    implementation(&mut p, "Dispatch", &format!("{name}Server"));
    p.open("fn dispatch(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {");
    p.open("Box::pin(async move {");
    p.open("match call.method.index {");
    for method in &interface.methods {
        arm(&mut p, method);
    }
    p.line("_ => Err(Infra::unknown_method(&call)),");
    p.close("}").close("})").close("}").close("}");
    p.line("/// How the app makes both halves.");
    p.open("pub fn interface() -> InterfaceGlue {");
    p.text("let mut glue").equals().text("InterfaceGlue::new").ty(&format!("::<dyn {path}>"));
    p.list("(", ")", false, ["", "client", "service"], |p, argument| {
        let half = if argument == "client" { "Client" } else { "Server" };
        if argument.is_empty() {
            p.text("&INTERFACE");
        } else {
            p.text(format!("|{argument}| ")).never();
            p.call("Arc::new", [argument], |p, argument| {
                p.call(&format!("{name}{half}"), [argument], |p, argument| {
                    p.text(argument);
                });
            });
        }
    });
    p.line(";");
    for method in &interface.methods {
        glue(&mut p, method);
    }
    p.line("glue").close("}");
    format!("{GENERATED}{}", p.finish())
}

/// The file of an interface with a method that only the callee itself can answer: nothing calls through a chain, so there is neither half.
///
/// The compiler rejects wirings that would put anything between.
fn emit_direct(interface: &InterfacePlan) -> String {
    let mut p = Printer::new();
    p.line(format!("//! `{}`, whose callers hold the callee itself.", interface.path));
    p.line("use bp_std::rt::*;");
    statics(&mut p, interface);
    p.line("/// How the app tells it from others.");
    p.open("pub fn interface() -> InterfaceGlue {");
    p.line("InterfaceGlue::direct(&INTERFACE)").close("}");
    format!("{GENERATED}{}", p.finish())
}

/// `impl path for name {`, which breaks before `for` and without indentation.
fn implementation(p: &mut Printer, path: &str, name: &str) {
    p.begin(0).text("impl ").ty(path).brk(1, "", 0).text(format!("for {name}")).end().open(" {");
}

/// `interfaces/mod.rs`.
pub(super) fn emit_index(modules: &BTreeMap<&str, String>) -> String {
    let mut p = Printer::new();
    p.line("//! The interfaces of the services in use, a module each.");
    for module in modules.values() {
        p.line(format!("pub mod {};", ident(module)));
    }
    format!("{GENERATED}{}", p.finish())
}

/// `pub static INTERFACE`.
fn statics(p: &mut Printer, interface: &InterfacePlan) {
    p.line(format!("/// `{}` as transports and wrappers see it.", interface.path));
    p.text("pub static INTERFACE: Interface").equals().text("Interface::new(");
    p.begin(4).brk(0, "", 0);
    p.text(literal(&interface.path)).text(",").brk(1, "", 0);
    p.text(literal(&interface.wire_name)).text(",").brk(1, "", 0).text("&");
    p.list("[", "]", false, &interface.methods, |p, method| {
        let made = !method.idempotent && method.remote;
        if !made {
            p.begin(4);
        }
        p.text("Method::new(").begin(4).brk(0, "", 0);
        p.text(method.index.to_string()).text(",").brk(1, "", 0);
        p.text(literal(&method.name)).text(",").brk(1, "", 0).text("&");
        // prettyplease fills an array of literals, so a long one takes a line of its own either way.
        p.list("[", "]", false, &method.arguments, |p, argument| {
            p.text(literal(&argument.name));
        });
        p.brk(0, ",", -4).end().text(")");
        if method.idempotent {
            p.brk(0, "", 0).text(".idempotent()");
        }
        if !method.remote {
            p.brk(0, "", 0).text(".local()");
        }
        if !made {
            p.end();
        }
    });
    p.brk(0, ",", -4).end().line(");");
}

/// `async fn list(&self, user: String) -> Result<…> { self.0.call(0, (user,)).await }`.
fn client_method(p: &mut Printer, method: &MethodPlan) {
    let mut inputs = vec![(String::from("&self"), "")];
    inputs.extend(method.arguments.iter().map(|a| (format!("{}: ", ident(&a.name)), &*a.rust)));
    p.list(&format!("async fn {}(", ident(&method.name)), ")", false, inputs, |p, (name, ty)| {
        p.text(name).ty(ty);
    });
    p.text(" -> ").ty(&method.returns_rust).open(" {");
    let call = if method.remote { ".call" } else { ".call_local" };
    p.awaited(&["self.0"], call, [true, false], |p, first| {
        if first {
            p.text(method.index.to_string());
        } else {
            tuple(p, method);
        }
    });
    p.newline().close("}");
}

/// `(user, item)`, `(user,)` or `()`.
fn tuple(p: &mut Printer, method: &MethodPlan) {
    match method.arguments.as_slice() {
        [only] => {
            p.text("(").begin(4).brk(0, "", 0);
            p.text(format!("{},", ident(&only.name))).brk(0, "", -4).end().text(")");
        }
        all => {
            p.list("(", ")", false, all, |p, argument| {
                p.text(ident(&argument.name));
            });
        }
    }
}

/// `0 => { let (user,) = call.take()?; Reply::of(self.0.list(user).await) }`.
fn arm(p: &mut Printer, method: &MethodPlan) {
    let (take, reply) =
        if method.remote { (".take()?", "Reply::of") } else { (".take_local()?", "Reply::local") };
    p.open(format!("{} => {{", method.index));
    p.text("let ");
    tuple(p, method);
    p.equals().begin(4).text("call").brk(0, "", 0).text(take).end().line(";");
    p.call(reply, [method], |p, method| {
        p.awaited(
            &["self", ".0"],
            &format!(".{}", ident(&method.name)),
            &method.arguments,
            |p, a| {
                p.text(ident(&a.name));
            },
        );
    });
    p.newline().close("}");
}

/// `glue = glue.method::<(String,), Vec<leaf_workflow::Item>, leaf_workflow::CartError>();`
fn glue(p: &mut Printer, method: &MethodPlan) {
    let results =
        result_types(&method.returns_rust).filter(|_| method.remote && method.error.is_some());
    p.text("glue = ").begin(4).text("glue").brk(0, "", 0);
    if let Some((value, error)) = results {
        let arguments: Vec<&str> = method.arguments.iter().map(|a| &*a.rust).collect();
        let comma = if arguments.len() == 1 { "," } else { "" };
        p.text(".method").ty(&format!("::<({}{comma}), {value}, {error}>", arguments.join(", ")));
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
