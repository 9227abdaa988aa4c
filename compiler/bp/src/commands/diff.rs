//! `bp diff`: what two wirings, or two revisions of one, change.

use bp_build::{Application, BuildInput, CompileOptions, Compiled, compile, make_artifacts};
use bp_diag::catalog;
use bp_emit::Artifacts;
use bp_system::{EntryKind, System};
use bp_views::diff::{self, DiffSide};
use camino::Utf8Path;

use super::Context;
use crate::cli::{Diff, DumpFormat};
use crate::revision::RevisionSystem;

/// A side as the command line names it.
#[derive(Debug, Clone, Copy)]
struct SideArgument<'a> {
    revision: Option<&'a str>,
    wiring: &'a str,
}

impl<'a> SideArgument<'a> {
    /// `WIRING`, or `REV:WIRING` unless a file has that name.
    fn parse(system: &dyn System, text: &'a str) -> Self {
        let file = system.kind(Utf8Path::new(text)) == Some(EntryKind::File);
        match text.rsplit_once(':').filter(|_| !file) {
            Some((revision, wiring)) => Self { revision: Some(revision), wiring },
            None => Self { revision: None, wiring: text },
        }
    }

    fn label(&self) -> String {
        let prefix = self.revision.map_or_else(String::new, |r| format!("{r}:"));
        format!("{prefix}{}", self.wiring)
    }
}

/// A compiled side, and the git revision that it was read from, if any.
#[derive(Debug)]
struct CompiledSide {
    compiled: Compiled,
    revision: Option<RevisionSystem>,
}

pub(crate) fn run(context: &Context<'_>, arguments: &Diff) -> Option<()> {
    let mut old = SideArgument::parse(context.system, &arguments.old);
    let mut new = SideArgument { revision: None, wiring: old.wiring };
    if let Some(text) = &arguments.new {
        new = SideArgument::parse(context.system, text);
    }
    if let Some(revision) = &arguments.rev {
        if old.revision.is_some() {
            let why = "the first side already names a revision";
            context.output.print_fault(catalog::target::no_revision(revision, why));
            return None;
        }
        old.revision = Some(revision);
    }
    // Both are compiled before either fails, so that one run reports the faults of both.
    let (a, b) = (compile_side(context, old), compile_side(context, new));
    let (a, mut b) = (a?, b?);
    if let (Some(first), Some(second)) = (&a.compiled.plan, &mut b.compiled.plan) {
        // A wiring's own name does not count as a difference, so files that repeat it must not differ by it.
        second.wiring.clone_from(&first.wiring);
    }
    let (a_files, b_files) =
        (make_side_artifacts(context, &a, &a)?, make_side_artifacts(context, &b, &a)?);
    let difference = diff::diff(
        &show_side(old.label(), &a.compiled, &a_files),
        &show_side(new.label(), &b.compiled, &b_files),
    );
    let text = match arguments.format {
        DumpFormat::Text => diff::render_text(&difference),
        DumpFormat::Json => format!("{:#}\n", diff::render_json(&difference)),
    };
    context.output.print_result(&text);
    (!arguments.exit_code || difference.is_equal()).then_some(())
}

/// A side as it is compared.
fn show_side<'a>(label: String, compiled: &'a Compiled, artifacts: &'a Artifacts) -> DiffSide<'a> {
    DiffSide {
        label,
        root: &compiled.application.root,
        sources: &compiled.sources,
        wiring: &compiled.wiring,
        plan: compiled.plan.as_ref(),
        artifacts,
    }
}

/// Compiles a side; faults are printed only if there is no plan.
fn compile_side(context: &Context<'_>, named: SideArgument<'_>) -> Option<CompiledSide> {
    let revision = match named.revision {
        Some(revision) => {
            let place = find_repository_folder(context.system, named.wiring);
            Some(context.or_report(RevisionSystem::open(&place, revision))?)
        }
        None => None,
    };
    let system = revision.as_ref().map_or(context.system, |r| r as &dyn System);
    let wiring = Some(named.wiring).filter(|w| !w.is_empty());
    let application = context.or_report(Application::find(system, wiring))?;
    let options = CompileOptions { verify: context.verify, ..CompileOptions::default() };
    let compiled = compile(system, context.registry, application, options);
    if compiled.plan.is_none() {
        context.plan_or_report(&compiled);
        return None;
    }
    Some(CompiledSide { compiled, revision })
}

/// An existing folder from which git finds the application's repository.
fn find_repository_folder(system: &dyn System, wiring: &str) -> camino::Utf8PathBuf {
    let here = system.current_directory().unwrap_or_default();
    if !wiring.contains('/') {
        return here;
    }
    let file = here.join(wiring);
    let folders = file.ancestors().skip(1);
    let found = folders.into_iter().find(|f| system.kind(f) == Some(EntryKind::Directory));
    found.map_or(here.clone(), Utf8Path::to_owned)
}

/// Makes what a build of this side would write into the folder of `first`.
fn make_side_artifacts(
    context: &Context<'_>,
    read: &CompiledSide,
    first: &CompiledSide,
) -> Option<Artifacts> {
    let plan = read.compiled.plan.as_ref()?;
    let input = BuildInput {
        system: read.revision.as_ref().map_or(context.system, |r| r as &dyn System),
        registry: context.registry,
        application: &read.compiled.application,
        sources: &read.compiled.sources,
        out: &first.compiled.application.output(),
        targets: &[],
        runtime_span: read.compiled.runtime_span(),
        patches: &read.compiled.wiring.patches,
    };
    let (artifacts, faults) = make_artifacts(plan, &input);
    if faults.has_errors() {
        context.output.print_diagnostics(faults.sorted(), &read.compiled.sources);
        return None;
    }
    Some(artifacts)
}
