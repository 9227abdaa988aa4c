//! Bytes, and the external types that are strings: chrono, uuid, rust_decimal.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use crate::error::DecodeError;
use crate::reader::Field;
use crate::writer::{FieldPosition, Writer};
use crate::{Data, json};

/// Reads base64 with and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(super) fn put_bytes(bytes: &[u8], at: FieldPosition, out: &mut Writer) {
    if at.item || !bytes.is_empty() {
        out.write_bytes(at.number, bytes);
    }
}

pub(super) fn bytes_to_json(bytes: &[u8]) -> Value {
    Value::String(STANDARD.encode(bytes))
}

pub(super) fn bytes_from_json(value: Value) -> Result<Vec<u8>, DecodeError> {
    let text = json::take_string(value, "base64")?;
    BASE64.decode(text).map_err(|error| DecodeError::expected("base64", error.to_string()))
}

impl Data for Bytes {
    fn put(&self, at: FieldPosition, out: &mut Writer) {
        put_bytes(self, at, out);
    }

    fn get(field: Field<'_>) -> Result<Self, DecodeError> {
        Ok(Self::copy_from_slice(field.read_bytes("bytes")?.unwrap_or_default()))
    }

    fn to_json(&self) -> Value {
        bytes_to_json(self)
    }

    fn from_json(value: Value) -> Result<Self, DecodeError> {
        bytes_from_json(value).map(Self::from)
    }
}

/// With its trailing zeros, which say how exact it is, except in the canonical form.
fn write_decimal(value: &Decimal) -> String {
    if json::is_canonical() { value.normalize().to_string() } else { value.to_string() }
}

/// A type that is a string in both encodings, and has a value for a missing one.
macro_rules! text {
    ($($type:ty, $name:literal, $empty:expr, $write:expr, $read:expr;)*) => {$(
        impl Data for $type {
            fn put(&self, at: FieldPosition, out: &mut Writer) {
                out.write_bytes(at.number, $write(self).as_bytes());
            }

            fn get(field: Field<'_>) -> Result<Self, DecodeError> {
                let text = String::get(field)?;
                if text.is_empty() {
                    return Ok($empty);
                }
                let value: Option<Self> = $read(&text);
                value.ok_or_else(|| json::unexpected($name, &Value::String(text)))
            }

            fn to_json(&self) -> Value {
                Value::String($write(self))
            }

            fn from_json(value: Value) -> Result<Self, DecodeError> {
                let text = json::take_string(value, $name)?;
                let value: Option<Self> = $read(&text);
                value.ok_or_else(|| json::unexpected($name, &Value::String(text)))
            }
        }
    )*};
}

fn parse<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// `2024-05-01T12:30:00.5`, by chrono's own `Debug`, which reads back at any year.
fn write_date_time(value: &NaiveDateTime) -> String {
    format!("{value:?}")
}

pub(super) fn write_utc(value: &DateTime<Utc>) -> String {
    format!("{:?}Z", value.naive_utc())
}

pub(super) fn read_utc(text: &str) -> Option<DateTime<Utc>> {
    let plain = text.strip_suffix('Z').and_then(|plain| plain.parse().ok());
    let utc = plain.map(|plain: NaiveDateTime| plain.and_utc());
    utc.or_else(|| Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc()))
}

text! {
    NaiveDate, "a date as 2024-05-01", Self::default(), Self::to_string, parse;
    NaiveTime, "a time as 12:30:00", Self::default(), Self::to_string, parse;
    NaiveDateTime, "a time as 2024-05-01T12:30:00", Self::default(), write_date_time, parse;
    DateTime<Utc>, "a time as 2024-05-01T12:30:00Z", Self::default(), write_utc, read_utc;
    Uuid, "a UUID", Self::nil(), Self::to_string, parse;
    Decimal, "a decimal number", Self::ZERO, write_decimal, parse;
}
