//! `bp restart`: asks the `bp run` of a wiring to restart a process, copy by copy.

use bp_build::Application;
use bp_diag::catalog;

use super::Context;
use crate::cli::Restart;
use crate::supervise::{Answer, Request, ask, run_folder};

pub(crate) fn run(context: &Context<'_>, arguments: &Restart) -> Option<()> {
    let application =
        context.or_report(Application::find(context.system, arguments.wiring.as_deref()))?;
    let here = context.system.current_directory().unwrap_or_default();
    let folder = run_folder(here.join(&application.root).as_std_path(), &application.name);
    let request = Request::Restart(arguments.process.clone());
    let fault = match ask(&folder, &request, |text| context.output.say(text)) {
        Ok(Answer::Done | Answer::Say(_)) => return Some(()),
        Ok(Answer::Unknown(known)) => catalog::target::no_such_process(&arguments.process, &known),
        Ok(Answer::Failed(why)) => catalog::target::restart_failed(&arguments.process, &why),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            catalog::target::restart_failed(&arguments.process, "`bp run` has ended")
        }
        Err(_) => catalog::target::not_running(&application.name),
    };
    context.output.print_fault(fault);
    None
}
