//! Interfaces and types from the workflow's model to the plan's.

use std::collections::{BTreeMap, BTreeSet};

use bp_contract::wire::{TypeNumbers, WireTable};
use bp_plan::{
    ArgumentPlan, ConstructorParameter, FieldPlan, ImplementationPlan, InterfacePlan, KnownType,
    MethodPlan, ParameterKind as PlanParameter, Shape, TaskPlan, TypeBody, TypeDefPlan, TypePlan,
    VariantPlan,
};
use bp_workflow::{
    FieldModel, ImplementationModel, MethodModel, ParameterKind, ServiceModel, Type, TypeKind,
    TypeModel, VariantShape, WorkflowModel,
};

use crate::parameter_value;

/// A type as it crosses a process; a `Box` becomes what it holds.
fn convert_type(ty: &Type) -> TypePlan {
    let integer = |signed, bits| TypePlan::Integer { signed, bits };
    match ty {
        Type::Unit => TypePlan::Unit,
        Type::Bool => TypePlan::Bool,
        Type::Char => TypePlan::Char,
        Type::U8 => integer(false, 8),
        Type::U16 => integer(false, 16),
        Type::U32 => integer(false, 32),
        Type::U64 => integer(false, 64),
        Type::U128 => integer(false, 128),
        Type::I8 => integer(true, 8),
        Type::I16 => integer(true, 16),
        Type::I32 => integer(true, 32),
        Type::I64 => integer(true, 64),
        Type::I128 => integer(true, 128),
        Type::F32 => TypePlan::Float { bits: 32 },
        Type::F64 => TypePlan::Float { bits: 64 },
        Type::String => TypePlan::String,
        Type::Bytes => TypePlan::Bytes,
        Type::Option(inner) => TypePlan::Option(Box::new(convert_type(inner))),
        Type::Box(inner) => convert_type(inner),
        Type::Vec(inner) => TypePlan::List(Box::new(convert_type(inner))),
        Type::Array(inner, _) if **inner == Type::U8 => TypePlan::Bytes,
        Type::Array(inner, length) => TypePlan::Array(Box::new(convert_type(inner)), *length),
        Type::Set(inner) => TypePlan::Set(Box::new(convert_type(inner))),
        Type::Map(key, value) => {
            TypePlan::Map(Box::new(convert_type(key)), Box::new(convert_type(value)))
        }
        Type::Tuple(types) => TypePlan::Tuple(types.iter().map(convert_type).collect()),
        Type::Named(path) => TypePlan::Named(path.clone()),
        Type::Duration => TypePlan::Duration,
        Type::SystemTime => TypePlan::SystemTime,
        Type::NaiveDate => TypePlan::Known(KnownType::Date),
        Type::NaiveTime => TypePlan::Known(KnownType::Time),
        Type::NaiveDateTime => TypePlan::Known(KnownType::DateTime),
        Type::DateTimeUtc => TypePlan::Known(KnownType::Instant),
        Type::Uuid => TypePlan::Known(KnownType::Uuid),
        Type::Decimal => TypePlan::Known(KnownType::Decimal),
        Type::Local { text, .. } => TypePlan::Opaque(text.clone()),
    }
}

/// The number of a field that the table does not list: they start at 1, in the order of declaration.
fn default_number(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

/// A service's trait; its name on the wire is the application's and its own.
pub(crate) fn convert_interface(
    app: &str,
    service: &ServiceModel,
    wire: &WireTable,
) -> InterfacePlan {
    let numbers = wire.methods.get(&service.path);
    let method = |(index, method): (usize, &MethodModel)| MethodPlan {
        name: method.name.clone(),
        index: u16::try_from(index).unwrap_or(u16::MAX),
        idempotent: method.idempotent,
        remote: method.is_remote(),
        direct: method.direct.is_some(),
        arguments: method
            .arguments
            .iter()
            .enumerate()
            .map(|(i, argument)| ArgumentPlan {
                name: argument.name.clone(),
                rust: argument.ty.text.clone(),
                ty: convert_type(&argument.ty.ty),
                number: numbers
                    .and_then(|m| m.get(&method.name)?.get(&argument.name).copied())
                    .unwrap_or_else(|| default_number(i)),
            })
            .collect(),
        returns_rust: method.return_text(),
        answer: convert_type(&method.ok.ty),
        error: method.error_path().map(str::to_owned),
        doc: method.docs.join("\n"),
    };
    InterfacePlan {
        path: service.path.clone(),
        rust: service.reachable.clone(),
        name: service.name.clone(),
        wire_name: format!("{}.{}", app.replace('-', "_"), service.name),
        methods: service.methods.iter().enumerate().map(method).collect(),
        doc: service.docs.join("\n"),
    }
}

/// Every type that the interfaces reach, by path.
pub(crate) fn collect_types(
    workflow: &WorkflowModel,
    interfaces: &BTreeMap<String, InterfacePlan>,
    wire: &WireTable,
) -> BTreeMap<String, TypeDefPlan> {
    let mut waiting: Vec<String> = Vec::new();
    for method in interfaces.values().flat_map(|i| &i.methods) {
        method.arguments.iter().for_each(|a| collect_named(&a.ty, &mut waiting));
        collect_named(&method.answer, &mut waiting);
        waiting.extend(method.error.clone());
    }
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut out = BTreeMap::new();
    while let Some(path) = waiting.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let Some(model) = workflow.types.get(&path) else { continue };
        let plan = convert_type_def(model, wire.types.get(&path));
        match &plan.body {
            TypeBody::Struct { fields, .. } => {
                for field in fields {
                    collect_named(&field.ty, &mut waiting);
                }
            }
            TypeBody::Enum { variants } => {
                variants
                    .iter()
                    .flat_map(|v| &v.fields)
                    .for_each(|f| collect_named(&f.ty, &mut waiting));
            }
        }
        out.insert(path, plan);
    }
    out
}

