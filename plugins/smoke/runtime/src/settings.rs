//! What the wiring says of a smoke call; both halves of the plugin compile this file.

use std::collections::BTreeMap;

use bp_contract::setting::Settings;
use serde_json::Value;

/// The plugin, its table and its mode.
pub(crate) const NAME: &str = "smoke";

/// A call, and the answer or the error that shows that the system works.
#[derive(Debug, Settings)]
pub(crate) struct SmokeSettings {
    /// The service and its method, joined by a dot.
    #[setting(fixed, example = "\"frontend.list\"", pattern = r"^[^.]+\..+$")]
    pub(crate) call: String,
    /// The arguments, by parameter.
    #[setting(fixed, example = "{ user = \"ann\" }")]
    pub(crate) arguments: BTreeMap<String, Value>,
    /// The answer.
    #[setting(fixed, example = "[\"Hello\"]")]
    pub(crate) expect: Option<Value>,
    /// The code of the error that the call must fail with.
    #[setting(fixed, example = "\"not_found\"", excludes = "expect")]
    pub(crate) expect_error: Option<String>,
}
