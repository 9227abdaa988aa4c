//! The run plan that a process reads as it starts, with a configuration over it.

use bp_runtime::__private::read_plan;

/// The data is `plan.json`; after a line `-- config --` comes what `BP_CONFIG` names, after `-- set --` what `BP_SET` holds.
pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (mut plan, mut config, mut set) = ("", None, "");
    for (path, text) in crate::split_parts(text) {
        match path {
            "" => plan = text,
            "config" => config = Some(text),
            _ => set = text,
        }
    }
    let _ = read_plan(plan, config, set).map_err(|e| e.to_string());
}