/// The paths of the types inside a type.
fn collect_named(ty: &TypePlan, out: &mut Vec<String>) {
    match ty {
        TypePlan::Named(path) => out.push(path.clone()),
        TypePlan::Option(inner)
        | TypePlan::List(inner)
        | TypePlan::Array(inner, _)
        | TypePlan::Set(inner) => collect_named(inner, out),
        TypePlan::Map(key, value) => {
            collect_named(key, out);
            collect_named(value, out);
        }
        TypePlan::Tuple(types) => types.iter().for_each(|t| collect_named(t, out)),
        TypePlan::Bool
        | TypePlan::Char
        | TypePlan::Integer { .. }
        | TypePlan::Float { .. }
        | TypePlan::String
        | TypePlan::Bytes
        | TypePlan::Unit
        | TypePlan::Duration
        | TypePlan::SystemTime
        | TypePlan::Known(_)
        | TypePlan::Opaque(_) => {}
    }
}

fn convert_fields(
    models: &[FieldModel],
    numbers: Option<&BTreeMap<String, u32>>,
) -> Vec<FieldPlan> {
    let field = |(i, field): (usize, &FieldModel)| FieldPlan {
        name: field.name.clone(),
        ty: convert_type(&field.ty.ty),
        number: numbers
            .and_then(|n| n.get(&field.name).copied())
            .unwrap_or_else(|| default_number(i)),
        doc: field.docs.join("\n"),
    };
    models.iter().enumerate().map(field).collect()
}

fn convert_type_def(model: &TypeModel, wire: Option<&TypeNumbers>) -> TypeDefPlan {
    let numbers = wire.map(|w| &w.fields);
    let body = match &model.kind {
        TypeKind::Struct(all) => {
            TypeBody::Struct { shape: Shape::Named, fields: convert_fields(all, numbers) }
        }
        TypeKind::TupleStruct(all) => {
            TypeBody::Struct { shape: Shape::Tuple, fields: convert_fields(all, numbers) }
        }
        TypeKind::Unit => TypeBody::Struct { shape: Shape::Unit, fields: Vec::new() },
        TypeKind::Enum(variants) => {
            // The variant of infrastructure errors never crosses, and takes no number.
            let sent = variants.iter().filter(|v| !v.infra);
            let variant = |(i, v): (usize, &bp_workflow::VariantModel)| {
                let wire = wire.and_then(|w| w.variants.get(&v.name));
                VariantPlan {
                    name: v.name.clone(),
                    number: wire.map_or_else(|| default_number(i), |w| w.number),
                    shape: match v.shape {
                        VariantShape::Unit => Shape::Unit,
                        VariantShape::Tuple(_) => Shape::Tuple,
                        VariantShape::Struct(_) => Shape::Named,
                    },
                    fields: convert_fields(v.shape.fields(), wire.map(|w| &w.fields)),
                    doc: v.docs.join("\n"),
                    status: v.status.as_ref().map(|s| s.code.clone()),
                }
            };
            TypeBody::Enum { variants: sent.enumerate().map(variant).collect() }
        }
    };
    TypeDefPlan { body, error: model.derives_error, doc: model.docs.join("\n") }
}

/// An implementation, by the interface that its instances offer.
pub(crate) fn convert_implementation(
    model: &ImplementationModel,
    interface: &str,
) -> ImplementationPlan {
    let parameter = |p: &bp_workflow::ParameterModel| ConstructorParameter {
        name: p.name.clone(),
        kind: match &p.kind {
            ParameterKind::Instance(i) => PlanParameter::Instance(i.reachable.clone()),
            ParameterKind::List(i) => PlanParameter::Instances(i.reachable.clone()),
            ParameterKind::Optional(i) => PlanParameter::OptionalInstance(i.reachable.clone()),
            ParameterKind::Literal(ty) if parameter_value::is_encoded(ty) => {
                PlanParameter::Data(ty.text.clone())
            }
            ParameterKind::Literal(ty) => match ty.ty {
                Type::Option(_) => PlanParameter::OptionalValue(strip_option(&ty.text)),
                _ => PlanParameter::Value(ty.text.clone()),
            },
        },
        backend: p.kind.interface().is_some_and(|i| i.backend),
    };
    ImplementationPlan {
        path: model.path.clone(),
        rust: model.reachable.clone(),
        name: model.name.clone(),
        interface: interface.to_owned(),
        parameters: model.constructor.params.iter().map(parameter).collect(),
        is_async: model.constructor.is_async,
        fallible: model.constructor.fallible,
        task: model.run.as_ref().map(|run| TaskPlan { fallible: run.fallible }),
    }
}

/// `T` of `Option<T>` as Rust text; the whole text when it is written in another way, such as by an alias.
fn strip_option(text: &str) -> String {
    text.split_once("Option<")
        .and_then(|(_, rest)| rest.trim_end().strip_suffix('>'))
        .unwrap_or(text)
        .trim()
        .to_owned()
}

/// The numbers that the running system needs: those of the types and interfaces in use.
pub(crate) fn collect_wire_numbers(
    table: &WireTable,
    types: &BTreeMap<String, TypeDefPlan>,
    interfaces: &BTreeMap<String, InterfacePlan>,
) -> WireTable {
    WireTable {
        types: table
            .types
            .iter()
            .filter(|(path, _)| types.contains_key(*path))
            .map(|(path, numbers)| (path.clone(), numbers.clone()))
            .collect(),
        methods: table
            .methods
            .iter()
            .filter(|(path, _)| interfaces.contains_key(*path))
            .map(|(path, methods)| (path.clone(), methods.clone()))
            .collect(),
    }
}
