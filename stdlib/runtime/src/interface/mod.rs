//! Interfaces, what they extend, and the dispatch of calls to what implements them.

mod table;

use std::fmt;
use std::sync::Arc;

use bp_contract::units::is_same_text;
use futures_util::future;

use crate::call::{Call, Interface, Method};
use crate::chain::{Dispatch, Dispatched};
use crate::error::Infra;
use crate::instance::AnyInstance;

pub use table::{
    count_bytes, count_methods, first_own, join_methods, join_text, name_of, read_text,
    wire_name_of,
};

/// A trait that backends implement and workflows call; `#[interface]` implements it for the trait object, `dyn Queue`.
///
/// The crate that declares the trait marks it, so a plugin names the trait and nothing else.
/// A trait may extend others. It has their methods first, each once, then its own:
///
/// ```
/// use bp_macros::{ServiceError, interface};
/// use bp_runtime::{BackendInterface, Infra};
///
/// #[derive(Debug, ServiceError)]
/// #[service_error(crate = ::bp_runtime)]
/// pub enum QueueError {
///     #[infra]
///     Infra(Infra),
/// }
///
/// #[interface(crate = ::bp_runtime)]
/// pub trait Queue {
///     async fn push(&self, text: String) -> Result<(), QueueError>;
/// }
///
/// #[interface(crate = ::bp_runtime)]
/// pub trait Counted: Queue {
///     #[idempotent]
///     async fn len(&self) -> Result<u64, QueueError>;
/// }
///
/// #[interface(crate = ::bp_runtime)]
/// pub trait Peeked: Queue {
///     #[idempotent]
///     async fn peek(&self) -> Result<Option<String>, QueueError>;
/// }
///
/// #[interface(crate = ::bp_runtime)]
/// pub trait Deque: Counted + Peeked {
///     async fn push_front(&self, text: String) -> Result<(), QueueError>;
/// }
///
/// # fn main() {
/// let methods: Vec<_> =
///     <dyn Deque>::glue().interface().methods.iter().map(|method| method.name).collect();
/// assert_eq!(methods, ["push", "len", "peek", "push_front"]);
/// # }
/// ```
///
/// What it extends is an interface too:
///
/// ```compile_fail,E0277
/// # use bp_macros::{ServiceError, interface};
/// # use bp_runtime::Infra;
/// # fn main() {}
/// # #[derive(Debug, ServiceError)]
/// # #[service_error(crate = ::bp_runtime)]
/// # pub enum QueueError {
/// #     #[infra]
/// #     Infra(Infra),
/// # }
/// trait Queue {}
///
/// #[interface(crate = ::bp_runtime)]
/// pub trait Counted: Queue {}
/// ```
///
/// Two methods of one name are one method only if one interface declares both; this and the next do not compile:
///
/// ```compile_fail,E0080
/// # use bp_macros::{ServiceError, interface};
/// # use bp_runtime::Infra;
/// # fn main() {}
/// # #[derive(Debug, ServiceError)]
/// # #[service_error(crate = ::bp_runtime)]
/// # pub enum QueueError {
/// #     #[infra]
/// #     Infra(Infra),
/// # }
/// # #[interface(crate = ::bp_runtime)]
/// # pub trait Queue {
/// #     async fn push(&self, text: String) -> Result<(), QueueError>;
/// # }
/// #[interface(crate = ::bp_runtime)]
/// pub trait Stack {
///     async fn push(&self, text: String) -> Result<(), QueueError>;
/// }
///
/// #[interface(crate = ::bp_runtime)]
/// pub trait Both: Queue + Stack {}
/// ```
///
/// ```compile_fail,E0080
/// # use bp_macros::{ServiceError, interface};
/// # use bp_runtime::Infra;
/// # fn main() {}
/// # #[derive(Debug, ServiceError)]
/// # #[service_error(crate = ::bp_runtime)]
/// # pub enum QueueError {
/// #     #[infra]
/// #     Infra(Infra),
/// # }
/// # #[interface(crate = ::bp_runtime)]
/// # pub trait Queue {
/// #     async fn push(&self, text: String) -> Result<(), QueueError>;
/// # }
/// #[interface(crate = ::bp_runtime)]
/// pub trait Deque: Queue {
///     async fn push(&self, text: String, front: bool) -> Result<(), QueueError>;
/// }
/// ```
///
/// Neither are two interfaces of one path one interface:
///
/// ```compile_fail,E0080
/// # use bp_macros::{ServiceError, interface};
/// # use bp_runtime::Infra;
/// # fn main() {}
/// # #[derive(Debug, ServiceError)]
/// # #[service_error(crate = ::bp_runtime)]
/// # pub enum QueueError {
/// #     #[infra]
/// #     Infra(Infra),
/// # }
/// mod first {
/// #   use super::*;
///     #[interface(crate = ::bp_runtime)]
///     pub trait Queue {
///         async fn push(&self, text: String) -> Result<(), QueueError>;
///     }
/// }
///
/// mod second {
/// #   use super::*;
///     #[interface(crate = ::bp_runtime)]
///     pub trait Queue {
///         async fn push(&self, text: String, front: bool) -> Result<(), QueueError>;
///     }
/// }
///
/// #[interface(crate = ::bp_runtime)]
/// pub trait Both: first::Queue + second::Queue {}
/// ```
///
/// An argument, a value and an error that cannot leave the process are errors of their types:
///
/// ```compile_fail,E0277
/// # use bp_macros::{ServiceError, interface};
/// # use bp_runtime::Infra;
/// # fn main() {}
/// # #[derive(Debug, ServiceError)]
/// # #[service_error(crate = ::bp_runtime)]
/// # pub enum QueueError {
/// #     #[infra]
/// #     Infra(Infra),
/// # }
/// pub struct Item;
///
/// #[interface(crate = ::bp_runtime)]
/// pub trait Queue {
///     async fn push(&self, item: Item) -> Result<(), QueueError>;
/// }
/// ```
///
/// ```compile_fail,E0277
/// # use bp_macros::{ServiceError, interface};
/// # use bp_runtime::Infra;
/// # fn main() {}
/// # #[derive(Debug, ServiceError)]
/// # #[service_error(crate = ::bp_runtime)]
/// # pub enum QueueError {
/// #     #[infra]
/// #     Infra(Infra),
/// # }
/// #[interface(crate = ::bp_runtime)]
/// pub trait Queue {
///     async fn pop(&self) -> Result<String, std::fmt::Error>;
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an interface",
    label = "an interface is expected here",
    note = "an interface extends interfaces and a backend offers them: mark the trait with `#[interface]`"
)]
pub trait BackendInterface: Send + Sync + 'static {
    /// Its methods, and what it extends.
    const DECLARATION: &'static Declaration;

    /// Its client and server halves.
    fn glue() -> crate::InterfaceGlue;
}

