//! The commands, one file each; each returns `None` after it has printed an error.

pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod image;
pub(crate) mod inspect;
pub(crate) mod new;
mod prepared;
pub(crate) mod restart;
pub(crate) mod run;
pub(crate) mod test;
mod watch;

use bp_build::{Application, CompileOptions, Compiled, Timing, compile};
use bp_diag::Diagnostic;
use bp_plan::Plan;
use bp_plugin::Registry;
use bp_system::System;

use crate::cli::TimingsForm;
use crate::output::Output;

/// What every command works with.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) system: &'a dyn System,
    pub(crate) registry: &'a Registry,
    pub(crate) output: Output,
    pub(crate) locked: bool,
    pub(crate) verify: bool,
}

impl Context<'_> {
    /// The value, or `None` after printing the fault.
    pub(crate) fn or_report<T>(&self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|fault| self.output.print_fault(fault)).ok()
    }

    /// Finds and compiles a wiring; diagnostics are not printed yet.
    pub(crate) fn compile(
        &self,
        wiring: Option<&str>,
        locked: bool,
        dump_after: Option<&str>,
    ) -> Option<Compiled> {
        let application = self.or_report(Application::find(self.system, wiring))?;
        let options = CompileOptions { locked, dump_after, ..CompileOptions::default() };
        Some(self.compile_on(self.system, application, options))
    }

    /// Compiles a wiring, reading from the given system; diagnostics are not printed yet.
    pub(crate) fn compile_on(
        &self,
        system: &dyn System,
        application: Application,
        options: CompileOptions<'_>,
    ) -> Compiled {
        let locked = options.locked || self.locked;
        let options = CompileOptions { locked, verify: self.verify, ..options };
        self.output.show_progress(&format!("checking {}", application.name));
        compile(system, self.registry, application, options)
    }

    /// Prints the diagnostics; returns the plan unless there is an error.
    pub(crate) fn plan_or_report<'c>(&self, compiled: &'c Compiled) -> Option<&'c Plan> {
        let all = compiled.diagnostics.clone().sorted();
        if self.output.print_diagnostics(all, &compiled.sources) {
            return None;
        }
        compiled.plan.as_ref()
    }

    /// Prints how long each stage took, if asked for.
    pub(crate) fn print_timings(&self, form: Option<TimingsForm>, all: &[Timing]) {
        let Some(form) = form else { return };
        let wall: u64 = all.iter().map(|t| t.nanos).sum();
        let cpu: u64 = all.iter().map(|t| t.cpu_nanos).sum();
        if form == TimingsForm::Json {
            let stages: Vec<_> = all
                .iter()
                .map(|t| serde_json::json!({ "stage": t.stage, "wall_ns": t.nanos, "cpu_ns": t.cpu_nanos }))
                .collect();
            let timings = serde_json::json!({
                "timings": { "version": 1, "wall_ns": wall, "cpu_ns": cpu, "stages": stages },
            });
            self.output.print_timings(&format!("{timings}\n"));
            return;
        }
        let millis = |nanos: u64| format!("{}.{:03}", nanos / 1_000_000, nanos / 1000 % 1000);
        self.output.say(&format!("{:24} {:>11} {:>11}", "", "wall ms", "cpu ms"));
        let total = Timing { stage: "total".to_owned(), nanos: wall, cpu_nanos: cpu };
        for t in all.iter().chain([&total]) {
            let (wall, cpu) = (millis(t.nanos), millis(t.cpu_nanos));
            self.output.say(&format!("{:24} {wall:>11} {cpu:>11}", t.stage));
        }
    }
}
