//! Completion in shells: a shell's script asks `bp` itself, so that it knows the wirings of the folder.

use bp_plugin::Registry;
use bp_system::{RealSystem, System as _};
use clap_complete::env::{CompleteEnv, Shells};

use crate::cli;

/// The variable that a shell's script sets to the name of the shell.
const VARIABLE: &str = "BP_COMPLETE";
const NAME: &str = "bp";

/// Answers a shell's script; returns whether one asked.
pub(crate) fn answer_shell(registry: &Registry) -> bool {
    let here = RealSystem::new().current_directory().ok();
    CompleteEnv::with_factory(|| cli::command(registry))
        .var(VARIABLE)
        .try_complete(std::env::args_os(), here.as_ref().map(|h| h.as_std_path()))
        // The shell would show a printed fault as candidates, so nothing is printed.
        .unwrap_or(true)
}

/// The script that makes a shell ask `bp`.
pub(crate) fn completion_script(shell: &str) -> Option<String> {
    let mut script = Vec::new();
    let shells = Shells::builtins();
    let shell = shells.completer(shell)?;
    shell.write_registration(VARIABLE, NAME, NAME, NAME, &mut script).ok()?;
    Some(String::from_utf8_lossy(&script).into_owned())
}
