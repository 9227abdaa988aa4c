//! Integers: unsigned ones as varints, signed ones zigzag, 128 bits as sixteen bytes; JSON strings from 64 bits up.

use serde_json::Value;

use crate::error::DecodeError;
use crate::reader::Field;
use crate::writer::{FieldPosition, WireType, Writer};
use crate::{Data, json};

fn out_of_range(expected: &'static str, value: &impl ToString) -> DecodeError {
    DecodeError::expected(expected, value.to_string())
}

/// A list of bytes is bytes, any other is repeated.
macro_rules! list {
    (u8) => {
        fn put_list(items: &[Self], at: FieldPosition, out: &mut Writer) {
            crate::types::external::put_bytes(items, at, out);
        }

        fn get_list(field: Field<'_>) -> Result<Vec<Self>, DecodeError> {
            Ok(field.read_bytes("bytes")?.unwrap_or_default().to_vec())
        }

        fn list_to_json(items: &[Self]) -> Value {
            crate::types::external::bytes_to_json(items)
        }

        fn list_from_json(value: Value) -> Result<Vec<Self>, DecodeError> {
            crate::types::external::bytes_from_json(value)
        }
    };
    ($other:ident) => {};
}
macro_rules! varint {
    ($($int:ident, $wide:ty, $name:literal, $bare:expr, $read:expr, $to_json:expr, $from_json:expr;)*) => {$(
        impl Data for $int {
            const PACKED: Option<WireType> = Some(WireType::Varint);

            #[inline]
            fn put(&self, at: FieldPosition, out: &mut Writer) {
                if at.item || *self != 0 {
                    out.write_tag(at.number, WireType::Varint);
                    self.put_bare(out);
                }
            }

            #[inline]
            fn put_bare(&self, out: &mut Writer) {
                out.write_varint($bare(<$wide>::from(*self)));
            }

            #[inline]
            fn get(field: Field<'_>) -> Result<Self, DecodeError> {
                let value: $wide = field.read_varint($name)?.map_or(0, $read);
                Self::try_from(value).map_err(|_| out_of_range($name, &value))
            }

            fn to_json(&self) -> Value {
                $to_json(self)
            }

            fn from_json(value: Value) -> Result<Self, DecodeError> {
                let number: Option<$wide> = $from_json(&value);
                let number = number.and_then(|number| Self::try_from(number).ok());
                number.ok_or_else(|| json::unexpected($name, &value))
            }
            list!($int);
        }
    )*};
}

fn same(value: u64) -> u64 {
    value
}

#[expect(clippy::cast_sign_loss, reason = "the bits are meant")]
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

#[expect(clippy::cast_possible_wrap, reason = "the bits are meant")]
fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

fn number<T: Copy + Into<Value>>(value: &T) -> Value {
    (*value).into()
}

fn text(value: &impl ToString) -> Value {
    Value::String(value.to_string())
}

fn wide_json<T: Copy + Into<i128>>(value: &T) -> Value {
    json::wide_integer_to_json((*value).into())
}

/// An integer from a JSON string, or from a number if it is one.
fn read_wide<T: std::str::FromStr>(value: &Value) -> Option<T> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) if !number.is_f64() => number.to_string().parse().ok(),
        _ => None,
    }
}

fn read_natural(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn read_whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

varint! {
    u8, u64, "an integer from 0 to 255", same, same, number, read_natural;
    u16, u64, "an integer from 0 to 65535", same, same, number, read_natural;
    u32, u64, "an integer from 0 to 4294967295", same, same, number, read_natural;
    u64, u64, "an integer of 64 bits from 0", same, same, wide_json, read_wide;
    i8, i64, "an integer from -128 to 127", zigzag, unzigzag, number, read_whole;
    i16, i64, "an integer from -32768 to 32767", zigzag, unzigzag, number, read_whole;
    i32, i64, "an integer of 32 bits", zigzag, unzigzag, number, read_whole;
    i64, i64, "an integer of 64 bits", zigzag, unzigzag, wide_json, read_wide;
}

macro_rules! sixteen_bytes {
    ($($int:ty, $name:literal;)*) => {$(
        impl Data for $int {
            fn put(&self, at: FieldPosition, out: &mut Writer) {
                if at.item || *self != 0 {
                    out.write_bytes(at.number, &self.to_be_bytes());
                }
            }

            fn get(field: Field<'_>) -> Result<Self, DecodeError> {
                match field.read_bytes($name)?.unwrap_or_default() {
                    [] => Ok(0),
                    bytes => {
                        let wrong = || DecodeError::expected($name, format!("{} bytes", bytes.len()));
                        bytes.try_into().map(Self::from_be_bytes).map_err(|_| wrong())
                    }
                }
            }

            fn to_json(&self) -> Value {
                text(self)
            }

            fn from_json(value: Value) -> Result<Self, DecodeError> {
                read_wide(&value).ok_or_else(|| json::unexpected($name, &value))
            }
        }
    )*};
}

sixteen_bytes! {
    u128, "an integer of 128 bits from 0";
    i128, "an integer of 128 bits";
}
