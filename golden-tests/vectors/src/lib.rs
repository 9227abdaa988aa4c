//! Replays what others published about policies (what happened, and what the policy did about it) by the runtime's own state machines.
//!
//! Each [`Format`] of a file has a module in `formats`; the README says how to add one.

mod formats;
mod replay;

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

pub use formats::{FORMATS, Format};
pub use replay::Replay;

/// Replays a file of any of the [`FORMATS`].
///
/// # Errors
/// If the file cannot be read, is of none of the formats, or says something that its format does not know.
pub fn replay_file(path: &Path) -> Result<Replay> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    replay_text(&text).with_context(|| name.to_string())
}

/// As [`replay_file`], for the file's text.
///
/// # Errors
/// As those of [`replay_file`].
pub fn replay_text(text: &str) -> Result<Replay> {
    let file: Value = serde_json::from_str(text).context("expected JSON")?;
    let Some(format) = FORMATS.iter().find(|format| (format.recognize)(&file)) else {
        let known: Vec<String> = FORMATS
            .iter()
            .map(|format| format!("\n  {}: {}", format.name, format.recognized_by))
            .collect();
        bail!("the file has none of the known formats:{}", known.concat());
    };
    let mut replay = Replay::new(format.name);
    (format.replay)(file, &mut replay).with_context(|| format!("format {}", format.name))?;
    Ok(replay)
}