/// An interface with those that it extends.
#[derive(Debug)]
pub struct Declaration {
    pub(crate) interface: &'static Interface,
    pub(crate) origin: Origin,
    extends: &'static [&'static Declaration],
}

impl Declaration {
    /// `interface` has the methods of all that it extends, then its own.
    pub const fn new(
        interface: &'static Interface,
        origin: Origin,
        extends: &'static [&'static Declaration],
    ) -> Self {
        Self { interface, origin, extends }
    }

    /// How often one must go to what is extended to come to the interface at `path`; `None` when it is not extended.
    pub(crate) fn count_steps(&self, path: &str) -> Option<usize> {
        if self.interface.path == path {
            return Some(0);
        }
        let steps = self.extends.iter().filter_map(|extended| extended.count_steps(path));
        Some(steps.min()? + 1)
    }

    /// Whether both are of one trait.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.origin.is(&other.origin)
    }

    /// Where the method, which this interface has, is declared: here, or by an interface that it extends.
    #[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
    const fn find_declarer(&self, method: &str) -> Origin {
        let mut i = 0;
        while i < self.extends.len() {
            if table::find(self.extends[i].interface.methods, method).is_some() {
                return self.extends[i].find_declarer(method);
            }
            i += 1;
        }
        self.origin
    }
}

/// The place of an interface's declaration, which tells it from others of the same path: two modules or two versions of a crate may have one each.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    module: &'static str,
    name: &'static str,
    version: &'static str,
    line: u32,
}

impl Origin {
    /// The module and name of the trait, its package's version, which only cargo says, and its line.
    pub const fn new(
        module: &'static str,
        name: &'static str,
        version: Option<&'static str>,
        line: u32,
    ) -> Self {
        let version = match version {
            Some(version) => version,
            None => "unknown",
        };
        Self { module, name, version, line }
    }

    const fn is(&self, other: &Self) -> bool {
        is_same_text(self.module, other.module)
            && is_same_text(self.name, other.name)
            && is_same_text(self.version, other.version)
            && self.line == other.line
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}::{}` of version {}", self.module, self.name, self.version)
    }
}

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

/// An interface that another extends, and how an instance of the other is one of it.
pub(crate) struct Extended {
    pub(crate) glue: Arc<crate::InterfaceGlue>,
    pub(crate) upcast: Box<Upcast>,
}

type Upcast = dyn Fn(&AnyInstance) -> Option<AnyInstance> + Send + Sync;
