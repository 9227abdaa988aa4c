//! The compile half of `retry`: further attempts, within a budget.
//!
//! An attempt is repeated when it was not processed, or when the method is idempotent.
//! The budget is paid by the calls that succeed, so a failing callee gets few extra calls, and none that failing calls pay for.

#[path = "runtime/src/settings.rs"]
mod settings;

use bp_plugin::{ClientSlot, Meaning, Plugin, wrapper};

use settings::RetrySettings;

pub(crate) static PLUGIN: Plugin = wrapper::<RetrySettings>("retry")
    .client(ClientSlot::Retry)
    .shared_by_methods(&[RetrySettings::BUDGET.name()])
    .means(&[(Meaning::Attempts, RetrySettings::ATTEMPTS.name())])
    .about(include_str!("README.md"))
    .needs(&["calls to survive the crash or restart of a callee"])
    .declare();
