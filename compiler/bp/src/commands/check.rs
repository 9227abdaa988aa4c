//! `bp check`.

use bp_build::fix::find_fixes;
use bp_build::{Application, BuildInput, CompileOptions, Compiled, make_artifacts};

use super::Context;
use crate::cli::Check;

pub(crate) fn run(context: &Context<'_>, arguments: &Check) -> Option<()> {
    if arguments.fix {
        apply_fixes(context, arguments)?;
    }
    let application =
        context.or_report(Application::find(context.system, arguments.wiring.as_deref()))?;
    let options = CompileOptions { pins: true, ..CompileOptions::default() };
    let compiled = context.compile_on(context.system, application, options);
    let mut good = context.plan_or_report(&compiled).is_some();
    // Patches can be checked only against the files that they edit.
    if good && !compiled.wiring.patches.is_empty() {
        good = check_patches(context, &compiled);
    } else if good {
        good = check_runtime(context, &compiled);
    }
    context.print_timings(arguments.timings, &compiled.timings);
    good.then_some(())
}

/// Makes the fixes that are certain, and says which.
fn apply_fixes(context: &Context<'_>, arguments: &Check) -> Option<()> {
    let application =
        context.or_report(Application::find(context.system, arguments.wiring.as_deref()))?;
    let options = CompileOptions { verify: context.verify, ..CompileOptions::default() };
    let fixes = find_fixes(context.system, context.registry, &application, options);
    for (path, bytes) in &fixes.files {
        if let Err(e) = context.system.write_durable(path, bytes) {
            let text = e.to_string();
            context
                .output
                .print_fault(bp_diag::catalog::target::cannot_write(path.as_str(), &text));
            return None;
        }
    }
    for made in &fixes.made {
        let (path, line) = (&made.path, made.line);
        context.output.say(&format!("{path}:{line}: fixed {}: {}", made.code, made.message));
    }
    Some(())
}

/// Reports a runtime that no build can link.
///
/// Making files reports it too; commands that only explain a wiring need no runtime.
fn check_runtime(context: &Context<'_>, compiled: &Compiled) -> bool {
    let Some(plan) = &compiled.plan else { return false };
    let (system, root, span) =
        (context.system, &compiled.application.root, compiled.runtime_span());
    let fault = bp_build::runtime::locate(system, root, &plan.app.runtime, span).err();
    !context.output.print_diagnostics(fault, &compiled.sources)
}

/// Reports the faults of the wiring's patches, and all others that making files shows.
fn check_patches(context: &Context<'_>, compiled: &Compiled) -> bool {
    let Some(plan) = &compiled.plan else { return false };
    let input = BuildInput {
        system: context.system,
        registry: context.registry,
        application: &compiled.application,
        sources: &compiled.sources,
        out: &compiled.application.output(),
        targets: &[],
        runtime_span: compiled.runtime_span(),
        patches: &compiled.wiring.patches,
    };
    let (_, faults) = make_artifacts(plan, &input);
    !context.output.print_diagnostics(faults.sorted(), &compiled.sources)
}
