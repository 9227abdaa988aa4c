//! `Duration` and `SystemTime`: a message of seconds and nanoseconds, a string in JSON.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::error::DecodeError;
use crate::reader::Field;
use crate::types::external::{read_utc, write_utc};
use crate::writer::{FieldPosition, Writer};
use crate::{Data, json};

const NANOS: u32 = 1_000_000_000;

fn put(seconds: i64, nanos: u32, at: FieldPosition, out: &mut Writer) {
    out.write_message(at.number, |out| {
        seconds.put(FieldPosition::field(1), out);
        nanos.put(FieldPosition::field(2), out);
    });
}

fn get(field: Field<'_>) -> Result<(i64, u32), DecodeError> {
    let message = field.read_message()?;
    let nanos = message.get(2, "nanos")?;
    if nanos < NANOS {
        Ok((message.get(1, "seconds")?, nanos))
    } else {
        Err(DecodeError::expected("less than a second", format!("{nanos} ns")).at("nanos"))
    }
}

/// `1.5s`: seconds with up to nine digits behind the point.
fn write(negative: bool, length: Duration) -> String {
    let sign = if negative { "-" } else { "" };
    let text = format!("{sign}{}.{:09}", length.as_secs(), length.subsec_nanos());
    format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
}

fn read(text: &str) -> Option<(bool, Duration)> {
    let number = text.strip_suffix('s')?;
    let (negative, number) = match number.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, number),
    };
    let (seconds, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(seconds) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let nanos = format!("{fraction:0<9}").parse().ok()?;
    Some((negative, Duration::new(seconds.parse().ok()?, nanos)))
}

impl Data for Duration {
    /// Seconds above `i64::MAX` wrap, so that `Duration::MAX` comes back as itself.
    fn put(&self, at: FieldPosition, out: &mut Writer) {
        put(self.as_secs().cast_signed(), self.subsec_nanos(), at, out);
    }

    fn get(field: Field<'_>) -> Result<Self, DecodeError> {
        let (seconds, nanos) = get(field)?;
        Ok(Self::new(seconds.cast_unsigned(), nanos))
    }

    fn to_json(&self) -> Value {
        Value::String(write(false, *self))
    }

    fn from_json(value: Value) -> Result<Self, DecodeError> {
        let text = json::take_string(value, "a duration as \"1.5s\"")?;
        match read(&text) {
            Some((false, length)) => Ok(length),
            _ => Err(json::unexpected("a duration as \"1.5s\"", &Value::String(text))),
        }
    }
}

const TIME: &str = "a time as 2024-05-01T12:30:00Z";

fn to_system_time(negative: bool, length: Duration) -> Option<SystemTime> {
    if negative {
        SystemTime::UNIX_EPOCH.checked_sub(length)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(length)
    }
}

/// Before the epoch or not, and how far from it.
fn since_epoch(time: SystemTime) -> (bool, Duration) {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(length) => (false, length),
        Err(before) => (true, before.duration()),
    }
}

/// Whole seconds, rounded down, and nanoseconds from there; `None` beyond 64 bits of seconds.
fn floor_to_nanos(time: SystemTime) -> Option<(i64, u32)> {
    let (negative, length) = since_epoch(time);
    let (seconds, nanos) = (i128::from(length.as_secs()), length.subsec_nanos());
    let (seconds, nanos) = match (negative, nanos) {
        (false, _) => (seconds, nanos),
        (true, 0) => (-seconds, 0),
        (true, _) => (-seconds - 1, NANOS - nanos),
    };
    Some((i64::try_from(seconds).ok()?, nanos))
}

impl Data for SystemTime {
    fn put(&self, at: FieldPosition, out: &mut Writer) {
        // No supported system has times beyond 64 bits of seconds.
        let (seconds, nanos) = floor_to_nanos(*self).unwrap_or((i64::MAX, 0));
        put(seconds, nanos, at, out);
    }

    fn get(field: Field<'_>) -> Result<Self, DecodeError> {
        let (seconds, nanos) = get(field)?;
        let time = to_system_time(seconds < 0, Duration::from_secs(seconds.unsigned_abs()));
        let time = time.and_then(|time| time.checked_add(Duration::new(0, nanos)));
        time.ok_or_else(|| DecodeError::expected(TIME, format!("{seconds} s")))
    }

    /// RFC 3339; years beyond what chrono knows as seconds since 1970, `-12.5s`.
    fn to_json(&self) -> Value {
        let utc = floor_to_nanos(*self)
            .and_then(|(seconds, nanos)| DateTime::<Utc>::from_timestamp(seconds, nanos));
        let (negative, length) = since_epoch(*self);
        Value::String(utc.map_or_else(|| write(negative, length), |utc| write_utc(&utc)))
    }

    fn from_json(value: Value) -> Result<Self, DecodeError> {
        let text = json::take_string(value, TIME)?;
        let time = match read(&text) {
            Some((negative, length)) => to_system_time(negative, length),
            None => read_utc(&text).and_then(|utc| {
                let seconds = utc.timestamp();
                let start =
                    to_system_time(seconds < 0, Duration::from_secs(seconds.unsigned_abs()))?;
                start.checked_add(Duration::new(0, utc.timestamp_subsec_nanos()))
            }),
        };
        time.ok_or_else(|| json::unexpected(TIME, &Value::String(text)))
    }
}
