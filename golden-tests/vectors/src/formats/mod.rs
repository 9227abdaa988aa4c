//! The formats of files; each is a module that depends on nothing but the replay and the machines.

mod aws_retry;
mod grpc_retry;

use anyhow::Result;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::replay::Replay;

/// A format of files that machines can replay.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// How people name it.
    pub name: &'static str,
    /// What a file of the format has, in words.
    pub recognized_by: &'static str,
    /// Whether a file is of this format.
    pub recognize: fn(&Value) -> bool,
    /// Replays a file of the format; fails if the file says something that the format does not know, because nothing may be left out unsaid.
    pub replay: fn(Value, &mut Replay) -> Result<()>,
}

/// Every format, by name.
pub const FORMATS: &[Format] = &[aws_retry::FORMAT, grpc_retry::FORMAT];

/// Keys that say where a file comes from.
const ABOUT: &[&str] = &["source", "licence", "note", "verified", "mismatches"];

/// A file without what it says of itself.
fn read<F: DeserializeOwned>(mut file: Value) -> Result<F> {
    if let Value::Object(keys) = &mut file {
        for key in ABOUT {
            keys.remove(*key);
        }
    }
    Ok(serde_json::from_value(file)?)
}
