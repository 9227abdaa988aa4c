//! The compile half of `balance`: how calls are spread over the replicas of a callee.
//!
//! Every edge that leaves its process is balanced; this key changes how.

use bp_plugin::{
    CheckContext, ClientSlot, Level, Literal, Metadata, Plugin, Reach, Setting, SettingKind, Value,
};

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
.settings(&[
    Setting::new(
        "choice",
        SettingKind::OneOf(&["p2c", "round_robin", "random"]),
        "How an endpoint is drawn: of two drawn at random the one with fewer calls under way, one after the other, or any.",
    )
    .default(Literal::Text("p2c")),
    Setting::new(
        "failover",
        SettingKind::Count,
        "To how many further endpoints a call goes that surely nobody has begun with.",
    )
    .default(Literal::Int(2))
    .bounds(Literal::Int(0), Literal::Int(10))
    .renamed_from("elsewhere"),
])
.shorthand("choice")
.about(include_str!("../../README.md"))
.needs(&["calls to be spread over replicas in another way", "a refused call to stay refused"])
.runtime("bp-rt-balance", "bp_rt_balance::plugin()", "plugins/balance/runtime");

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
