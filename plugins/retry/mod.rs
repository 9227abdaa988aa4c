//! The compile half of `retry`: further attempts, within a budget.
//!
//! An attempt is repeated when it was not processed, or when the method is idempotent.
//! The budget is paid by the calls that succeed, so a failing callee gets few extra calls, and none that failing calls pay for.

#[path = "runtime/src/settings.rs"]
mod settings;

use std::collections::BTreeSet;
use std::iter;

use bp_plugin::{
    ClientSlot, Meaning, NameSource, PlanContext, Plugin, PluginCode, Settings, wrapper,
};

use settings::{BudgetRule, RetrySettings};

const SEVERAL_BUDGETS: PluginCode = PluginCode::new(
    "several-budgets",
    "methods of one edge have different kinds of budget",
    include_str!("errors/several-budgets.md"),
);

pub(crate) static PLUGIN: Plugin = wrapper::<RetrySettings>("retry")
    .client(ClientSlot::Retry)
    .shared_by_methods(&[RetrySettings::BUDGET.name()])
    .means(&[(Meaning::Attempts, RetrySettings::ATTEMPTS.name())])
    .codes(&[SEVERAL_BUDGETS])
    .check_plan(check_budgets)
    .about(include_str!("README.md"))
    .needs(&["calls to survive the crash or restart of a callee"])
    .declare();

/// Reports edges whose one budget would follow several rules.
fn check_budgets(cx: &mut PlanContext<'_>) {
    let plan = cx.plan;
    for (key, edge) in &plan.edges {
        let Some(retry) = edge.client.iter().find(|wrapper| wrapper.plugin == PLUGIN.id) else {
            continue;
        };
        let methods = retry.methods.iter().filter(|(method, _)| !retry.off.contains(*method));
        let all = iter::once(&retry.settings).chain(methods.map(|(_, settings)| settings));
        let kinds: BTreeSet<&str> = all.filter_map(find_kind).collect();
        if kinds.len() > 1 {
            let kinds: Vec<&str> = kinds.into_iter().collect();
            let message = format!(
                "the methods of `{key}` have budgets of the kinds {}, but an edge has one budget",
                kinds.join(" and ")
            );
            cx.report(
                &SEVERAL_BUDGETS,
                &NameSource::Instance(&edge.caller),
                message,
                "write `retry.budget.kind` for the edge, and not for its methods",
            );
        }
    }
}

/// The kind of budget that settings choose.
fn find_kind(settings: &Settings) -> Option<&str> {
    let budget = settings.get(RetrySettings::BUDGET.name())?.as_table()?;
    budget.get(BudgetRule::KIND.name())?.as_text()
}
