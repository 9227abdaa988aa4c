//! Codes 9xxx: faults of `bp` itself and of its plugins.

use crate::{Diagnostic, Severity};

codes! {
    BP9001 "a plugin failed";
    BP9002 "the graph is inconsistent";
    BP9003 "`bp` failed";
    BP9004 "there are more diagnostics";
    BP9005 "a plugin is declared wrongly";
}

/// A plugin panicked; `name` is its id and `detail` the panic's message.
pub fn plugin_panicked(name: &str, detail: &str) -> Diagnostic {
    Diagnostic::error(BP9001, format!("plugin `{name}` failed: {detail}"))
        .note("this is a fault of the plugin, not of your files; other diagnostics are still reported")
        .help("report it to the plugin's author, with the wiring that shows it")
}

/// The verifier found a broken rule after a pass.
pub fn graph_inconsistent(pass: &str, detail: &str) -> Diagnostic {
    Diagnostic::error(BP9002, format!("after pass `{pass}`, {detail}"))
        .note("this is a fault of `bp` or of a plugin, not of your files")
        .help("please report it, with the wiring that shows it")
}

/// `bp` itself panicked; `detail` is the panic's message.
pub fn failed(detail: &str) -> Diagnostic {
    Diagnostic::error(BP9003, format!("`bp` failed: {detail}"))
        .note("this is a fault of `bp`, not of your files")
        .help("please report it, with this message, the command line and the wiring that shows it")
}

/// So many diagnostics of a stage were left out.
pub fn more(count: usize) -> Diagnostic {
    Diagnostic::new(BP9004, Severity::Note, format!("{count} more diagnostics are not shown"))
        .help("fix the first ones, which often cause the rest, and run the same command again")
}

/// What is wrong with the declarations of plugins, or with two of them together; `fault` is a sentence that names the plugin first.
pub fn bad_declaration(fault: &str) -> Diagnostic {
    Diagnostic::error(BP9005, fault)
        .note("this is a fault of a plugin, or of two that do not fit together; not of your files")
        .help("report it to the plugin's author, or build a `bp` without that plugin")
}
