//! A call and its reply, as wrappers and transports see them.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bp_data::{ArgumentTuple, Codec, Data};
use bytes::Bytes;

use crate::arguments::{Arguments, Encoded, TypedArguments};
use crate::context::Context;
use crate::error::{Infra, InfraKind, Processed, ServiceError, Status};
use crate::guards::Guards;
use crate::method::{Interface, Method};
use crate::reply_metadata::ReplyMetadata;
use crate::tuple;

/// Who calls whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// `frontend->cart`.
    pub key: String,
    /// The caller's instance name; `client` for the outside.
    pub caller: String,
    /// The callee's instance name.
    pub callee: String,
    /// Whether both ends are in one strongly connected component of services.
    pub cyclic: bool,
    /// Whether the call leaves the process; a backend's client is in the caller's.
    pub remote: bool,
    /// Whether this is the server's side of a listener (then the caller is unknown and `*`).
    pub server: bool,
}

/// A call under way. A clone shares its arguments.
#[derive(Clone)]
pub struct Call {
    /// Who calls whom.
    pub edge: Arc<Edge>,
    /// What the callee implements.
    pub interface: &'static Interface,
    /// What is called.
    pub method: &'static Method,
    /// What travels along.
    pub context: Context,
    /// What is passed.
    pub arguments: Arc<dyn Arguments>,
}

impl Call {
    /// The arguments in `codec`, for a transport's client.
    ///
    /// # Errors
    /// `Unimplemented` when the method is not remote.
    pub fn encode(&self, codec: Codec) -> Result<Bytes, Infra> {
        self.arguments.encode(codec, self.interface, self.method)
    }

    /// The arguments by value, for generated dispatch: moved out, copied when another attempt shares them, or decoded.
    ///
    /// # Errors
    /// `Decode` when the encoded arguments do not fit.
    pub fn take<A: ArgumentTuple>(self) -> Result<A, Infra> {
        let Self { arguments, interface, method, .. } = self;
        // The type is checked by reference first: a clone of the pointer, kept for the other case, would make the arguments shared and force a copy.
        if (&*arguments as &dyn Any).is::<TypedArguments<A>>() {
            if let Ok(typed) = arguments.into_any().downcast::<TypedArguments<A>>() {
                return match Arc::try_unwrap(typed) {
                    Ok(typed) => Ok(typed.0),
                    Err(shared) => tuple::copy(&shared.0, interface, method),
                };
            }
            return Err(Infra::internal("the arguments changed their type"));
        }
        let bytes = match arguments.encoded() {
            Some(encoded) => {
                return tuple::decode(encoded.codec, &encoded.bytes, interface, method);
            }
            None => arguments.encode(Codec::Protobuf, interface, method)?,
        };
        tuple::decode(Codec::Protobuf, &bytes, interface, method)
    }

    /// The arguments by value, for generated dispatch of a method that is not remote.
    ///
    /// # Errors
    /// `Internal` when they were taken by an earlier attempt or have another type.
    pub fn take_local<A: Send + 'static>(self) -> Result<A, Infra> {
        self.arguments
            .into_any()
            .downcast::<crate::arguments::LocalArguments<A>>()
            .ok()
            .and_then(|local| local.take())
            .ok_or_else(|| {
                Infra::internal(format!(
                    "the arguments of `{}.{}` cannot be passed twice",
                    self.interface.path, self.method.name
                ))
            })
    }
}

impl Infra {
    /// The answer of a generated dispatch to a method index that it does not know.
    pub fn unknown_method(call: &Call) -> Self {
        Self::new(
            InfraKind::Unimplemented,
            Processed::No,
            format!("`{}` has no method `{}`", call.interface.path, call.method.name),
        )
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("edge", &self.edge.key)
            .field("method", &self.method.name)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

/// How a call that got an answer ended. Infrastructure failures are the `Err` side, an [`Infra`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// The method returned `Ok`.
    Ok,
    /// The method returned its own error.
    Application {
        /// The error's class.
        status: Status,
        /// The error's stable name.
        code: Cow<'static, str>,
        /// The error's text.
        message: String,
    },
}

/// An answer: a class and a body, which is the value or the application's error.
pub struct Reply {
    class: Class,
    body: Body,
    metadata: ReplyMetadata,
    guards: Guards,
}

enum Body {
    Typed(Box<dyn TypedBody>),
    /// Behind a lock only to be shared: a value that stays in its process need not be `Sync`.
    Local(Mutex<Box<dyn Any + Send>>),
    Encoded(Encoded),
}

trait TypedBody: Send + Sync {
    fn encode(&self, codec: Codec) -> Bytes;
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send + Sync>;
}

impl<T: Data> TypedBody for T {
    fn encode(&self, codec: Codec) -> Bytes {
        bp_data::encode(codec, self)
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send + Sync> {
        self
    }
}

impl Reply {
    /// What a generated dispatch answers for a method's result.
    ///
    /// # Errors
    /// The infrastructure failure that the handler passed on. Its "not processed" becomes "maybe": a callee further down did nothing, but this handler ran. What that callee said of its own load is left out.
    pub fn of<T: Data, E: ServiceError>(result: Result<T, E>) -> Result<Self, Infra> {
        match result {
            Ok(value) => Ok(Self::new(Class::Ok, Body::Typed(Box::new(value)))),
            Err(error) => {
                let error = split_infra(error)?;
                let class = classify(&error);
                Ok(Self::new(class, Body::Typed(Box::new(error))))
            }
        }
    }

