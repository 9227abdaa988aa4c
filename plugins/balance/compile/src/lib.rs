//! The compile half of `balance`: how calls are spread over the replicas of a callee.
//!
//! Every edge that leaves its process is balanced; this key changes how.

#[path = "../../runtime/src/settings.rs"]
mod settings;

use bp_plugin::{CheckContext, ClientSlot, Level, Metadata, Plugin, Reach, Value};

use settings::BalanceSettings;

/// `balance = "p2c"`.
pub static PLUGIN: Balance = Balance;

/// The plugin.
#[derive(Debug)]
pub struct Balance;

static METADATA: Metadata = Metadata::wrapper(
    "balance",
    ClientSlot::Balance,
    Reach::Remote,
    "Chooses how calls are spread over the replicas of a callee.",
)
.level(Level::Edge)
.settings_of::<BalanceSettings>()
.about(include_str!("../../README.md"))
.needs(&["calls to be spread over replicas in another way", "a refused call to stay refused"])
.runtime("bp-rt-balance", "plugins/balance/runtime");

impl Plugin for Balance {
    fn metadata(&self) -> &Metadata {
        &METADATA
    }

    fn check(&self, cx: &mut CheckContext<'_>) {
        if cx.settings.get("in_process").and_then(Value::as_bool) == Some(true) {
            cx.complain(
                "in_process",
                "inside a process there is one callee, so nothing is chosen",
                "remove `in_process`",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use bp_plugin::{Plugin, Registry};

    #[test]
    fn the_declaration_is_sound() {
        assert_eq!(Registry::new([&super::PLUGIN as &dyn Plugin]).faults(), Vec::<String>::new());
    }
}
