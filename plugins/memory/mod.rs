//! The compile half of `memory`: backends in the process's memory.

#[path = "runtime/src/settings.rs"]
mod settings;

use bp_contract::setting::Field;
use bp_plugin::{CACHE, CheckContext, DOCUMENT_STORE, Plugin, PluginCode, backend};

use settings::MemorySettings;

pub(crate) static PLUGIN: Plugin = backend::<MemorySettings>("memory", &[CACHE, DOCUMENT_STORE])
    .one_process()
    .forgets()
    .check(check)
    .codes(&[LIMITS_NEED_A_CACHE])
    .about(include_str!("README.md"))
    .needs(&["a cache inside a process", "tests without a database"])
    .declare();

const LIMITS_NEED_A_CACHE: PluginCode = PluginCode::new(
    "limits-need-a-cache",
    "a limit on a store that forgets nothing",
    include_str!("errors/limits-need-a-cache.md"),
);

fn check(cx: &mut CheckContext<'_>) {
    if cx.interface.is_none_or(|interface| interface.path == CACHE) {
        return;
    }
    for limit in MemorySettings::LIMITS.map(Field::name) {
        if cx.settings.get(limit).is_none() {
            continue;
        }
        let users = match cx.neighbours.callers.as_slice() {
            [] => "its users take it".to_owned(),
            [only] => format!("`{only}` takes it"),
            [first, others @ ..] => format!("`{first}` and {} more take it", others.len()),
        };
        cx.report(
            &LIMITS_NEED_A_CACHE,
            limit,
            format!("`{}` forgets nothing, so it has no `{limit}`", cx.place),
            format!("remove `{limit}`: {users} as a document store, and only caches have limits"),
        );
    }
}
