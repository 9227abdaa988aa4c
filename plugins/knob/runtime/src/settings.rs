//! What the wiring says of a knob; both halves of the plugin compile this file.

use bp_contract::setting::Settings;

/// The plugin and its table.
pub(crate) const NAME: &str = "knob";

/// Whether the part of the workflow that asks the knob is on.
#[derive(Debug, Settings)]
#[settings(shorthand = "default")]
pub(crate) struct KnobSettings {
    /// Whether it is on, until the running system's configuration says otherwise.
    #[setting(default = true, tunable, example = "false")]
    pub(crate) default: bool,
}