    /// Like [`Reply::of`] for a method that is not remote.
    ///
    /// # Errors
    /// As [`Reply::of`].
    pub fn local<T: Send + 'static, E: ServiceError>(result: Result<T, E>) -> Result<Self, Infra> {
        match result {
            Ok(value) => Ok(Self::new(Class::Ok, Body::local(value))),
            Err(error) => {
                let error = split_infra(error)?;
                let class = classify(&error);
                Ok(Self::new(class, Body::local(error)))
            }
        }
    }

    /// An answer as a transport's client received it: `body` is the value, or the application's error.
    pub fn encoded(class: Class, codec: Codec, bytes: Bytes) -> Self {
        Self::new(class, Body::Encoded(Encoded { codec, bytes }))
    }

    fn new(class: Class, body: Body) -> Self {
        Self { class, body, metadata: ReplyMetadata::default(), guards: Guards::default() }
    }

    /// The same answer, with what the callee says beside it.
    pub fn with_metadata(self, metadata: ReplyMetadata) -> Self {
        Self { metadata, ..self }
    }

    /// How the call ended.
    pub fn class(&self) -> &Class {
        &self.class
    }

    /// What the callee says beside its answer.
    pub fn metadata(&self) -> &ReplyMetadata {
        &self.metadata
    }

    /// What the callee says beside its answer, for its wrappers to add to.
    pub fn metadata_mut(&mut self) -> &mut ReplyMetadata {
        &mut self.metadata
    }

    /// Keeps `guard` until the answer has ended: until the caller has its value, or a transport has written it.
    pub fn hold(&mut self, guard: impl Send + Sync + 'static) {
        self.guards.hold(guard);
    }

    /// Lets go of what is held when `over` resolves, whether or not the answer has ended.
    pub(crate) fn limit_guards(&mut self, over: impl Future<Output = ()> + Send + 'static) {
        self.guards = std::mem::take(&mut self.guards).limit(over);
    }

    /// What must live until the answer is written, for a transport's server.
    pub fn take_guards(&mut self) -> Guards {
        std::mem::take(&mut self.guards)
    }

    /// The body in `codec`, for a transport's server.
    ///
    /// # Errors
    /// `Unimplemented` for the answer of a method that is not remote, or encoded in the other codec.
    pub fn encode(&self, codec: Codec) -> Result<Bytes, Infra> {
        match &self.body {
            Body::Typed(value) => Ok(value.encode(codec)),
            Body::Encoded(encoded) if encoded.codec == codec => Ok(encoded.bytes.clone()),
            Body::Encoded(_) | Body::Local(_) => Err(Infra::new(
                crate::error::InfraKind::Unimplemented,
                Processed::Yes,
                "this answer cannot leave the process in this encoding",
            )),
        }
    }

    /// The method's result, for a client.
    pub(crate) fn into_result<T: Data, E: ServiceError>(self) -> Result<T, E> {
        match self.class {
            Class::Ok => self.body.open::<T>().map_err(E::from),
            Class::Application { .. } => Err(self.body.open::<E>().unwrap_or_else(E::from)),
        }
    }

    /// The method's result, for a client in the same process.
    pub(crate) fn into_local<T: Send + 'static, E: ServiceError>(self) -> Result<T, E> {
        match self.class {
            Class::Ok => self.body.open_local::<T>().map_err(E::from),
            Class::Application { .. } => Err(self.body.open_local::<E>().unwrap_or_else(E::from)),
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("class", &self.class).finish_non_exhaustive()
    }
}

impl Body {
    fn open<T: Data>(self) -> Result<T, Infra> {
        match self {
            Body::Typed(value) => match value.into_any().downcast::<T>() {
                Ok(value) => Ok(*value),
                Err(_) => Err(wrong_type::<T>()),
            },
            Body::Local(_) => self.open_local(),
            Body::Encoded(Encoded { codec, bytes }) => {
                bp_data::decode::<T>(codec, &bytes).map_err(|error| {
                    Infra::new(
                        crate::error::InfraKind::Decode,
                        Processed::Yes,
                        format!("the answer: {error}"),
                    )
                })
            }
        }
    }

    fn local<T: Send + 'static>(value: T) -> Self {
        Self::Local(Mutex::new(Box::new(value)))
    }

    fn open_local<T: Send + 'static>(self) -> Result<T, Infra> {
        let any: Box<dyn Any + Send> = match self {
            Body::Typed(value) => value.into_any(),
            Body::Local(value) => value.into_inner().unwrap_or_else(PoisonError::into_inner),
            Body::Encoded(_) => return Err(wrong_type::<T>()),
        };
        any.downcast::<T>().map(|value| *value).map_err(|_| wrong_type::<T>())
    }
}

fn wrong_type<T>() -> Infra {
    Infra::new(
        crate::error::InfraKind::Internal,
        Processed::Yes,
        format!("the answer is not a {}", std::any::type_name::<T>()),
    )
}

fn split_infra<E: ServiceError>(error: E) -> Result<E, Infra> {
    match error.into_infra() {
        Ok(mut infra) => {
            if infra.processed == Processed::No {
                infra.processed = Processed::Maybe;
            }
            infra.metadata.clear_load();
            Err(infra)
        }
        Err(error) => Ok(error),
    }
}

fn classify<E: ServiceError>(error: &E) -> Class {
    Class::Application {
        status: error.status(),
        code: Cow::Borrowed(error.code()),
        message: error.to_string(),
    }
}
