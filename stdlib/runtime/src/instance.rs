//! Instances and interfaces without their types, for the application that puts them together.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

use bp_data::{ArgumentTuple, Codec, Data, DecodeError, json};
use bytes::Bytes;
use serde_json::Value;

use crate::any_instance::AnyInstance;
use crate::arguments::{Arguments, TypedArguments};
use crate::call::{Class, Reply};
use crate::chain::Dispatch;
use crate::client::{Client, Inherited};
use crate::error::{Infra, ServiceError, StartError};
use crate::interface::{Answer, Origin, OwnMethods, Routes};
use crate::method::Interface;
use crate::tuple;

/// What the application needs to know of an interface, built by generated code:
///
/// ```text
/// InterfaceGlue::new::<dyn Cart>(&INTERFACE, |client| Arc::new(Client(client)), |service| Arc::new(Server(service)))
///     .method::<(String,), Vec<Item>, CartError>()     // once a method, in order
///     .local_method()                                  // for one that is not remote
/// ```
///
/// `#[interface]` writes the one of an interface of backends.
pub struct InterfaceGlue {
    interface: &'static Interface,
    /// Known of an interface of backends.
    origin: Option<Origin>,
    /// Absent for an interface whose callers hold the callee itself.
    stubs: Option<Stubs>,
    methods: Vec<Option<MethodGlue>>,
    /// The interfaces that this one extends, in order.
    extends: Vec<Extended>,
    /// How many of the methods are those of `extends`; they are the first.
    inherited: usize,
    /// All that it extends, each once, and where its table has their methods.
    places: Vec<Inherited>,
}

struct Stubs {
    client: Box<MakeClient>,
    server: ServerHalf,
    trait_id: TypeId,
    trait_name: &'static str,
    holds: fn(&AnyInstance) -> bool,
}

enum ServerHalf {
    /// Answers every method.
    Whole(Box<MakeServer>),
    /// Answers the methods that are not inherited.
    Own(Box<MakeOwn>),
}

