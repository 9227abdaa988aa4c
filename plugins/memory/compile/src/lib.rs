//! The compile half of `memory`: backends in the process's memory.

use bp_plugin::{
    CheckContext, Literal, Metadata, PlaceInterface, Plugin, PluginCode, Setting, SettingKind,
};

/// `kind = "memory"`.
pub static PLUGIN: Memory = Memory;

/// The plugin.
#[derive(Debug)]
pub struct Memory;

const LIMITS_NEED_A_CACHE: PluginCode = PluginCode::new(
    "limits-need-a-cache",
    "a limit on a store that forgets nothing",
    include_str!("../../errors/limits-need-a-cache.md"),
);

static METADATA: Metadata = Metadata::backend(
    "memory",
    &["bp_backend::Cache", "bp_backend::DocumentStore"],
    true,
    "Keeps its content in the process's memory; it is gone when the process ends.",
)
.forgets()
.settings(&[
    Setting::new(
        "max_items",
        SettingKind::Count,
        "Most entries of a cache; beyond it those used longest ago go. Not for document stores.",
    )
    .bounds(Literal::Int(1), Literal::Int(1_000_000_000))
    .example("10000"),
    Setting::new(
        "max_bytes",
        SettingKind::Size,
        "Most bytes of a cache, 64 MiB by default; beyond it those entries used longest ago go. Not for document stores.",
    )
    .bounds(Literal::Text("64KiB"), Literal::Text("1TiB"))
    .example("\"256MiB\""),
])
.codes(&[LIMITS_NEED_A_CACHE])
.about(include_str!("../../README.md"))
.needs(&[
    "a cache inside a process",
    "tests without a database",
])
.runtime("bp-rt-memory", "bp_rt_memory::plugin()", "plugins/memory/runtime");

impl Plugin for Memory {
    fn metadata(&self) -> &Metadata {
        &METADATA
    }

    fn check(&self, cx: &mut CheckContext<'_>) {
        let is_cache = |interface: &PlaceInterface<'_>| interface.path == "bp_backend::Cache";
        if cx.interface.is_none_or(is_cache) {
            return;
        }
        for limit in ["max_items", "max_bytes"] {
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
}

#[cfg(test)]
mod tests {
    use bp_plugin::{Plugin, Registry};

    #[test]
    fn the_declaration_has_no_fault() {
        assert_eq!(Registry::new([&super::PLUGIN as &dyn Plugin]).faults(), Vec::<String>::new());
    }
}
