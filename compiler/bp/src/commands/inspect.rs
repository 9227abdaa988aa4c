//! `bp ir`, `bp graph` and `bp explain`: showing what was resolved.

use bp_build::Application;
use bp_diag::{catalog, nearest};
use bp_lower::pass_names;
use bp_views::explain::{explainable_names, render_plan};
use bp_views::graph::GraphFormat;

use super::Context;
use crate::cli::{Completions, DumpFormat, Explain, Graph, GraphForm, IrDump};
use crate::completion;

pub(crate) fn print_ir(context: &Context<'_>, arguments: &IrDump) -> Option<()> {
    if let Some(pass) = &arguments.after {
        let known = pass_names(context.registry);
        if !known.contains(&pass.as_str()) {
            let near = nearest(pass, known.iter().copied());
            context.output.print_fault(catalog::target::no_such_pass(pass, &known, near));
            return None;
        }
    }
    let compiled =
        context.compile(arguments.wiring.as_deref(), false, arguments.after.as_deref())?;
    let plan = context.plan_or_report(&compiled);
    let text = match (&compiled.dump, plan, arguments.format) {
        (Some(dump), _, DumpFormat::Text) => dump.text.clone(),
        (Some(dump), _, DumpFormat::Json) => format!("{:#}\n", dump.json),
        (None, Some(plan), DumpFormat::Text) => render_plan(plan),
        (None, Some(plan), DumpFormat::Json) => {
            format!("{:#}\n", serde_json::to_value(plan).unwrap_or_default())
        }
        (None, None, _) => return None,
    };
    context.output.print_result(&text);
    // The graph after a pass is shown even if the plan has faults, to help find them.
    (!compiled.diagnostics.has_errors()).then_some(())
}

pub(crate) fn print_graph(context: &Context<'_>, arguments: &Graph) -> Option<()> {
    let compiled = context.compile(arguments.wiring.as_deref(), false, None)?;
    let plan = context.plan_or_report(&compiled)?;
    let format = match arguments.format {
        GraphForm::Dot => GraphFormat::Dot,
        GraphForm::Mermaid => GraphFormat::Mermaid,
        GraphForm::Json => GraphFormat::Json,
        GraphForm::Html => GraphFormat::Html,
    };
    context.output.print_result(&bp_views::graph::render_graph(plan, format));
    Some(())
}

pub(crate) fn print_schema(context: &Context<'_>) {
    context.output.print_result(&bp_reference::render_schema(context.registry));
}

pub(crate) fn print_completions(context: &Context<'_>, arguments: &Completions) {
    if let Some(script) = completion::completion_script(&arguments.shell.to_string()) {
        context.output.print_result(&script);
    }
}

pub(crate) fn explain(context: &Context<'_>, arguments: &Explain) -> Option<()> {
    if arguments.name.is_none() && explain_code(context, &arguments.what) {
        return Some(());
    }
    let wiring = Application::find(context.system, Some(&arguments.what));
    if arguments.name.is_none() && wiring.is_err() {
        let ids = context.registry.iter().map(|p| p.id.to_owned());
        let codes = context.registry.codes().map(|code| code.to_string());
        let known: Vec<String> = ids.chain(codes).collect();
        context.output.print_fault(catalog::target::no_such_code(&arguments.what, &known));
        return None;
    }
    let compiled = context.compile(Some(&arguments.what), false, None)?;
    let plan = context.plan_or_report(&compiled)?;
    let text = match &arguments.name {
        Some(name) => context.or_report(bp_views::explain::explain(plan, name))?,
        // What can be asked next.
        None => explainable_names(plan).iter().flat_map(|name| [name, "\n"]).collect(),
    };
    context.output.print_result(&text);
    Some(())
}

/// Explains what belongs to no wiring: a code or a plugin; returns whether `what` is one.
fn explain_code(context: &Context<'_>, what: &str) -> bool {
    if what == "codes" {
        for code in bp_diag::all_codes().chain(context.registry.codes()) {
            context.output.print_result(&format!(
                "{}  {}
",
                code.id, code.title
            ));
        }
    } else if what == "plugins" {
        context.output.print_result(&bp_reference::render_index(context.registry));
    } else if let Some(plugin) = context.registry.get(what) {
        context.output.print_result(&bp_reference::render_page(context.registry, plugin));
    } else if let Some(code) = context.registry.find_code(what) {
        context.output.print_result(code.page);
    } else {
        return false;
    }
    true
}
