//! What shells offer for the values of arguments.

use std::ffi::OsStr;

use bp_build::Application;
use bp_system::RealSystem;
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter as _,
};

/// Completes names of the application's wirings, and paths.
pub(crate) fn complete_wirings() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| complete_names(typed, &[]))
}

/// Completes what can be explained.
pub(crate) fn complete_explained() -> ArgValueCompleter {
    ArgValueCompleter::new(|typed: &OsStr| complete_names(typed, &["codes", "plugins"]))
}

fn complete_names(typed: &OsStr, more: &[&str]) -> Vec<CompletionCandidate> {
    let system = RealSystem::new();
    let root = Application::find_root(&system).ok();
    let mut names = root.map(|root| Application::list_wirings(&system, &root)).unwrap_or_default();
    names.extend(more.iter().map(|word| (*word).to_owned()));
    let start = typed.to_string_lossy();
    names.retain(|name| name.starts_with(&*start));
    let names: Vec<_> = names.into_iter().map(CompletionCandidate::new).collect();
    if names.is_empty() { PathCompleter::file().complete(typed) } else { names }
}
