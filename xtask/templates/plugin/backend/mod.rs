//! The compile half of `sample`: backends in the process's memory.

#[path = "runtime/src/settings.rs"]
mod settings;

use bp_plugin::{CheckContext, Plugin, PluginCode, backend};

use settings::SampleSettings;

pub(crate) static PLUGIN: Plugin =
    backend::<SampleSettings>("sample", &[CACHE, "bp_backend::DocumentStore"])
        .one_process()
        .forgets()
        .check(check)
        .codes(&[ITEMS_NEED_A_CACHE])
        .about(include_str!("README.md"))
        .needs(&["a small cache inside a process"])
        .declare();

const CACHE: &str = "bp_backend::Cache";

const ITEMS_NEED_A_CACHE: PluginCode = PluginCode::new(
    "items-need-a-cache",
    "a limit on a store that forgets nothing",
    include_str!("errors/items-need-a-cache.md"),
);

fn check(cx: &mut CheckContext<'_>) {
    let is_cache = cx.interface.is_none_or(|interface| interface.extends(CACHE));
    let limit = SampleSettings::ITEMS.name();
    if !is_cache && cx.settings.get(limit).is_some() {
        cx.report(
            &ITEMS_NEED_A_CACHE,
            limit,
            format!("`{}` forgets nothing, so it has no `{limit}`", cx.place),
            format!("remove `{limit}`: only caches have it"),
        );
    }
}
