//! `bool`, `char`, floats, `String`, `()` and `Box`.

use serde_json::{Number, Value};

use crate::error::DecodeError;
use crate::reader::Field;
use crate::writer::{FieldPosition, WireType, Writer};
use crate::{Data, json};

impl Data for bool {
    const PACKED: Option<WireType> = Some(WireType::Varint);

    fn put(&self, at: FieldPosition, out: &mut Writer) {
        if at.item || *self {
            out.write_tag(at.number, WireType::Varint);
            self.put_bare(out);
        }
    }

    fn put_bare(&self, out: &mut Writer) {
        out.write_varint(u64::from(*self));
    }

    fn get(field: Field<'_>) -> Result<Self, DecodeError> {
        Ok(field.read_varint("a boolean")?.is_some_and(|value| value != 0))
    }

    fn to_json(&self) -> Value {
        Value::Bool(*self)
    }

    fn from_json(value: Value) -> Result<Self, DecodeError> {
        match (&value, value.as_str()) {
            (Value::Bool(value), _) => Ok(*value),
            (_, Some("true")) => Ok(true),
            (_, Some("false")) => Ok(false),
            _ => Err(json::unexpected("true or false", &value)),
        }
    }
}

const CHARACTER: &str = "a Unicode character";

impl Data for char {
    const PACKED: Option<WireType> = Some(WireType::Varint);

    fn put(&self, at: FieldPosition, out: &mut Writer) {
        u32::from(*self).put(at, out);
    }

    fn put_bare(&self, out: &mut Writer) {
        u32::from(*self).put_bare(out);
    }

    fn get(field: Field<'_>) -> Result<Self, DecodeError> {
        let value = u32::get(field)?;
        Self::from_u32(value).ok_or_else(|| DecodeError::expected(CHARACTER, format!("{value:#x}")))
    }

    fn to_json(&self) -> Value {
        Value::String(self.to_string())
    }

    fn from_json(value: Value) -> Result<Self, DecodeError> {
        let text = json::take_string(value, CHARACTER)?;
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(char), None) => Ok(char),
            _ => Err(json::unexpected(CHARACTER, &Value::String(text))),
        }
    }
}

const NUMBER: &str = "a number, \"NaN\", \"Infinity\" or \"-Infinity\"";

macro_rules! float {
    ($($float:ty, $wire:ident, $read:ident, $to_json:expr, $from_f64:expr;)*) => {$(
        impl Data for $float {
            const PACKED: Option<WireType> = Some(WireType::$wire);

            fn put(&self, at: FieldPosition, out: &mut Writer) {
                // By its bits, so that -0.0 does not count as the empty value.
                if at.item || self.to_bits() != 0 {
                    out.write_tag(at.number, WireType::$wire);
                    self.put_bare(out);
                }
            }

            fn put_bare(&self, out: &mut Writer) {
                out.write_raw(&self.to_le_bytes());
            }

            fn get(field: Field<'_>) -> Result<Self, DecodeError> {
                Ok(field.$read("a number")?.map_or(0.0, Self::from_le_bytes))
            }

            fn to_json(&self) -> Value {
                match $to_json(*self) {
                    Some(number) => Value::Number(number),
                    None if self.is_nan() => Value::from("NaN"),
                    None if *self > 0.0 => Value::from("Infinity"),
                    None => Value::from("-Infinity"),
                }
            }

            fn from_json(value: Value) -> Result<Self, DecodeError> {
                match value.as_str() {
                    Some("NaN") => Ok(Self::NAN),
                    Some("Infinity") => Ok(Self::INFINITY),
                    Some("-Infinity") => Ok(Self::NEG_INFINITY),
                    // Rust also reads "inf" and other words, which JSON does not have.
                    Some(text) if text.ends_with(|c: char| c.is_ascii_digit() || c == '.') => {
                        text.parse().map_err(|_| json::unexpected(NUMBER, &value))
                    }
                    _ => {
                        let number = value.as_f64().map($from_f64);
                        number.ok_or_else(|| json::unexpected(NUMBER, &value))
                    }
                }
            }
        }
    )*};
}

float! {
    f32, Fixed32, read_fixed32, shortest_number, round_to_f32;
    f64, Fixed64, read_fixed64, Number::from_f64, f64::from;
}

#[expect(clippy::cast_possible_truncation, reason = "an f32 is the nearest to what was sent")]
fn round_to_f32(value: f64) -> f32 {
    value as f32
}

/// An `f32` by its own shortest digits: 0.1 rather than 0.10000000149011612.
///
/// They are used only if they read back as the same `f32`, because rounding twice may not.
#[expect(clippy::cast_possible_truncation, reason = "compared right away")]
fn shortest_number(value: f32) -> Option<Number> {
    let exact = f64::from(value);
    let short = value.to_string().parse().ok();
    let short = short.filter(|short: &f64| (*short as f32).to_bits() == value.to_bits());
    Number::from_f64(short.unwrap_or(exact))
}

const TEXT: &str = "a string";

impl Data for String {
    const TEXT: bool = true;

    #[inline]
    fn put(&self, at: FieldPosition, out: &mut Writer) {
        if at.item || !self.is_empty() {
            out.write_bytes(at.number, self.as_bytes());
        }
    }

    #[inline]
    fn get(field: Field<'_>) -> Result<Self, DecodeError> {
        let bytes = field.read_bytes(TEXT)?.unwrap_or_default();
        let text = std::str::from_utf8(bytes);
        text.map(str::to_owned).map_err(|_| DecodeError::expected(TEXT, "invalid UTF-8"))
    }

    fn to_json(&self) -> Value {
        Value::String(self.clone())
    }

    fn from_json(value: Value) -> Result<Self, DecodeError> {
        json::take_string(value, TEXT)
    }
}

impl Data for () {
    const NULLABLE: bool = true;

    fn put(&self, at: FieldPosition, out: &mut Writer) {
        out.write_message(at.number, |_| {});
    }

    fn get(field: Field<'_>) -> Result<Self, DecodeError> {
        field.read_message().map(drop)
    }

    fn to_json(&self) -> Value {
        Value::Null
    }

    fn from_json(value: Value) -> Result<Self, DecodeError> {
        if value.is_null() { Ok(()) } else { Err(json::unexpected("null", &value)) }
    }
}

impl<T: Data> Data for Box<T> {
    const PACKED: Option<WireType> = T::PACKED;
    const NULLABLE: bool = T::NULLABLE;
    const TEXT: bool = T::TEXT;

    fn put(&self, at: FieldPosition, out: &mut Writer) {
        T::put(self, at, out);
    }

    fn put_bare(&self, out: &mut Writer) {
        T::put_bare(self, out);
    }

    fn get(field: Field<'_>) -> Result<Self, DecodeError> {
        T::get(field).map(Self::new)
    }

    fn to_json(&self) -> Value {
        T::to_json(self)
    }

    fn from_json(value: Value) -> Result<Self, DecodeError> {
        T::from_json(value).map(Self::new)
    }

    fn empty() -> Result<Self, DecodeError> {
        T::empty().map(Self::new)
    }
}
