//! `bp test`: the application's tests against the running system.

#![expect(clippy::disallowed_methods, reason = "the tests are programs of their own")]

use std::process::Command;

use bp_build::Application;
use bp_contract::variable;
use bp_diag::catalog;

use super::Context;
use super::prepared::{DataFolder, RunRequest, fail_if_interrupted, prepare, supervise};
use crate::cli::Test;
use crate::code_build::CargoTarget;
use crate::supervise::EndReason;

pub(crate) fn run(context: &Context<'_>, arguments: &Test) -> Option<()> {
    let application =
        context.or_report(Application::find(context.system, arguments.wiring.as_deref()))?;
    if application.find_tests(context.system).is_empty() {
        let folder = application.root.join("tests");
        context.output.print_fault(catalog::target::no_tests(folder.as_str()));
        return None;
    }
    let request = RunRequest {
        wiring: arguments.wiring.as_deref(),
        release: arguments.release,
        what: &[CargoTarget::Binary, CargoTarget::Tests],
        mode: None,
    };
    let prepared = prepare(context, &request)?;
    supervise(context, &prepared, DataFolder::Separate("test"), |supervisor, prepared| {
        let mut failed = Vec::new();
        for (name, program) in &prepared.executables.tests {
            context.output.say(&format!("tests/{name}.rs"));
            let mut command = Command::new(program);
            command
                .args(&arguments.arguments)
                .envs(supervisor.caller_environment())
                .env(variable::TEST_TARGET, "running");
            match supervisor.run_while(command.spawn()) {
                Ok(status) if status.success() => {}
                Ok(status) => failed.push(format!("tests/{name}.rs: {status}")),
                Err(ended) => {
                    let failed = |how: &str| {
                        catalog::target::tests_failed(&format!("tests/{name}.rs: {how}"))
                    };
                    return fail_if_interrupted(ended, failed);
                }
            }
        }
        if failed.is_empty() {
            EndReason::UserAsked
        } else {
            EndReason::Failed(catalog::target::tests_failed(&failed.join(", ")))
        }
    })
}
