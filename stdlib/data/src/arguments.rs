//! A call's arguments: a message whose fields are named and numbered by the method's declaration.

use std::any::Any;

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::error::DecodeError;
use crate::reader::Message;
use crate::wire::ArgumentNumbers;
use crate::writer::{At, Writer};
use crate::{Codec, Data, json};

/// A method's arguments: a tuple of up to twelve [`Data`] values.
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

    /// The first of them, if it is text; what a backend's method works on is named by it.
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
                        $( self.$index.put(At::field(wire.argument($index).1), &mut out); )*
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
                let mut members = json::object(value, ARGUMENTS)?;
                Ok(($( json::member::<$name>(&mut members, wire.argument($index).0)?, )*))
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
        json::object(value, ARGUMENTS).map(drop)
    }
}

arguments!(A 0);
arguments!(A 0, B 1);
arguments!(A 0, B 1, C 2);
arguments!(A 0, B 1, C 2, D 3);
arguments!(A 0, B 1, C 2, D 3, E 4);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10);
arguments!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11);
