//! Interfaces, what they extend, and the dispatch of calls to what implements them.

mod origin;
mod own_methods;
mod table;

use std::sync::Arc;

use crate::client::Client;
use crate::instance::InterfaceGlue;
use crate::method::Interface;

pub use origin::Origin;
pub use own_methods::OwnMethods;
pub(crate) use own_methods::{Answer, Routes};
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
    fn glue() -> InterfaceGlue;
}

impl InterfaceGlue {
    /// An interface of backends whose trait is `T`; the server's half answers the methods that the trait itself declares.
    ///
    /// [`InterfaceGlue::extends`] follows for each interface that it extends, in order, then [`InterfaceGlue::answer`] for each method of its own.
    pub fn of_interface<T: BackendInterface + ?Sized>(
        client: fn(Client) -> Arc<T>,
        server: fn(Arc<T>) -> Arc<dyn OwnMethods>,
    ) -> Self {
        let Declaration { interface, origin, .. } = T::DECLARATION;
        Self::with_own_methods(interface, *origin, client, server)
    }

    /// Adds an interface that `T` extends, with its methods.
    pub fn extends<T, S>(self, upcast: fn(Arc<T>) -> Arc<S>) -> Self
    where
        T: BackendInterface + ?Sized,
        S: BackendInterface + ?Sized,
    {
        self.inherit(S::glue(), upcast)
    }
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
