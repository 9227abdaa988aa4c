//! The compile half of `memory`: backends in the process's memory.

#[path = "runtime/src/settings.rs"]
mod settings;

use bp_contract::setting::Field;
use bp_plugin::{CheckContext, Plugin, PluginCode, backend};

use settings::MemorySettings;

pub(crate) static PLUGIN: Plugin = backend::<MemorySettings>(
    "memory",
    &[CACHE, "bp_backend::SortedSets", "bp_backend::DocumentStore"],
)
.one_process()
.forgets()
.check(check)
.codes(&[LIMITS_NEED_A_CACHE])
.about(include_str!("README.md"))
.needs(&["a cache inside a process", "tests without a database"])
.declare();

const CACHE: &str = "bp_backend::Cache";

const LIMITS_NEED_A_CACHE: PluginCode = PluginCode::new(
    "limits-need-a-cache",
    "a limit on a store that forgets nothing",
    include_str!("errors/limits-need-a-cache.md"),
);

fn check(cx: &mut CheckContext<'_>) {
    if cx.interface.is_none_or(|interface| interface.extends(CACHE)) {
        return;
    }
    for limit in MemorySettings::LIMITS.map(Field::name) {
        if cx.settings.get(limit).is_none() {
            continue;
        }
        let instead = match cx.neighbours.callers.as_slice() {
            [] => String::new(),
            [only] => format!(", or let `{only}` take a cache"),
            [first, others @ ..] => {
                format!(", or let `{first}` and {} more take a cache", others.len())
            }
        };
        cx.report(
            &LIMITS_NEED_A_CACHE,
            limit,
            format!("`{}` is a document store, which has no `{limit}`", cx.place),
            format!("remove `{limit}`{instead}"),
        );
    }
}
