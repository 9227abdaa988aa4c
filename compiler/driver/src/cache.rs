//! Files below `.bp/` that save time and decide nothing: a damaged one, or one of another layout, is as good as none.

use bp_system::System;
use camino::Utf8Path;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::digest::Digest;

/// A value that [`put`] kept with the same `head`, which names what it is and its layout.
pub(crate) fn get<T: DeserializeOwned>(
    system: &dyn System,
    path: &Utf8Path,
    head: &str,
) -> Option<T> {
    decode(&system.read(path).ok()?, head)
}

/// Keeps a value; where that fails, there is none next time.
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

/// The body of what [`seal`] made, whole and with this head.
pub(crate) fn open<'a>(bytes: &'a [u8], head: &str) -> Option<&'a [u8]> {
    let (sum, body) = bytes.strip_prefix(head.as_bytes())?.split_at_checked(16)?;
    (Digest::of(body).as_bytes() == sum).then_some(body)
}

/// What [`encode`] made, whole and with this head.
fn decode<T: DeserializeOwned>(bytes: &[u8], head: &str) -> Option<T> {
    match postcard::take_from_bytes(open(bytes, head)?) {
        Ok((value, [])) => Some(value),
        _ => None,
    }
}
