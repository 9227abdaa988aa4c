//! What answers the methods that an interface itself declares, and those that it has of others.

use std::sync::Arc;

use futures_util::future;

use crate::call::Call;
use crate::chain::{Dispatch, Dispatched};
use crate::error::Infra;
use crate::method::{Interface, Method};

/// What a method of an interface answers: `Result<T, E>`, where `T` crosses a process and `E` can say that the infrastructure failed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an answer that a call can bring",
    label = "expected `Result<T, E>`",
    note = "a call can fail on its way: `E` derives `ServiceError`, which has an `#[infra]` variant"
)]
pub trait Answer {
    /// The value.
    type Value: bp_data::Data;
    /// The error.
    type Error: crate::ServiceError;
}

impl<T: bp_data::Data, E: crate::ServiceError> Answer for Result<T, E> {
    type Value = T;
    type Error = E;
}

/// The methods that an interface itself declares, of one instance; `#[interface]` implements it.
pub trait OwnMethods: Send + Sync {
    /// Answers a call of the method at `index` among those that the interface itself declares.
    fn answer(&self, index: u16, call: Call) -> Dispatched<'_>;
}

/// Answers calls of an interface by the interface that declares the method.
pub(crate) struct Routes {
    interface: &'static Interface,
    declarers: Vec<Arc<dyn OwnMethods>>,
    /// By method index: which of `declarers`, and the index there.
    methods: Vec<Option<(usize, u16)>>,
}

impl Routes {
    pub(crate) fn new(interface: &'static Interface) -> Self {
        Self { interface, declarers: Vec::new(), methods: vec![None; interface.methods.len()] }
    }

    /// Adds what an interface itself declares; what was added before stays.
    pub(crate) fn add(&mut self, own: &'static [Method], declarer: Arc<dyn OwnMethods>) {
        let at = self.declarers.len();
        for (index, method) in (0..).zip(own) {
            let found = self.interface.method(method.name);
            let route = found.and_then(|found| self.methods.get_mut(usize::from(found.index)));
            if let Some(route) = route {
                route.get_or_insert((at, index));
            }
        }
        self.declarers.push(declarer);
    }
}

impl Dispatch for Routes {
    fn dispatch(&self, call: Call) -> Dispatched<'_> {
        let route = self.methods.get(usize::from(call.method.index)).copied().flatten();
        match route.and_then(|(at, index)| Some((self.declarers.get(at)?, index))) {
            Some((declarer, index)) => declarer.answer(index, call),
            None => Box::pin(future::ready(Err(Infra::unknown_method(&call)))),
        }
    }
}
