//! The text of the listing.

use std::fmt::Write as _;

use bp_plugin::Plan;

/// The title, then one line for each process, sorted by name.
pub(crate) fn write_listing(plan: &Plan, title: &str) -> String {
    let mut text = format!("{title}\n\n");
    for (name, process) in &plan.processes {
        let instances = process.instances.join(", ");
        let _ = writeln!(text, "{name} x{}: {instances}", process.replicas.least());
    }
    text
}
