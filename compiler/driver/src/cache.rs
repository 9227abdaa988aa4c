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

/// The head, the digest of everything else and of the head, and the value.
fn encode<T: Serialize>(head: &str, value: &T) -> Option<Vec<u8>> {
    let body = postcard::to_allocvec(value).ok()?;
    let mut bytes = Vec::with_capacity(head.len() + 16 + body.len());
    bytes.extend(head.as_bytes());
    bytes.extend(Digest::of(&body).as_bytes());
    bytes.extend(body);
    Some(bytes)
}

/// What [`encode`] made, whole and with this head.
fn decode<T: DeserializeOwned>(bytes: &[u8], head: &str) -> Option<T> {
    let (sum, body) = bytes.strip_prefix(head.as_bytes())?.split_at_checked(16)?;
    if Digest::of(body).as_bytes() != sum {
        return None;
    }
    match postcard::take_from_bytes(body) {
        Ok((value, [])) => Some(value),
        _ => None,
    }
}
