//! The command line of `bp`.
//!
//! A compiler with further plugins is three lines:
//!
//! ```no_run
//! fn main() -> std::process::ExitCode {
//!     bp::main(bp::builtin())
//! }
//! ```
//!
//! This is the only crate that prints, starts processes and sets exit codes.

mod cargo;
mod cli;
mod code_build;
mod commands;
mod completion;
mod embedded;
mod identity;
mod mirrors;
mod output;
mod revision;
mod signals;
mod supervise;
mod sweep;
mod tree;
mod value_completers;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use bp_system::RealSystem;

pub use bp_build::builtin;
pub use bp_plugin::{Plugin, Registry};

use cli::{Cli, Command, Image};
use commands::Context;
use output::Output;

/// The user's files have errors.
const DIAGNOSTICS: u8 = 1;
/// The command line is wrong.
const USAGE: u8 = 2;
/// `bp` itself failed.
const INTERNAL: u8 = 101;

/// For tests outside this crate; not part of its interface.
#[doc(hidden)]
pub mod __private {
    /// Reads a run manifest as `bp run` does.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn read_run_manifest(bytes: &[u8]) -> Result<(), String> {
        bp_contract::RunManifest::parse(bytes).map(|_| ()).map_err(|fault| fault.to_string())
    }
}

/// Runs the command that the arguments ask for.
///
/// Exit codes: 0 done, 1 diagnostics, 2 wrong usage, 101 an internal error of `bp`; a signal that stops a build ends `bp` too.
#[expect(clippy::needless_pass_by_value, reason = "a `main` of three lines hands it over")]
pub fn main(registry: Registry) -> ExitCode {
    std::panic::set_hook(Box::new(|_| {}));
    match catch_unwind(AssertUnwindSafe(|| run(&registry))) {
        Ok(code) => {
            signals::end_if_cut_short();
            code
        }
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            output::print_panic(&text.unwrap_or_else(|| String::from("a panic without a message")));
            ExitCode::from(INTERNAL)
        }
    }
}

fn run(registry: &Registry) -> ExitCode {
    if completion::answer_shell(registry) {
        return ExitCode::SUCCESS;
    }
    let cli = match Cli::read(registry, std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(USAGE));
        }
    };
    let system = RealSystem::new();
    let output = Output::new(&cli.global, &cli.command, &system, registry.codes().collect());
    let context = Context {
        system: &system,
        registry,
        output,
        locked: cli.global.locked,
        verify: cli.global.verify,
    };
    // These say what a plugin and its codes are, whatever is wrong with them.
    let describes =
        matches!(cli.command, Command::Schema | Command::Completions(_) | Command::Explain(_));
    if !describes && report_declarations(&context) {
        context.output.finish();
        return ExitCode::from(DIAGNOSTICS);
    }
    let done = match &cli.command {
        Command::New(arguments) => commands::new::run(&context, arguments),
        Command::Check(arguments) => commands::check::run(&context, arguments),
        Command::Build(arguments) => commands::build::run(&context, arguments),
        Command::Run(arguments) => commands::run::run(&context, arguments),
        Command::Restart(arguments) => commands::restart::run(&context, arguments),
        Command::Test(arguments) => commands::test::run(&context, arguments),
        Command::Image(Image::Pin(arguments)) => commands::image::pin(&context, arguments),
        Command::Ir(arguments) => commands::inspect::print_ir(&context, arguments),
        Command::Graph(arguments) => commands::inspect::print_graph(&context, arguments),
        Command::Schema => {
            commands::inspect::print_schema(&context);
            Some(())
        }
        Command::Completions(arguments) => {
            commands::inspect::print_completions(&context, arguments);
            Some(())
        }
        Command::Explain(arguments) => commands::inspect::explain(&context, arguments),
        Command::Diff(arguments) => commands::diff::run(&context, arguments),
    };
    context.output.finish();
    match done {
        Some(()) => ExitCode::SUCCESS,
        None if context.output.was_misused() => ExitCode::from(USAGE),
        None => ExitCode::from(DIAGNOSTICS),
    }
}

/// Reports what is wrong with the declarations of further plugins, alone or together; returns whether anything is.
fn report_declarations(context: &Context<'_>) -> bool {
    let plugins = |registry: &Registry| -> Vec<*const Plugin> {
        registry.plugins().map(std::ptr::from_ref).collect()
    };
    // Tests of this repository check its own plugins.
    if plugins(context.registry) == plugins(&builtin()) {
        return false;
    }
    let faults = context.registry.faults();
    for fault in &faults {
        context.output.print_fault(bp_diag::catalog::internal::bad_declaration(fault));
    }
    !faults.is_empty()
}
