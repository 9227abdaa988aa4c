//! Files below `.bp/` that only save time: a damaged one, or one of another layout, is ignored.

use bp_system::System;
use camino::Utf8Path;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::digest::Digest;

/// Loads a value that [`put`] stored with the same `head`, which names its type and layout.
pub(crate) fn get<T: DeserializeOwned>(
    system: &dyn System,
    path: &Utf8Path,
    head: &str,
) -> Option<T> {
    decode(&system.read(path).ok()?, head)
}

/// Stores a value; if that fails, the next run does without it.
pub(crate) fn put<T: Serialize>(system: &dyn System, path: &Utf8Path, head: &str, value: &T) {
    if let Some(bytes) = encode(head, value) {
        let _ = system.write(path, &bytes);
    }
}

fn encode<T: Serialize>(head: &str, value: &T) -> Option<Vec<u8>> {
    Some(seal(head, &postcard::to_allocvec(value).ok()?))
}

/// The head, the digest of the body, and the body.
pub(crate) fn seal(head: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(head.len() + 16 + body.len());
    bytes.extend(head.as_bytes());
    bytes.extend(Digest::of(body).as_bytes());
    bytes.extend(body);
    bytes
}

/// The body of what [`seal`] made, if it is undamaged and has this head.
pub(crate) fn open<'a>(bytes: &'a [u8], head: &str) -> Option<&'a [u8]> {
    let (sum, body) = bytes.strip_prefix(head.as_bytes())?.split_at_checked(16)?;
    (Digest::of(body).as_bytes() == sum).then_some(body)
}

/// The value that [`encode`] was given, if the bytes are undamaged and have this head.
fn decode<T: DeserializeOwned>(bytes: &[u8], head: &str) -> Option<T> {
    match postcard::take_from_bytes(open(bytes, head)?) {
        Ok((value, [])) => Some(value),
        _ => None,
    }
}
