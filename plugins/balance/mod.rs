//! The compile half of `balance`: how calls are spread over the replicas of a callee.
//!
//! Every edge that leaves its process is balanced, by the runtime, which also declares the metrics; this key changes how.

#[path = "runtime/src/settings.rs"]
mod settings;

use bp_contract::metric::runtime::BALANCE_METRICS;
use bp_plugin::{CheckContext, ClientSlot, IN_PROCESS, Plugin, wrapper};

use settings::BalanceSettings;

pub(crate) static PLUGIN: Plugin = wrapper::<BalanceSettings>("balance")
    .client(ClientSlot::Balance)
    .whole_edges()
    .check(check)
    .about(include_str!("README.md"))
    .needs(&["calls to be spread over replicas in another way", "a refused call to stay refused"])
    .metrics(BALANCE_METRICS)
    .declare();

fn check(cx: &mut CheckContext<'_>) {
    if cx.keeps_in_process() {
        cx.complain(
            IN_PROCESS.name,
            "inside a process there is one callee, so nothing is chosen",
            "remove `in_process`",
        );
    }
}
