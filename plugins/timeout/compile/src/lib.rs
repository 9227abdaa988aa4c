//! The compile half of `timeout`: most time for a whole call, further attempts included.
//!
//! The rest of the deadline travels with the call, so a callee never works longer than its caller waits.

#[path = "../../runtime/src/settings.rs"]
mod settings;

use bp_plugin::{ClientSlot, EdgeClasses, Metadata, Reach};

use settings::TimeoutSettings;

/// `timeout = "500ms"`.
pub static PLUGIN: Metadata = Metadata::wrapper(
    "timeout",
    ClientSlot::Deadline,
    Reach::Call,
    "Gives up on a call after a while, and tells the callee how long that is.",
)
.edges(EdgeClasses::ALL)
.settings_of::<TimeoutSettings>()
.about(include_str!("../../README.md"))
.needs(&["no call to wait for ever", "callees to stop working when the caller has given up"])
.runtime("bp-rt-timeout", "plugins/timeout/runtime");

#[cfg(test)]
mod tests {
    use bp_plugin::{Plugin, Registry};

    #[test]
    fn the_declaration_is_sound() {
        assert_eq!(Registry::new([&super::PLUGIN as &dyn Plugin]).faults(), Vec::<String>::new());
    }
}
