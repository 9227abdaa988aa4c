//! The arguments of a call, typed or encoded, behind one pointer, so that another attempt copies nothing.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex};

use bp_data::{ArgumentTuple, Codec};
use bytes::Bytes;

use crate::error::{Infra, InfraKind, Processed};
use crate::method::{Interface, Method};
use crate::tuple;

/// What a call passes.
pub trait Arguments: Any + Send + Sync {
    /// The arguments as one message of `codec`.
    ///
    /// # Errors
    /// `Unimplemented` when the method is not remote, or the arguments are encoded in the other codec.
    fn encode(
        &self,
        codec: Codec,
        interface: &'static Interface,
        method: &'static Method,
    ) -> Result<Bytes, Infra>;

    /// The encoded form, when that is what they are.
    fn encoded(&self) -> Option<&Encoded> {
        None
    }

    /// The first argument, if it is text and not encoded.
    fn first_text(&self) -> Option<&str> {
        None
    }

    /// For downcasts.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

/// Arguments or an answer, still encoded as they came from the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Encoded {
    /// How.
    pub codec: Codec,
    /// One message.
    pub bytes: Bytes,
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({} bytes)", self.codec, self.bytes.len())
    }
}

impl Arguments for Encoded {
    fn encode(
        &self,
        codec: Codec,
        interface: &'static Interface,
        method: &'static Method,
    ) -> Result<Bytes, Infra> {
        if codec == self.codec {
            Ok(self.bytes.clone())
        } else {
            Err(not_remote(interface, method))
        }
    }

    fn encoded(&self) -> Option<&Encoded> {
        Some(self)
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// The arguments of a remote method before they are encoded.
pub(crate) struct TypedArguments<A>(pub(crate) A);

impl<A: ArgumentTuple> Arguments for TypedArguments<A> {
    fn encode(
        &self,
        codec: Codec,
        interface: &'static Interface,
        method: &'static Method,
    ) -> Result<Bytes, Infra> {
        tuple::encode(&self.0, codec, interface, method)
    }

    fn first_text(&self) -> Option<&str> {
        self.0.first_text()
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

/// The arguments of a method that is not remote; only the first attempt can take them.
pub(crate) struct LocalArguments<A>(Mutex<Option<A>>);

impl<A> LocalArguments<A> {
    pub(crate) fn new(arguments: A) -> Self {
        Self(Mutex::new(Some(arguments)))
    }

    pub(crate) fn take(&self) -> Option<A> {
        crate::sync::lock(&self.0).take()
    }
}

impl<A: Send + 'static> Arguments for LocalArguments<A> {
    fn encode(
        &self,
        _: Codec,
        interface: &'static Interface,
        method: &'static Method,
    ) -> Result<Bytes, Infra> {
        Err(not_remote(interface, method))
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

fn not_remote(interface: &Interface, method: &Method) -> Infra {
    Infra::new(
        InfraKind::Unimplemented,
        Processed::No,
        format!("`{}.{}` cannot leave the process", interface.path, method.name),
    )
}
