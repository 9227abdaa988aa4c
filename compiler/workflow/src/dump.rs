//! The model as stable text, for tests and for reading.

use std::fmt::Write as _;

use crate::model::{
    FieldModel, ImplementationModel, InterfaceModel, InterfaceUse, LocalReason, MethodModel,
    ParameterKind, ServiceModel, TypeKind, TypeModel, VariantShape, WorkflowModel,
};

impl WorkflowModel {
    /// Everything in the model but places and documentation, as indented text.
    pub fn dump(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "workflow {} ({})", self.package, self.crate_name);
        for krate in &self.crates {
            let _ = writeln!(out, "crate {} = {}", krate.name, krate.dir);
        }
        for (name, external) in &self.externals {
            let _ =
                writeln!(out, "external {name} = {} {}", external.package, external.requirement);
        }
        for service in self.services.values() {
            write_service(&mut out, service);
        }
        for interface in self.interfaces.values() {
            write_interface(&mut out, interface);
        }
        for implementation in self.implementations.values() {
            write_implementation(&mut out, implementation);
        }
        for ty in self.types.values() {
            write_type(&mut out, ty);
        }
        for knob in self.knobs.values() {
            let _ = writeln!(out, "knob {} {}", knob.name, knob.path);
        }
        out
    }
}

/// ` as path` when the path that others write is another one.
fn renamed(path: &str, reachable: &str) -> String {
    if path == reachable { String::new() } else { format!(" as {reachable}") }
}

fn reason(local: Option<&LocalReason>) -> String {
    local.map_or(String::new(), |l| format!(" local: {}", l.text))
}

fn write_service(out: &mut String, service: &ServiceModel) {
    let _ = writeln!(out, "service {}{}", service.path, renamed(&service.path, &service.reachable));
    for method in &service.methods {
        let _ = writeln!(out, "  {}", method_text(method));
    }
}

fn write_interface(out: &mut String, interface: &InterfaceModel) {
    let extends = match interface.extends.as_slice() {
        [] => String::new(),
        some => format!(": {}", some.join(" + ")),
    };
    let _ = writeln!(out, "interface {}{extends}", interface.path);
    for method in &interface.methods {
        let mark = if method.idempotent { "idempotent " } else { "" };
        let _ = writeln!(out, "  {mark}{}({})", method.name, method.arguments.join(", "));
    }
}

fn method_text(method: &MethodModel) -> String {
    let mark = if method.idempotent { "idempotent " } else { "" };
    let arguments: Vec<String> =
        method.arguments.iter().map(|a| format!("{}: {}", a.name, a.ty.text)).collect();
    format!(
        "{mark}{}({}) -> {}{}",
        method.name,
        arguments.join(", "),
        method.return_text(),
        reason(method.local.as_ref())
    ) + if method.direct.is_some() { " direct" } else { "" }
}

fn interface_text(interface: &InterfaceUse) -> String {
    let kind = if interface.backend { "backend" } else { "service" };
    format!("{kind} {}{}", interface.path, renamed(&interface.path, &interface.reachable))
}

fn write_implementation(out: &mut String, implementation: &ImplementationModel) {
    let _ = writeln!(
        out,
        "implementation {}{}",
        implementation.path,
        renamed(&implementation.path, &implementation.reachable)
    );
    for service in implementation.services.keys() {
        let _ = writeln!(out, "  of {service}");
    }
    let constructor = &implementation.constructor;
    if constructor.known {
        let words = [(constructor.is_async, "async "), (constructor.fallible, "fallible ")];
        let words: String = words.iter().filter(|(yes, _)| *yes).map(|(_, w)| *w).collect();
        let _ = writeln!(out, "  {words}new");
    } else {
        let _ = writeln!(out, "  new is faulty");
    }
    for parameter in &constructor.params {
        let kind = match &parameter.kind {
            ParameterKind::Instance(i) => format!("one {}", interface_text(i)),
            ParameterKind::List(i) => format!("list of {}", interface_text(i)),
            ParameterKind::Optional(i) => format!("optional {}", interface_text(i)),
            ParameterKind::Literal(ty) => format!("value {}", ty.text),
        };
        let _ = writeln!(out, "    {}: {kind}", parameter.name);
    }
    if let Some(run) = &implementation.run {
        let _ = writeln!(out, "  {}run", if run.fallible { "fallible " } else { "" });
    }
}

fn fields_text(fields: &[FieldModel]) -> String {
    let parts: Vec<String> = fields.iter().map(|f| format!("{}: {}", f.name, f.ty.text)).collect();
    parts.join(", ")
}

fn write_type(out: &mut String, ty: &TypeModel) {
    let word = match ty.kind {
        TypeKind::Enum(_) if ty.derives_error => "error",
        TypeKind::Enum(_) => "enum",
        _ => "struct",
    };
    let place = match &ty.reachable {
        Some(reachable) => renamed(&ty.path, reachable),
        None => " private".to_owned(),
    };
    let _ = writeln!(out, "{word} {}{place}{}", ty.path, reason(ty.local.as_ref()));
    match &ty.kind {
        TypeKind::Struct(fields) | TypeKind::TupleStruct(fields) => {
            for field in fields {
                let _ = writeln!(out, "  {}: {}", field.name, field.ty.text);
            }
        }
        TypeKind::Unit => {}
        TypeKind::Enum(variants) => {
            for variant in variants {
                let shape = match &variant.shape {
                    VariantShape::Unit => String::new(),
                    VariantShape::Tuple(fields) => format!("({})", fields_text(fields)),
                    VariantShape::Struct(fields) => format!(" {{ {} }}", fields_text(fields)),
                };
                let status =
                    variant.status.as_ref().map_or(String::new(), |s| format!(" {}", s.code));
                let infra = if variant.infra { " infra" } else { "" };
                let _ = writeln!(out, "  {}{shape}{status}{infra}", variant.name);
            }
        }
    }
}
