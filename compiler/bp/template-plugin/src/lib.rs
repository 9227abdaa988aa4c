//! The compile half of `@NAME@`: what the wiring may say, as data.
//!
//! `bp` checks types, units and bounds by these tables, fills in defaults, and documents them: `bp-@NAME@ explain @NAME@`, `bp-@NAME@ schema`.
//! A plugin with checks or files of its own implements `bp_plugin::Plugin` instead of being plain `Metadata`.

use bp_plugin::{Literal, Metadata, ServerSlot, Setting, SettingKind};

/// A runtime half travels inside of this crate, and every build writes it beside the generated code.
const WRAPPER_SOURCES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../runtime/Cargo.toml")),
    ("src/lib.rs", include_str!("../runtime/src/lib.rs")),
];

const CACHE_SOURCES: &[(&str, &str)] = &[
    ("Cargo.toml", include_str!("../cache-runtime/Cargo.toml")),
    ("src/lib.rs", include_str!("../cache-runtime/src/lib.rs")),
];

/// `@NAME@ = "5ms"` under `[server."service"]`.
pub static WRAPPER: Metadata = Metadata::server_wrapper(
    "@NAME@",
    ServerSlot::Fault,
    "Waits before a call is handled.",
)
.settings(&[Setting::new("for", SettingKind::Duration, "How long to wait.")
    .required()
    .bounds(Literal::Text("0s"), Literal::Text("1m"))
    .tunable()
    .example("\"5ms\"")])
.shorthand("for")
.about(include_str!("../README.md"))
.needs(&["to see what slow services do to their callers"])
.runtime("bp-rt-@NAME@", "@NAME@/runtime")
.sources(WRAPPER_SOURCES);

/// `kind = "@NAME@-cache"` under `[backend]`.
pub static CACHE: Metadata = Metadata::backend(
    "@NAME@-cache",
    &["bp_backend::Cache"],
    true,
    "Keeps few entries in the process's memory.",
)
.settings(&[Setting::new("items", SettingKind::Count, "Most entries.")
    .default(Literal::Int(1000))
    .bounds(Literal::Int(1), Literal::Int(1_000_000))])
.about(include_str!("../README.md"))
.needs(&["a small cache"])
.runtime("bp-rt-@NAME@-cache", "@NAME@/cache-runtime")
.sources(CACHE_SOURCES);

#[cfg(test)]
mod tests {
    use bp_plugin::Registry;

    #[test]
    fn the_declarations_are_sound() {
        let registry = Registry::default().with(&super::WRAPPER).with(&super::CACHE);
        assert_eq!(registry.faults(), Vec::<String>::new());
    }
}
