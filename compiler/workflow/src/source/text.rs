//! Reading a file as text.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;

use bp_diag::{Diagnostics, FileId, SourceMap, Span, catalog::workflow as codes};
use bp_system::{EntryKind, System};
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

/// Resolves `.` and `..` by text, so that one file has one path.
pub(crate) fn normalize(path: &Utf8Path) -> Utf8PathBuf {
    let mut out = Utf8PathBuf::new();
    for part in path.components() {
        match part {
            Utf8Component::CurDir => {}
            Utf8Component::ParentDir => {
                let plain = matches!(out.components().next_back(), Some(Utf8Component::Normal(_)));
                let root = matches!(out.components().next_back(), Some(Utf8Component::RootDir));
                if plain {
                    out.pop();
                } else if !root {
                    out.push("..");
                }
            }
            other => out.push(other),
        }
    }
    if out.as_str().is_empty() { Utf8PathBuf::from(".") } else { out }
}

/// A path as messages show it: relative to the working directory where it lies inside, unless that is the root of the file system.
pub(crate) fn display_path(system: &dyn System, path: &Utf8Path) -> String {
    let path = normalize(path);
    let shown = match system.current_directory() {
        Ok(here) if path.is_absolute() && here.parent().is_some() => {
            path.strip_prefix(&here).map_or_else(|_| path.clone(), Utf8Path::to_owned)
        }
        _ => path,
    };
    shown.as_str().replace('\\', "/")
}

/// Why a file cannot be read, in words that do not depend on the operating system.
fn describe_error(system: &dyn System, path: &Utf8Path, error: &io::Error) -> String {
    match system.kind(path) {
        Some(EntryKind::Directory) => "it is a directory".to_owned(),
        Some(EntryKind::Other) => "it is not a regular file".to_owned(),
        _ => match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            kind => kind.to_string(),
        },
    }
}

/// The result of reading a file as text.
#[derive(Debug, Clone)]
pub(crate) enum LoadedText {
    Text(Arc<str>),
    /// Part of it is not UTF-8, from this offset of what can be shown.
    NotUtf8(Arc<str>, usize),
    /// It has a NUL byte here.
    Nul(Arc<str>, usize),
    Unreadable(String),
}

/// Reads a file that must be UTF-8 without NUL.
pub(crate) fn read_text(system: &dyn System, path: &Utf8Path) -> LoadedText {
    // A device or a pipe could block or never end, so it is not opened at all.
    let read = match system.kind(path) {
        Some(EntryKind::Other) => Err(io::Error::other("special file")),
        _ => system.read(path),
    };
    let bytes = match read {
        Ok(bytes) => bytes,
        Err(error) => return LoadedText::Unreadable(describe_error(system, path, &error)),
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let offset = error.utf8_error().valid_up_to();
            return LoadedText::NotUtf8(String::from_utf8_lossy(error.as_bytes()).into(), offset);
        }
    };
    match text.bytes().position(|b| b == 0) {
        Some(at) => LoadedText::Nul(text.into(), at),
        None => LoadedText::Text(text.into()),
    }
}

impl LoadedText {
    /// Adds a text to the sources, or reports why it cannot be used; `asked` is the line that needs it.
    pub(crate) fn add_to_sources(
        &self,
        sources: &mut SourceMap,
        shown: &str,
        asked: Option<Span>,
        diagnostics: &mut Diagnostics,
    ) -> Option<FileId> {
        let add = |sources: &mut SourceMap, text: &Arc<str>| sources.add(shown, Arc::clone(text));
        match self {
            Self::Text(text) => return Some(add(sources, text)),
            Self::NotUtf8(text, offset) => {
                let file = add(sources, text);
                let end = offset + char::REPLACEMENT_CHARACTER.len_utf8();
                diagnostics.push(codes::not_utf8(Span::new(file, *offset, end), *offset));
            }
            Self::Nul(text, at) => {
                let file = add(sources, text);
                diagnostics.push(codes::nul_byte(Span::new(file, *at, at + 1)));
            }
            Self::Unreadable(reason) => {
                diagnostics.push(codes::file_unreadable(asked, shown, reason));
            }
        }
        None
    }
}

/// A text for a parser: a byte order mark becomes three spaces, so that offsets stay those of the file.
pub(crate) fn blank_byte_order_mark(text: &str) -> Cow<'_, str> {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => Cow::Owned(format!("   {rest}")),
        None => Cow::Borrowed(text),
    }
}

/// Reads a file for a parser and adds it to the sources; `asked` is the line that needs it.
pub(crate) fn load_text(
    system: &dyn System,
    sources: &mut SourceMap,
    path: &Utf8Path,
    asked: Option<Span>,
    diagnostics: &mut Diagnostics,
) -> Option<(FileId, String)> {
    let loaded = read_text(system, path);
    let file = loaded.add_to_sources(sources, &display_path(system, path), asked, diagnostics)?;
    match loaded {
        LoadedText::Text(text) => Some((file, blank_byte_order_mark(&text).into_owned())),
        _ => None,
    }
}
