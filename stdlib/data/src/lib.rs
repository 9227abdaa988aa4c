//! How values cross a process boundary: their types encode them to protobuf and to JSON.
//!
//! # The mapping
//!
//! | Rust | protobuf | JSON |
//! |---|---|---|
//! | `bool` | `bool` | `true`, `false` |
//! | `u8` `u16` `u32` | `uint32` | number |
//! | `char` | `uint32` | string of one character |
//! | `i8` `i16` `i32` | `sint32` | number |
//! | `u64` · `i64` | `uint64` · `sint64` | string (a number is accepted) |
//! | `u128` `i128` | `bytes`: 16, big endian | string (a number is accepted) |
//! | `f32` · `f64` | `float` · `double` | number, `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | `String` | `string` | string |
//! | `Vec<u8>` `Bytes` `[u8; N]` | `bytes` | base64, padded (unpadded is accepted) |
//! | `()` | message `bp.Unit`, empty | `null` |
//! | `Option<T>` | `optional` | `null` or the value; `{"some": value}` where the value itself may be `null` |
//! | `Box<T>` | as `T` | as `T` |
//! | `Vec<T>` `VecDeque<T>` `[T; N]`, sets | `repeated`, packed for scalars and enums | array |
//! | maps | `repeated` message {1: key, 2: value}; that is protobuf's `map` where it allows the key | object if the key is `String`, else array of `[key, value]` |
//! | tuple | message with fields 1 … n | array |
//! | struct with named fields | message | object |
//! | struct with one unnamed field | message with one field | as the field |
//! | struct with several unnamed fields | message | array |
//! | struct without fields | message, empty | `null` |
//! | enum, all variants without content | `enum`, number 0 reserved | `"Variant"` |
//! | any other enum, and every error (`derive(ServiceError)`) | message, `oneof` a field per variant: | `"Variant"` or `{"Variant": content}` |
//! | – variant without content | `bp.Unit` | `"Variant"` |
//! | – variant with one unnamed field | the field's type | `{"Variant": value}` |
//! | – variant with several unnamed fields | message | `{"Variant": [ … ]}` |
//! | – variant with named fields | message | `{"Variant": { … }}` |
//! | `Duration` | message {1: `sint64 seconds`, 2: `uint32 nanos`} | `"1.5s"` |
//! | `SystemTime` | the same, since 1970, seconds rounded down | RFC 3339 string |
//! | chrono `NaiveDate` `NaiveTime` `NaiveDateTime` `DateTime<Utc>`, `Uuid`, `Decimal` | `string` | string |
//!
//! *Nesting.* Where a list's item, an option's content, a variant's only field, or a map's key or value is itself
//! optional or repeated (`Option`, a list other than bytes, a set, a map), protobuf has no field for it:
//! there it is a wrapper message with the value as field 1.
//!
//! *Roots.* [`encode`] writes a message whose field 1 is the value, whatever its type; so a method's reply is
//! `message … { T result = 1; }`, and its type can change from one to optional or repeated.
//! In JSON the root is the value. A call's arguments ([`ArgumentTuple`]) are a message, or an object, with a field for each.
//!
//! *Numbers* come from the [`wire`] table.
//!
//! # Reading
//!
//! A missing field is its type's empty value: 0, "", `None`, no items, a struct of empty fields, the epoch, a nil UUID.
//! An enum has none, so that a missing one is an error; so is a variant that this build does not know.
//! In JSON a text is accepted for a number, a truth value, an object or an array of one, because a URL's path or query has only text.
//! Unknown fields are skipped. Later items of a tuple may be missing.
//! Messages may be nested [`MAX_DEPTH`] deep, counted with wrappers and map entries.
//! A [`DecodeError`] names the place and what was expected there.

mod arguments;
mod data;
mod error;
pub mod json;
mod json_shape;
mod reader;
mod types;
pub mod wire;
mod writer;

use bytes::Bytes;

pub use arguments::{ArgumentTuple, MAX_ARGUMENTS};
pub use data::Data;
pub use error::{DecodeError, Problem};
pub use reader::{Field, Message};
pub use writer::{FieldPosition, WireType, Writer};
/// The crates whose types are [`Data`], in the versions that implement it.
pub use {bytes, chrono, rust_decimal, uuid};

/// How deep messages may be nested, as in other implementations of protobuf.
pub const MAX_DEPTH: u32 = 100;

/// One of the two encodings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Compact, with numbered fields.
    Protobuf,
    /// Text, with named fields.
    Json,
}

impl Codec {
    /// The media type of what [`encode`] gives.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// Encodes one value: in protobuf a message with the value as field 1, in JSON the value.
pub fn encode<T: Data>(codec: Codec, value: &T) -> Bytes {
    match codec {
        Codec::Protobuf => {
            let mut out = Writer::new();
            value.put(FieldPosition::field(1), &mut out);
            out.into_bytes().into()
        }
        Codec::Json => value.to_json().to_string().into(),
    }
}

/// Decodes what [`encode`] gave, here or in another build of the application.
pub fn decode<T: Data>(codec: Codec, bytes: &[u8]) -> Result<T, DecodeError> {
    match codec {
        Codec::Protobuf => T::get(Message::parse(bytes)?.field(1)),
        Codec::Json => T::from_json(json::parse(bytes)?),
    }
}

/// What derived code names; no part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::wire::Slot;
    pub use crate::{Data, DecodeError, Field, FieldPosition, Message, WireType, Writer, json};
    pub use serde_json::{Map, Value};
    // A workflow may depend on a crate that is called `core`, or `std`.
    pub use {core, std};
}
