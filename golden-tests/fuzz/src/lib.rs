//! Feeds arbitrary input to everything that `bp` reads: no input may make it panic, hang, or use memory out of proportion to the input.
//!
//! A [`Target`] is a function over bytes that fails by panicking.
//! `cargo xtask fuzz` feeds it from libFuzzer (`engine/`); the golden tests replay the kept corpus (`corpus/<target>/`).
//! An input that broke something is kept there, under a name that describes it.

mod application;
mod diagnostics;
mod graph;
pub mod hostile;
mod memory;
pub mod names;
mod output;
mod plan;
mod wiring;
mod words;
mod workflow;

/// One way in.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and its corpus's folder.
    pub name: &'static str,
    /// Feeds it; panics when something is wrong.
    pub run: fn(&[u8]),
}

/// Every target, by name.
pub const TARGETS: &[Target] = &[
    Target { name: "application", run: application::run },
    Target { name: "cargo_lock", run: output::cargo_lock },
    Target { name: "graph", run: graph::run },
    Target { name: "hostile", run: hostile::run },
    Target { name: "manifest", run: output::manifest },
    Target { name: "memory", run: memory::run },
    Target { name: "plan", run: plan::run },
    Target { name: "run_manifest", run: memory::run_manifest },
    Target { name: "wire_lock", run: workflow::wire_lock },
    Target { name: "wiring", run: wiring::run },
    Target { name: "workflow", run: workflow::source },
];

/// The target of this name.
pub fn find_target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|t| t.name == name)
}

/// The parts of an input of several files: each starts with a line `-- path --`; what stands before the first has no path.
fn split_parts(text: &str) -> Vec<(&str, &str)> {
    let mut parts = vec![("", 0, text.len())];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let header = line.trim_end().strip_prefix("-- ").and_then(|l| l.strip_suffix(" --"));
        if let Some(path) = header {
            if let Some(last) = parts.last_mut() {
                last.2 = at;
            }
            parts.push((path, at + line.len(), text.len()));
        }
        at += line.len();
    }
    parts.into_iter().map(|(path, from, to)| (path, text.get(from..to).unwrap_or(""))).collect()
}
