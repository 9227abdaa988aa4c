//! The compile half of `@NAME@`: what the wiring may say.
//!
//! `bp` checks types, units and bounds by these declarations, fills in defaults, and documents them: `bp-@NAME@ explain @NAME@`, `bp-@NAME@ schema`.
//! A plugin with checks or files of its own adds functions to its declaration: `.check(…)`, `.check_plan(…)`, `.artifacts(…)`.

#[path = "../cache-runtime/src/settings.rs"]
mod cache_settings;
#[path = "../runtime/src/settings.rs"]
mod settings;

use bp_plugin::{Plugin, ServerSlot, backend, wrapper};

use cache_settings::CacheSettings;
use settings::PauseSettings;

/// A runtime half travels inside of this crate, and every build writes it beside the generated code.
const WRAPPER_SOURCES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../runtime/Cargo.toml")),
    ("src/lib.rs", include_str!("../runtime/src/lib.rs")),
    ("src/settings.rs", include_str!("../runtime/src/settings.rs")),
];

const CACHE_SOURCES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../cache-runtime/Cargo.toml")),
    ("src/lib.rs", include_str!("../cache-runtime/src/lib.rs")),
    ("src/settings.rs", include_str!("../cache-runtime/src/settings.rs")),
];

/// `@NAME@ = "5ms"` under `[server."service"]`.
pub static WRAPPER: Plugin = wrapper::<PauseSettings>("@NAME@")
    .server(ServerSlot::Fault)
    .about(include_str!("../README.md"))
    .needs(&["to see what slow services do to their callers"])
    .carries("bp-rt-@NAME@", WRAPPER_SOURCES)
    .declare();

/// `kind = "@NAME@-cache"` under `[backend]`.
pub static CACHE: Plugin = backend::<CacheSettings>("@NAME@-cache", &["bp_backend::Cache"])
    .one_process()
    .about(include_str!("../README.md"))
    .needs(&["a small cache"])
    .carries("bp-rt-@NAME@-cache", CACHE_SOURCES)
    .declare();

#[cfg(test)]
mod tests {
    use bp_plugin::Registry;

    #[test]
    fn the_declarations_are_sound() {
        let registry = Registry::default().with(&super::WRAPPER).with(&super::CACHE);
        assert_eq!(registry.faults(), Vec::<String>::new());
    }
}
