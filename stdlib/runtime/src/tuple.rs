//! The numbers of methods' arguments, looked up once an interface.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwap;
use bp_data::wire::{self, ArgumentNumbers};
use bp_data::{ArgumentTuple, Codec};
use bytes::Bytes;

use crate::error::Infra;
use crate::method::{Interface, Method};

type Tables = BTreeMap<&'static str, Arc<[ArgumentNumbers]>>;

/// By interface path. Read at every remote call, so readers take no lock.
static TABLES: LazyLock<ArcSwap<Tables>> = LazyLock::new(ArcSwap::default);

/// Runs `work` with the numbers of a method's arguments.
fn with_numbers<T>(
    interface: &'static Interface,
    method: &'static Method,
    work: impl FnOnce(&ArgumentNumbers) -> Result<T, Infra>,
) -> Result<T, Infra> {
    let index = usize::from(method.index);
    if let Some(numbers) = TABLES.load().get(interface.path).and_then(|table| table.get(index)) {
        return work(numbers);
    }
    let table: Arc<[ArgumentNumbers]> = interface
        .methods
        .iter()
        .map(|method| wire::arguments(interface.path, method.name, method.arguments))
        .collect();
    TABLES.rcu(|tables| {
        let mut tables = Tables::clone(tables);
        tables.insert(interface.path, table.clone());
        tables
    });
    table.get(index).map_or_else(
        || Err(Infra::internal(format!("`{}` has no method {index}", interface.path))),
        work,
    )
}

/// The arguments as one message.
pub(crate) fn encode<A: ArgumentTuple>(
    arguments: &A,
    codec: Codec,
    interface: &'static Interface,
    method: &'static Method,
) -> Result<Bytes, Infra> {
    with_numbers(interface, method, |numbers| Ok(arguments.encode_arguments(codec, numbers)))
}

/// The arguments in a message.
pub(crate) fn decode<A: ArgumentTuple>(
    codec: Codec,
    bytes: &[u8],
    interface: &'static Interface,
    method: &'static Method,
) -> Result<A, Infra> {
    with_numbers(interface, method, |numbers| {
        A::decode_arguments(codec, bytes, numbers).map_err(|error| {
            Infra::decode(format!("the arguments of `{}.{}`: {error}", interface.path, method.name))
        })
    })
}

/// Another copy, for an attempt that shares its arguments with the next: what `Data` can encode it can copy.
pub(crate) fn copy<A: ArgumentTuple>(
    arguments: &A,
    interface: &'static Interface,
    method: &'static Method,
) -> Result<A, Infra> {
    let bytes = encode(arguments, Codec::Protobuf, interface, method)?;
    decode(Codec::Protobuf, &bytes, interface, method)
}
