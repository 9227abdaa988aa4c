//! Interfaces that extend others: their tables of methods, put together while they are compiled, and the dispatch of calls to what implements them.

use std::sync::Arc;

use futures_util::future;

use crate::call::{Call, Interface, Method};
use crate::chain::{Dispatch, Dispatched};
use crate::error::Infra;
use crate::instance::AnyInstance;

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
    extends: &'static [&'static Declaration],
}

impl Declaration {
    /// `interface` has the methods of all that it extends, then its own.
    pub const fn new(
        interface: &'static Interface,
        extends: &'static [&'static Declaration],
    ) -> Self {
        Self { interface, extends }
    }

    /// The interface that declares the method, which this one has: itself, or one that it extends.
    #[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
    const fn find_declarer(&self, method: &str) -> &'static str {
        let mut i = 0;
        while i < self.extends.len() {
            if find(self.extends[i].interface.methods, method).is_some() {
                return self.extends[i].find_declarer(method);
            }
            i += 1;
        }
        self.interface.path
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

/// The method of a table by its name.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
const fn find<'a>(methods: &'a [Method], name: &str) -> Option<&'a Method> {
    let mut i = 0;
    while i < methods.len() {
        if is_same(methods[i].name, name) {
            return Some(&methods[i]);
        }
        i += 1;
    }
    None
}

#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
const fn is_same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut i = 0;
    while i < left.len() {
        if left[i] != right[i] {
            return false;
        }
        i += 1;
    }
    true
}

/// How many methods an interface has: of all that it extends, each once, and its own.
///
/// # Panics
/// Only while constants are evaluated: two methods have one name.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; indices are in range")]
pub const fn count_methods(
    path: &'static str,
    extends: &'static [&'static Declaration],
    own: &[Method],
) -> usize {
    let (mut count, mut i) = (own.len(), 0);
    while i < extends.len() {
        let methods = extends[i].interface.methods;
        let mut j = 0;
        while j < methods.len() {
            if is_first(path, extends, i, methods[j].name) {
                count += 1;
            }
            if find(own, methods[j].name).is_some() {
                refuse(methods[j].name, path, extends[i].find_declarer(methods[j].name));
            }
            j += 1;
        }
        i += 1;
    }
    assert!(count <= MAX_METHODS, "an interface has more than 65535 methods");
    count
}

/// Methods are numbered with 16 bits.
const MAX_METHODS: usize = 0xFFFF;

/// Whether no interface before the one at `at` has the method.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
const fn is_first(
    path: &'static str,
    extends: &'static [&'static Declaration],
    at: usize,
    name: &'static str,
) -> bool {
    let mut i = 0;
    while i < at {
        if find(extends[i].interface.methods, name).is_some() {
            let (left, right) = (extends[i].find_declarer(name), extends[at].find_declarer(name));
            if !is_same(left, right) {
                refuse_inherited(name, path, left, right);
            }
            return false;
        }
        i += 1;
    }
    true
}

/// The methods of an interface, in order: of all that it extends, each once, then its own.
///
/// # Panics
/// Only while constants are evaluated: two methods have one name.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; indices are in range")]
pub const fn join_methods<const N: usize>(
    path: &'static str,
    extends: &'static [&'static Declaration],
    own: &[Method],
) -> [Method; N] {
    let mut all = [Method::new(0, "", &[]); N];
    let (mut next, mut i) = (0, 0);
    while i < extends.len() {
        let methods = extends[i].interface.methods;
        let mut j = 0;
        while j < methods.len() {
            if is_first(path, extends, i, methods[j].name) {
                all[next] = methods[j];
                next += 1;
            }
            j += 1;
        }
        i += 1;
    }
    let mut i = 0;
    while i < own.len() {
        all[next] = own[i];
        next += 1;
        i += 1;
    }
    let mut index: u16 = 0;
    while (index as usize) < N {
        all[index as usize].index = index;
        index += 1;
    }
    all
}

/// The index of the first of an interface's own methods, which are its last.
#[expect(clippy::cast_possible_truncation, reason = "an interface has at most 65535 methods")]
pub const fn first_own(all: &[Method], own: &[Method]) -> u16 {
    (all.len() - own.len()) as u16
}

const fn refuse(name: &str, path: &str, other: &str) -> ! {
    refuse_with(&[
        "the interface `",
        path,
        "` declares `",
        name,
        "`, which it has from `",
        other,
        "`: a call could mean either, so give it another name",
    ])
}

const fn refuse_inherited(name: &str, path: &str, left: &str, right: &str) -> ! {
    refuse_with(&[
        "the interface `",
        path,
        "` has `",
        name,
        "` from `",
        left,
        "` and another from `",
        right,
        "`: a call could mean either, so it cannot extend both",
    ])
}

/// Fails the evaluation of a constant; a message that is too long for the room is cut after a part.
#[expect(clippy::panic, reason = "this is how a constant refuses to be compiled")]
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; indices are in range")]
const fn refuse_with(parts: &[&str]) -> ! {
    let mut room = [0; 1024];
    let (mut next, mut i) = (0, 0);
    while i < parts.len() && next + parts[i].len() <= room.len() {
        next = copy_text(parts[i], &mut room, next);
        i += 1;
    }
    panic!("{}", read_text(room.split_at(next).0))
}

/// Copies a text to `at`, and gives where it ends.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; indices are in range")]
const fn copy_text(text: &str, room: &mut [u8], at: usize) -> usize {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        room[at + i] = bytes[i];
        i += 1;
    }
    at + bytes.len()
}

/// The parts of the path of an interface, `acme_queue::Queue`, which its crate exports at the root whatever module has it.
pub const fn name_of(module: &'static str, name: &'static str) -> [&'static str; 3] {
    [find_crate(module), "::", name]
}

/// The parts of an interface's name in telemetry, `acme_queue.Queue`; `bp.Cache` for those of the standard library.
pub const fn wire_name_of(module: &'static str, name: &'static str) -> [&'static str; 3] {
    let package = find_crate(module);
    [if is_same(package, "bp_backend") { "bp" } else { package }, ".", name]
}

/// `acme_queue` of `acme_queue::queue`.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
const fn find_crate(module: &'static str) -> &'static str {
    let bytes = module.as_bytes();
    let mut i = 0;
    while i < bytes.len() && bytes[i] != b':' {
        i += 1;
    }
    read_text(bytes.split_at(i).0)
}

/// How long the parts are together.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
pub const fn count_bytes(parts: &[&str]) -> usize {
    let (mut count, mut i) = (0, 0);
    while i < parts.len() {
        count += parts[i].len();
        i += 1;
    }
    count
}

/// The parts as one text of [`count_bytes`] bytes.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
pub const fn join_text<const N: usize>(parts: &[&str]) -> [u8; N] {
    let mut room = [0; N];
    let (mut next, mut i) = (0, 0);
    while i < parts.len() {
        next = copy_text(parts[i], &mut room, next);
        i += 1;
    }
    room
}

/// Whole texts, put together, are a text.
///
/// # Panics
/// Only while constants are evaluated: the bytes are not UTF-8.
#[expect(clippy::panic, reason = "this is how a constant refuses to be compiled")]
pub const fn read_text(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("not UTF-8"),
    }
}