type MakeClient = dyn Fn(Client) -> AnyInstance + Send + Sync;
type MakeServer = dyn Fn(&AnyInstance) -> Option<Arc<dyn Dispatch>> + Send + Sync;
type MakeOwn = dyn Fn(&AnyInstance) -> Option<Arc<dyn OwnMethods>> + Send + Sync;
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
        let server: Box<MakeServer> = Box::new(move |instance| instance.get::<T>().map(server));
        Self::with_stubs(interface, client, ServerHalf::Whole(server))
    }

    /// An interface whose server's half answers the methods that the trait `T` itself declares.
    pub(crate) fn with_own_methods<T: Send + Sync + ?Sized + 'static>(
        interface: &'static Interface,
        origin: Origin,
        client: fn(Client) -> Arc<T>,
        server: fn(Arc<T>) -> Arc<dyn OwnMethods>,
    ) -> Self {
        let server: Box<MakeOwn> = Box::new(move |instance| instance.get::<T>().map(server));
        let glue = Self::with_stubs(interface, client, ServerHalf::Own(server));
        Self { origin: Some(origin), ..glue }
    }

    fn with_stubs<T: ?Sized + Send + Sync + 'static>(
        interface: &'static Interface,
        client: fn(Client) -> Arc<T>,
        server: ServerHalf,
    ) -> Self {
        let stubs = Stubs {
            client: Box::new(move |end| AnyInstance::new::<T>(client(end))),
            server,
            trait_id: TypeId::of::<T>(),
            trait_name: std::any::type_name::<T>(),
            holds: |instance| instance.get::<T>().is_some(),
        };
        Self { stubs: Some(stubs), ..Self::direct(interface) }
    }

    /// Adds the methods of `S`, whose glue is given and which `T` extends.
    pub(crate) fn inherit<T, S>(mut self, glue: InterfaceGlue, upcast: fn(Arc<T>) -> Arc<S>) -> Self
    where
        T: Send + Sync + ?Sized + 'static,
        S: Send + Sync + ?Sized + 'static,
    {
        for (method, glue) in glue.interface.methods.iter().zip(&glue.methods) {
            // What two of them have in common is one method of the table.
            let is_new = self
                .interface
                .method(method.name)
                .is_some_and(|method| usize::from(method.index) == self.methods.len());
            if is_new {
                self.methods.push(*glue);
            }
        }
        self.inherited = self.methods.len();
        self.add_places(&glue);
        self.extends.push(Extended {
            glue: Arc::new(glue),
            upcast: Box::new(move |instance| {
                instance.get::<T>().map(|instance| AnyInstance::new::<S>(upcast(instance)))
            }),
        });
        self
    }

    /// Notes where the methods of an extended interface are, and those of all that it extends itself.
    fn add_places(&mut self, extended: &Self) {
        let own = u16::try_from(extended.inherited).ok();
        let own = own.map(|first| Inherited { interface: extended.interface, first });
        for Inherited { interface, first } in extended.places.iter().copied().chain(own) {
            // One without methods of its own is never looked for.
            let method = extended.interface.method_at(first);
            let Some(method) = method.and_then(|method| self.interface.method(method.name)) else {
                continue;
            };
            if !self.places.iter().any(|place| std::ptr::eq(place.interface, interface)) {
                self.places.push(Inherited { interface, first: method.index });
            }
        }
    }

    /// Adds the next method, by its arguments and what it returns.
    pub fn answer<A: ArgumentTuple, R: Answer>(self) -> Self {
        self.method::<A, R::Value, R::Error>()
    }

    /// An interface with a method that borrows or cannot say that the infrastructure failed: nothing stands between its callers and the callee.
    pub fn direct(interface: &'static Interface) -> Self {
        Self {
            interface,
            origin: None,
            stubs: None,
            methods: Vec::new(),
            extends: Vec::new(),
            inherited: 0,
            places: Vec::new(),
        }
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
        Ok((stubs.client)(client.with_inherited(self.places.as_slice().into())))
    }

    /// The dispatch of calls to an instance of the trait; `None` when it is of another trait, or the interface is one for direct calls.
    pub fn build_dispatch(&self, instance: &AnyInstance) -> Option<Arc<dyn Dispatch>> {
        match &self.stubs.as_ref()?.server {
            ServerHalf::Whole(make) => make(instance),
            ServerHalf::Own(_) => {
                let mut routes = Routes::new(self.interface);
                self.add_routes(instance, &mut routes)?;
                Some(Arc::new(routes))
            }
        }
    }

    fn add_routes(&self, instance: &AnyInstance, routes: &mut Routes) -> Option<()> {
        for extended in &self.extends {
            extended.glue.add_routes(&(extended.upcast)(instance)?, routes)?;
        }
        let ServerHalf::Own(make) = &self.stubs.as_ref()?.server else { return None };
        routes.add(self.interface.methods.get(self.inherited..)?, make(instance)?);
        Some(())
    }

    /// The interfaces that this one extends, without those that they extend.
    pub(crate) fn extended(&self) -> impl Iterator<Item = &Arc<InterfaceGlue>> {
        self.extends.iter().map(|extended| &extended.glue)
    }

    /// Whether both are of one trait; of interfaces for direct calls the traits are not known, but their descriptions are.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.stubs, &other.stubs) {
            (Some(stubs), Some(others)) => stubs.trait_id == others.trait_id,
            (None, None) => std::ptr::eq(self.interface, other.interface),
            _ => false,
        }
    }

    /// Which trait this is, for messages that tell it from others of its path.
    pub(crate) fn describe_trait(&self) -> String {
        match (&self.origin, &self.stubs) {
            (Some(origin), _) => origin.to_string(),
            (None, Some(stubs)) => format!("`{}`", stubs.trait_name),
            (None, None) => format!("one for direct calls, `{}`", self.interface.path),
        }
    }

    /// Whether this is the interface at `path`, or extends it.
    pub(crate) fn provides(&self, path: &str) -> bool {
        self.interface.path == path || self.extended().any(|glue| glue.provides(path))
    }

    /// Whether an instance is one of the trait; of an interface for direct calls the trait is not known.
    pub(crate) fn accepts(&self, instance: &AnyInstance) -> bool {
        self.stubs.as_ref().is_none_or(|stubs| (stubs.holds)(instance))
    }

    /// An instance of this interface as one of the interface at `path`; `None` when this one does not extend that.
    pub(crate) fn upcast(&self, instance: &AnyInstance, path: &str) -> Option<AnyInstance> {
        if self.interface.path == path {
            return Some(instance.clone());
        }
        let extended = self.extends.iter().find(|extended| extended.glue.provides(path))?;
        extended.glue.upcast(&(extended.upcast)(instance)?, path)
    }

    /// An instance of this interface as one of the trait of an interface that this one extends.
    pub(crate) fn cast<T: ?Sized + Send + Sync + 'static>(
        &self,
        instance: &AnyInstance,
    ) -> Option<Arc<T>> {
        self.extends.iter().find_map(|extended| {
            let instance = (extended.upcast)(instance)?;
            instance.get::<T>().or_else(|| extended.glue.cast(&instance))
        })
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

type Upcast = dyn Fn(&AnyInstance) -> Option<AnyInstance> + Send + Sync;

/// An interface that another extends, and how an instance of the other is one of it.
struct Extended {
    glue: Arc<InterfaceGlue>,
    upcast: Box<Upcast>,
}

#[cfg(test)]
#[expect(unreachable_pub, reason = "an interface is public")]
mod tests {
    use bp_macros::{ServiceError, interface};

    use super::*;
    use crate::interface::BackendInterface;

    #[derive(Debug, ServiceError)]
    #[service_error(crate = crate)]
    pub(crate) enum Broken {
        #[infra]
        Infra(Infra),
    }

    #[interface(crate = crate)]
    pub trait Root {
        async fn root(&self) -> Result<(), Broken>;
    }

    #[interface(crate = crate)]
    pub trait Left: Root {
        async fn left(&self) -> Result<(), Broken>;
        async fn other_left(&self) -> Result<(), Broken>;
    }

    #[interface(crate = crate)]
    pub trait Empty: Root {}

    #[interface(crate = crate)]
    pub trait Right: Empty {
        async fn right(&self) -> Result<(), Broken>;
    }

    #[interface(crate = crate)]
    pub trait Both: Left + Right {
        async fn both(&self) -> Result<(), Broken>;
    }

    #[test]
    fn the_places_of_all_that_is_extended_are_known_before_a_call() {
        let glue = <dyn Both>::glue();
        let places: Vec<_> =
            glue.places.iter().map(|place| (place.interface.wire_name, place.first)).collect();
        let names = ["bp_runtime.Root", "bp_runtime.Left", "bp_runtime.Right"];
        assert_eq!(places, [(names[0], 0), (names[1], 1), (names[2], 3)]);
        for (place, own) in glue.places.iter().zip(["root", "left", "right"]) {
            assert_eq!(glue.interface.method_at(place.first).unwrap().name, own);
        }
        assert!(<dyn Root>::glue().places.is_empty());
    }
}
