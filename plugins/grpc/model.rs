//! The definitions of a `.proto` file, in step with the table of `bp-data`; each knows what its name comes from.

mod messages;

use std::borrow::Cow;
use std::collections::BTreeSet;

use bp_plugin::plan::{InterfacePlan, MethodPlan};
use bp_plugin::{NameSource, OutputName, Plan};

use crate::grpc::names;
use messages::Messages;

/// What the gRPC listeners of an application serve.
#[derive(Debug)]
pub(crate) struct File<'a> {
    pub(crate) package: &'a str,
    pub(crate) services: Vec<Service<'a>>,
    /// First the messages of the calls, in their order, then the others, by name.
    pub(crate) definitions: Vec<Definition<'a>>,
}

#[derive(Debug)]
pub(crate) struct Service<'a> {
    pub(crate) name: &'a str,
    pub(crate) interface: &'a InterfacePlan,
    pub(crate) methods: Vec<Rpc<'a>>,
}

#[derive(Debug)]
pub(crate) struct Rpc<'a> {
    pub(crate) name: String,
    pub(crate) method: &'a MethodPlan,
    pub(crate) request: String,
    pub(crate) response: String,
    /// The message of an application error.
    pub(crate) detail: Option<String>,
}

/// A message or an enum.
#[derive(Debug)]
pub(crate) struct Definition<'a> {
    pub(crate) named: OutputName<'a>,
    pub(crate) doc: Cow<'a, str>,
    pub(crate) body: Body<'a>,
}

#[derive(Debug)]
pub(crate) enum Body<'a> {
    Message(Vec<Field<'a>>),
    /// A message of which one field is set.
    OneOf(Vec<Field<'a>>),
    /// Without the zero, which every enum has.
    Enum(Vec<Field<'a>>),
}

impl<'a> Body<'a> {
    /// The fields, or the values.
    pub(crate) fn fields(&self) -> &[Field<'a>] {
        match self {
            Self::Message(fields) | Self::OneOf(fields) | Self::Enum(fields) => fields,
        }
    }
}

/// A field of a message, or a value of an enum.
#[derive(Debug)]
pub(crate) struct Field<'a> {
    pub(crate) name: String,
    pub(crate) ty: FieldType,
    pub(crate) number: u32,
    pub(crate) doc: &'a str,
    pub(crate) of: NameSource<'a>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FieldType {
    Single(TypeName),
    Optional(TypeName),
    Repeated(TypeName),
    Map(TypeName, TypeName),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TypeName {
    /// Of the language: `uint32`.
    Scalar(&'static str),
    /// Of this file.
    Defined(String),
}

/// The name of the oneof in the message of an enum with content.
pub(crate) const ONE_OF: &str = "variant";

impl<'a> File<'a> {
    /// The file; nothing when no listener speaks gRPC.
    pub(crate) fn of(plan: &'a Plan) -> Option<Self> {
        let interfaces = find_served(plan);
        let first = interfaces.first()?;
        // Names on the wire are `package.Service`; all interfaces of an application share the package.
        let package = first.wire_name.rsplit_once('.').map_or("", |(package, _)| package);
        let mut messages = Messages::new(plan);
        let mut calls = Vec::new();
        let mut services = Vec::new();
        for interface in interfaces {
            let name = interface.wire_name.rsplit('.').next().unwrap_or(&interface.name);
            let remote = interface.methods.iter().filter(|method| method.remote);
            let methods =
                remote.map(|method| build_rpc(interface, name, method, &mut messages, &mut calls));
            let methods = methods.collect();
            services.push(Service { name, interface, methods });
        }
        let mut definitions = messages.into_definitions();
        definitions.sort_by(|a, b| a.named.name.cmp(&b.named.name));
        calls.append(&mut definitions);
        Some(Self { package, services, definitions: calls })
    }
}

/// The interfaces behind gRPC listeners, by path.
fn find_served(plan: &Plan) -> Vec<&InterfacePlan> {
    let paths: BTreeSet<&str> = plan
        .listeners
        .values()
        .filter(|listener| listener.transport == crate::grpc::PLUGIN.id)
        .flat_map(|listener| listener.serves.values().map(|served| served.interface.as_str()))
        .collect();
    paths.into_iter().filter_map(|path| plan.interfaces.get(path)).collect()
}

/// A method, with the messages of its request and its response.
fn build_rpc<'a>(
    interface: &'a InterfacePlan,
    service: &str,
    method: &'a MethodPlan,
    messages: &mut Messages<'a>,
    calls: &mut Vec<Definition<'a>>,
) -> Rpc<'a> {
    let name = names::to_pascal(&method.name);
    let (request, response) =
        (format!("{service}{name}Request"), format!("{service}{name}Response"));
    let of = NameSource::Method { interface: &interface.path, method: &method.name };
    let mut arguments: Vec<_> = method.arguments.iter().collect();
    arguments.sort_by_key(|argument| argument.number);
    let arguments = arguments.into_iter().map(|argument| Field {
        name: names::field_name(&argument.name),
        ty: messages.declare_field(&argument.ty),
        number: argument.number,
        doc: "",
        of: NameSource::Argument {
            interface: &interface.path,
            method: &method.name,
            argument: &argument.name,
        },
    });
    calls.push(Definition {
        named: OutputName::part(request.clone(), "the request of", of),
        doc: format!("Arguments of `{service}.{name}`.").into(),
        body: Body::Message(arguments.collect()),
    });
    let result = Field {
        name: "result".into(),
        ty: messages.declare_field(&method.answer),
        number: 1,
        doc: "",
        of: NameSource::Own("the field of every answer"),
    };
    calls.push(Definition {
        named: OutputName::part(response.clone(), "the response of", of),
        doc: format!("Answer of `{service}.{name}`.").into(),
        body: Body::Message(vec![result]),
    });
    let detail = method.error.as_deref().map(|error| messages.define_error(error));
    Rpc { name, method, request, response, detail }
}
