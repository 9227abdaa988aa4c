//! `bp run`: build, start, supervise, and optionally run a mode of the program against the running system.

#![expect(clippy::disallowed_methods, reason = "a mode is the app's own program")]

use std::process::Command;

use bp_diag::catalog;

use super::prepared::{DataFolder, RunRequest, fail_if_interrupted, prepare, supervise};
use super::{Context, watch};
use crate::cli::Run;
use crate::code_build::CargoTarget;
use crate::supervise::EndReason;

pub(crate) fn run(context: &Context<'_>, arguments: &Run) -> Option<()> {
    if arguments.watch {
        return watch::run(context, arguments);
    }
    let request = RunRequest {
        wiring: arguments.wiring.as_deref(),
        release: arguments.release,
        what: &[CargoTarget::Binary],
        mode: arguments.mode,
    };
    let prepared = prepare(context, &request)?;
    let data = if let Some(mode) = arguments.mode {
        DataFolder::Separate(mode.name)
    } else if arguments.fresh {
        DataFolder::Fresh
    } else {
        DataFolder::Kept
    };
    supervise(context, &prepared, data, |supervisor, prepared| {
        let Some(mode) = arguments.mode else {
            context.output.say("ready; Ctrl-C stops");
            return supervisor.run();
        };
        let mut command = Command::new(&prepared.binary);
        command.arg(mode.name).envs(supervisor.caller_environment());
        let failed = |how: &str| catalog::target::mode_failed(mode.what, how);
        match supervisor.run_while(command.spawn()) {
            Ok(status) if status.success() => EndReason::UserAsked,
            Ok(status) => EndReason::Failed(failed(&status.to_string())),
            Err(ended) => fail_if_interrupted(ended, failed),
        }
    })
}
