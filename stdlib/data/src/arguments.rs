//! A call's arguments: a message whose fields are named and numbered by the method's declaration.

use std::any::Any;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::error::DecodeError;
use crate::reader::Message;
use crate::wire::ArgumentNumbers;
use crate::writer::{FieldPosition, Writer};
use crate::{Codec, Data, json};

/// How many arguments a method may have.
pub const MAX_ARGUMENTS: usize = 32;

/// A method's arguments: a tuple of up to [`MAX_ARGUMENTS`] [`Data`] values.
pub trait ArgumentTuple: Sized + Send + Sync + 'static {
    /// Encodes all of them.
    fn encode_arguments(&self, codec: Codec, wire: &ArgumentNumbers) -> Bytes;

    /// Decodes all of them; a missing one is its type's empty value.
    fn decode_arguments(
        codec: Codec,
        bytes: &[u8],
        wire: &ArgumentNumbers,
    ) -> Result<Self, DecodeError>;

    /// The JSON object with a member for each.
    fn arguments_to_json(&self, wire: &ArgumentNumbers) -> Value;

    /// The first of them, if it is text; for a backend's method it names what the method works on.
    fn first_text(&self) -> Option<&str> {
        None
    }

    /// Reads them from a JSON object; members that the method lacks are skipped.
    fn arguments_from_json(value: Value, wire: &ArgumentNumbers) -> Result<Self, DecodeError>;
}

const ARGUMENTS: &str = "an object of arguments";

macro_rules! arguments {
    ($($name:ident $index:tt),*) => {
        impl<$($name: Data),*> ArgumentTuple for ($($name,)*) {
            fn encode_arguments(&self, codec: Codec, wire: &ArgumentNumbers) -> Bytes {
                match codec {
                    Codec::Protobuf => {
                        let mut out = Writer::new();
                        $( self.$index.put(FieldPosition::field(wire.argument($index).1), &mut out); )*
                        out.into_bytes().into()
                    }
                    Codec::Json => self.arguments_to_json(wire).to_string().into(),
                }
            }

            fn decode_arguments(codec: Codec, bytes: &[u8], wire: &ArgumentNumbers) -> Result<Self, DecodeError> {
                match codec {
                    Codec::Protobuf => {
                        let message = Message::parse(bytes)?;
                        Ok(($({
                            let (name, number) = wire.argument($index);
                            message.get::<$name>(number, name)?
                        },)*))
                    }
                    Codec::Json => Self::arguments_from_json(json::parse(bytes)?, wire),
                }
            }

            fn arguments_to_json(&self, wire: &ArgumentNumbers) -> Value {
                let mut members = Map::new();
                $( members.insert(wire.argument($index).0.to_owned(), self.$index.to_json()); )*
                Value::Object(members)
            }

            fn first_text(&self) -> Option<&str> {
                let all: &[&dyn Any] = &[$( &self.$index ),*];
                all.first()?.downcast_ref::<String>().map(String::as_str)
            }

            fn arguments_from_json(value: Value, wire: &ArgumentNumbers) -> Result<Self, DecodeError> {
                let mut members = json::take_object(value, ARGUMENTS)?;
                Ok(($( json::take_member::<$name>(&mut members, wire.argument($index).0)?, )*))
            }
        }
    };
}

impl ArgumentTuple for () {
    fn encode_arguments(&self, codec: Codec, wire: &ArgumentNumbers) -> Bytes {
        match codec {
            Codec::Protobuf => Bytes::new(),
            Codec::Json => self.arguments_to_json(wire).to_string().into(),
        }
    }

    fn decode_arguments(
        codec: Codec,
        bytes: &[u8],
        wire: &ArgumentNumbers,
    ) -> Result<Self, DecodeError> {
        match codec {
            Codec::Protobuf => Message::parse(bytes).map(drop),
            Codec::Json => Self::arguments_from_json(json::parse(bytes)?, wire),
        }
    }

    fn arguments_to_json(&self, _: &ArgumentNumbers) -> Value {
        Value::Object(Map::new())
    }

    fn arguments_from_json(value: Value, _: &ArgumentNumbers) -> Result<Self, DecodeError> {
        json::take_object(value, ARGUMENTS).map(drop)
    }
}

/// Implements the trait for each tuple that begins as the list does.
macro_rules! each {
    (($($done:ident $at:tt),*)) => {
        const _: () = assert!([$($at),*].len() == MAX_ARGUMENTS);
    };
    (($($done:ident $at:tt),*) $next:ident $index:tt $(, $rest:ident $left:tt)*) => {
        arguments!($($done $at,)* $next $index);
        each!(($($done $at,)* $next $index) $($rest $left),*);
    };
}

each!(()
    A0 0, A1 1, A2 2, A3 3, A4 4, A5 5, A6 6, A7 7, A8 8, A9 9, A10 10, A11 11, A12 12, A13 13, A14 14, A15 15,
    A16 16, A17 17, A18 18, A19 19, A20 20, A21 21, A22 22, A23 23, A24 24, A25 25, A26 26, A27 27, A28 28, A29 29, A30 30, A31 31
);
