//! Instances and interfaces without their types, for the application that puts them together.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use bp_data::{ArgumentTuple, Codec, Data, DecodeError, json};
use bytes::Bytes;
use serde_json::Value;

use crate::arguments::{Arguments, TypedArguments};
use crate::call::{Class, Interface, Reply};
use crate::chain::Dispatch;
use crate::client::Client;
use crate::error::{Infra, ServiceError, StartError};
use crate::tuple;

/// An `Arc<dyn T>` of some service or backend trait.
#[derive(Clone)]
pub struct AnyInstance {
    pointer: Arc<dyn Any + Send + Sync>,
    name: &'static str,
}

impl AnyInstance {
    /// Hides the type of `instance`: `AnyInstance::new::<dyn Cart>(Arc::new(…))`.
    pub fn new<T: ?Sized + Send + Sync + 'static>(instance: Arc<T>) -> Self {
        Self { pointer: Arc::new(instance), name: std::any::type_name::<T>() }
    }

    /// The instance, if it is one of `T`.
    pub fn get<T: ?Sized + Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.pointer.downcast_ref::<Arc<T>>().cloned()
    }

    /// What `T` was, for messages.
    pub fn type_name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Debug for AnyInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyInstance({})", self.name)
    }
}

/// What the application needs to know of an interface, built by generated code:
///
/// ```text
/// InterfaceGlue::new::<dyn Cart>(&INTERFACE, |client| Arc::new(Client(client)), |service| Arc::new(Server(service)))
///     .method::<(String,), Vec<Item>, CartError>()     // once a method, in order
///     .local_method()                                  // for one that is not remote
/// ```
pub struct InterfaceGlue {
    interface: &'static Interface,
    /// Absent for an interface whose callers hold the callee itself.
    stubs: Option<Stubs>,
    methods: Vec<Option<MethodGlue>>,
}

struct Stubs {
    client: Box<MakeClient>,
    server: Box<MakeServer>,
}

type MakeClient = dyn Fn(Client) -> AnyInstance + Send + Sync;
type MakeServer = dyn Fn(&AnyInstance) -> Option<Arc<dyn Dispatch>> + Send + Sync;
type ReadArguments = fn(&Bytes, &'static Interface, u16) -> Result<Arc<dyn Arguments>, Infra>;

#[derive(Clone, Copy)]
struct MethodGlue {
    arguments: ReadArguments,
    reply: fn(Reply) -> Result<Outcome, Infra>,
    canonical: fn(Value) -> Result<Value, DecodeError>,
}

/// The answer to a call made with JSON.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The value.
    Value(Value),
    /// The application's error.
    Error {
        /// Its class, name and text.
        class: Class,
        /// Its encoded form.
        detail: Value,
    },
}

impl fmt::Display for Outcome {
    /// In one line: the value as JSON, or the error's name, status and text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "{value}"),
            Self::Error { class: Class::Application { status, code, message }, .. } => {
                write!(f, "error {code} ({status}): {message}")
            }
            Self::Error { detail, .. } => write!(f, "error {detail}"),
        }
    }
}

impl InterfaceGlue {
    /// An interface whose trait is `T`.
    pub fn new<T: ?Sized + Send + Sync + 'static>(
        interface: &'static Interface,
        client: fn(Client) -> Arc<T>,
        server: fn(Arc<T>) -> Arc<dyn Dispatch>,
    ) -> Self {
        Self {
            interface,
            stubs: Some(Stubs {
                client: Box::new(move |end| AnyInstance::new::<T>(client(end))),
                server: Box::new(move |instance| instance.get::<T>().map(server)),
            }),
            methods: Vec::new(),
        }
    }

    /// An interface with a method that borrows or cannot say that the infrastructure failed: nothing stands between its callers and the callee.
    pub fn direct(interface: &'static Interface) -> Self {
        Self { interface, stubs: None, methods: Vec::new() }
    }

    /// Adds the next method: its arguments, value and error.
    pub fn method<A: ArgumentTuple, T: Data, E: ServiceError>(mut self) -> Self {
        self.methods.push(Some(MethodGlue {
            arguments: |json, interface, index| {
                let method =
                    interface.method_at(index).ok_or_else(|| unknown_method(interface, index))?;
                let arguments = tuple::decode::<A>(Codec::Json, json, interface, method)?;
                Ok(Arc::new(TypedArguments(arguments)))
            },
            reply: |reply| {
                let class = reply.class().clone();
                match reply.into_result::<T, E>() {
                    Ok(value) => Ok(Outcome::Value(value.to_json())),
                    Err(error) => error.into_infra().map_or_else(
                        |error| Ok(Outcome::Error { class, detail: error.to_json() }),
                        Err,
                    ),
                }
            },
            canonical: |value| T::from_json(value).map(|value| json::to_canonical(&value)),
        }));
        self
    }

    /// Adds the next method, which is not remote.
    pub fn local_method(mut self) -> Self {
        self.methods.push(None);
        self
    }

    /// The interface.
    pub fn interface(&self) -> &'static Interface {
        self.interface
    }

    /// A client as an instance of the trait.
    ///
    /// # Errors
    /// The interface is one for direct calls.
    pub fn build_client(&self, client: Client) -> Result<AnyInstance, StartError> {
        let stubs = self.stubs.as_ref().ok_or_else(|| {
            StartError::new(format!(
                "`{}`: nothing may stand between the callers of `{}` and the callee itself",
                client.edge().key,
                self.interface.path
            ))
        })?;
        Ok((stubs.client)(client))
    }

    /// The dispatch of calls to an instance of the trait; `None` when it is of another trait, or the interface is one for direct calls.
    pub fn build_dispatch(&self, instance: &AnyInstance) -> Option<Arc<dyn Dispatch>> {
        (self.stubs.as_ref()?.server)(instance)
    }

    fn glue(&self, method: u16) -> Option<MethodGlue> {
        self.methods.get(usize::from(method)).copied().flatten()
    }

    /// An answer of a method in a canonical form: equal answers have the same form, so they can be compared.
    ///
    /// # Errors
    /// It does not fit the method's answer, or the method is not remote.
    pub fn canonicalize(&self, method: u16, answer: Value) -> Result<Value, DecodeError> {
        let glue = self
            .glue(method)
            .ok_or_else(|| DecodeError::expected("a remote method", method.to_string()))?;
        (glue.canonical)(answer)
    }

    /// Calls a method with a JSON object of its arguments, over any transport.
    ///
    /// # Errors
    /// The infrastructure's failure; `Decode` when the arguments do not fit; `Unimplemented` for a method that is not remote.
    pub async fn call_json(
        &self,
        client: &Client,
        method: u16,
        arguments: &Value,
    ) -> Result<Outcome, Infra> {
        let glue = self.glue(method).ok_or_else(|| unknown_method(self.interface, method))?;
        let json = Bytes::from(arguments.to_string());
        let arguments = (glue.arguments)(&json, self.interface, method)?;
        (glue.reply)(client.send(method, arguments).await?)
    }
}

fn unknown_method(interface: &Interface, method: u16) -> Infra {
    Infra::new(
        crate::error::InfraKind::Unimplemented,
        crate::error::Processed::No,
        format!("`{}` has no remote method {method}", interface.path),
    )
}

impl fmt::Debug for InterfaceGlue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InterfaceGlue")
            .field("interface", &self.interface.path)
            .finish_non_exhaustive()
    }
}
