//! What a compiler of `.proto` files would refuse, reported for the names that cause it.

use std::collections::BTreeSet;

use bp_plugin::diag::catalog::binding::name_unwritable;
use bp_plugin::{NameSource, OutputName, PlanContext};

use crate::grpc::model::{Body, Definition, Field, FieldType, File, ONE_OF};
use crate::grpc::names;

const RULE: &str =
    "a name in a `.proto` has ASCII letters, digits and `_` only, and does not begin with a digit";

/// The packages of gRPC and protobuf that lie in one that an application could be named after.
const KEPT: [&str; 9] = [
    "google.api",
    "google.longrunning",
    "google.protobuf",
    "google.rpc",
    "google.type",
    "grpc.channelz",
    "grpc.health",
    "grpc.lb",
    "grpc.reflection",
];

/// Reports names that two things would have, and names that the language does not allow.
pub(crate) fn check(cx: &mut PlanContext<'_>) {
    let Some(file) = File::of(cx.plan) else { return };
    check_spelling(cx, &file);
    // A method is reported if its name or its service's name is taken; what follows from that is not a second fault.
    let (mut services, mut again) = (BTreeSet::new(), BTreeSet::new());
    for service in &file.services {
        let path = &service.interface.path;
        let methods = service.methods.iter().map(|rpc| {
            let name = format!("{}/{}", service.interface.wire_name, rpc.name);
            OutputName::new(name, NameSource::Method { interface: path, method: &rpc.method.name })
        });
        let methods: Vec<OutputName<'_>> = methods.collect();
        let second = !services.insert(service.name);
        let mut names = BTreeSet::new();
        let repeated = methods.iter().filter(|method| second || !names.insert(&method.name));
        again.extend(repeated.map(|method| method.of));
        cx.report_clashes("gRPC method", methods);
    }
    let kept = KEPT.iter().filter_map(|kept| kept.split_once('.'));
    let kept = kept.filter(|(package, _)| *package == file.package).map(|(_, name)| name);
    let services = file.services.iter();
    let services =
        services.map(|s| OutputName::new(s.name, NameSource::Interface(&s.interface.path)));
    let mut names: Vec<OutputName<'_>> = kept
        .map(|name| {
            OutputName::new(name, NameSource::Own("a package that is gRPC's or protobuf's"))
        })
        .chain(services)
        .collect();
    let mut seen = BTreeSet::new();
    for definition in file.definitions.iter().filter(|d| !again.contains(&d.named.of)) {
        names.push(definition.named.clone());
        // The content of two definitions with one name is not a second fault either.
        if seen.insert(&definition.named.name) {
            names.extend(check_definition(cx, definition));
        }
    }
    cx.report_clashes("`.proto` name", names);
}

/// Checks what a definition holds; returns the names of its values, because they share the scope of their enum.
fn check_definition<'a>(
    cx: &mut PlanContext<'a>,
    definition: &Definition<'a>,
) -> Vec<OutputName<'a>> {
    let owner = &*definition.named.name;
    let (fields, one_of) = match &definition.body {
        Body::Message(fields) => (skip_duplicates(fields), None),
        Body::OneOf(fields) => {
            (skip_duplicates(fields), Some(NameSource::Own("the oneof of every enum with content")))
        }
        Body::Enum(values) => return check_enum_values(cx, owner, values),
    };
    let name = |name: &str| format!("{owner}.{name}");
    let all = definition.body.fields().iter();
    let entries = fields.iter().filter(|field| matches!(field.ty, FieldType::Map(..)));
    let names = (all.map(|field| OutputName::new(name(&field.name), field.of)))
        .chain(one_of.map(|of| OutputName::new(name(ONE_OF), of)))
        .chain(entries.map(|field| {
            OutputName::part(name(&names::map_entry(&field.name)), "the entry of", field.of)
        }));
    cx.report_clashes("`.proto` name", names);
    let keys = fields.iter().map(|field| (names::field_key(&field.name), field.of));
    cx.report_clashes("field in JSON", keys.map(|(key, of)| OutputName::new(name(&key), of)));
    Vec::new()
}

fn check_enum_values<'a>(
    cx: &mut PlanContext<'a>,
    owner: &str,
    values: &[Field<'a>],
) -> Vec<OutputName<'a>> {
    let zero = (names::zero_value(owner), NameSource::Own("the zero of every enum"));
    let values: Vec<(String, NameSource<'a>)> = std::iter::once(zero)
        .chain(values.iter().map(|value| (value.name.clone(), value.of)))
        .collect();
    let prefix = names::value_prefix(owner);
    let mut seen = BTreeSet::new();
    let short = values.iter().filter(|(name, _)| seen.insert(name)).map(|(name, of)| {
        let short = name.strip_prefix(&prefix).unwrap_or(name);
        OutputName::new(format!("{owner}.{}", names::value_key(short)), *of)
    });
    // Generators for other languages leave the enum's name out and change the case of the rest.
    cx.report_clashes("value in generated code", short);
    values.into_iter().map(|(name, of)| OutputName::new(name, of)).collect()
}

/// The fields, each name once; a second field of the same name was reported.
fn skip_duplicates<'f, 'a>(fields: &'f [Field<'a>]) -> Vec<&'f Field<'a>> {
    let mut seen = BTreeSet::new();
    fields.iter().filter(|field| seen.insert(&field.name)).collect()
}

/// Reports names that the language does not allow, each thing once.
fn check_spelling<'a>(cx: &mut PlanContext<'a>, file: &File<'a>) {
    let mut faulty = BTreeSet::new();
    let mut look = |of: NameSource<'a>, names: [&str; 2]| {
        if !names.into_iter().all(names::is_identifier) && faulty.insert(of) {
            let fault = name_unwritable(&of.to_string(), "the `.proto`", RULE, cx.span(&of));
            cx.diagnostics.push(fault);
        }
    };
    for service in &file.services {
        let path = &service.interface.path;
        look(NameSource::Interface(path), [service.name; 2]);
        for rpc in &service.methods {
            let method = &rpc.method.name;
            look(NameSource::Method { interface: path, method }, [method, &rpc.name]);
        }
    }
    for definition in &file.definitions {
        if let NameSource::Type(path) = definition.named.of {
            let last = path.rsplit("::").next().unwrap_or(path);
            look(definition.named.of, [last, &definition.named.name]);
        }
        for field in definition.body.fields() {
            let source = match field.of {
                NameSource::Variant { variant, .. } => variant,
                _ => &field.name,
            };
            look(field.of, [source, &field.name]);
        }
    }
}
