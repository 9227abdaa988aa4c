//! The compile half of `timeout`: most time for a whole call, further attempts included.
//!
//! The rest of the deadline travels with the call, so a callee never works longer than its caller waits.

#[path = "runtime/src/settings.rs"]
mod settings;

use bp_plugin::{ClientSlot, EdgeClasses, Meaning, Plugin, wrapper};

use settings::TimeoutSettings;

pub(crate) static PLUGIN: Plugin = wrapper::<TimeoutSettings>("timeout")
    .client(ClientSlot::Deadline)
    .means(&[(Meaning::Deadline, TimeoutSettings::AFTER.name())])
    .in_process()
    .edges(EdgeClasses::ALL)
    .about(include_str!("README.md"))
    .needs(&["no call to wait for ever", "callees to stop working when the caller has given up"])
    .declare();
