//! The compile half of `@NAME@`: what the wiring may say.
//!
//! `bp` checks types, units and bounds by these declarations, fills in defaults, and documents them: `bp-@NAME@ explain @NAME@`, `bp-@NAME@ schema`.
//! A plugin with checks or files of its own adds functions to its declaration: `.check(…)`, `.check_plan(…)`, `.artifacts(…)`.

use bp_plugin::{Plugin, ServerSlot, backend, wrapper};
use @WRAPPER@::PauseSettings;
use @STORE@::MemorySettings;

/// `@NAME@ = "5ms"` under `[server."service"]`.
pub static WRAPPER: Plugin = wrapper::<PauseSettings>("@NAME@")
    .server(ServerSlot::Fault)
    .about(include_str!("../README.md"))
    .needs(&["to see what slow services do to their callers"])
    .carries(@WRAPPER@::PACKAGE)
    .declare();

/// `kind = "@NAME@-memory"` under `[backend]`.
pub static STORE: Plugin = backend::<MemorySettings>("@NAME@-memory", &[bp_plugin::CACHE])
    .one_process()
    .forgets()
    .about(include_str!("../README.md"))
    .needs(&["a small cache"])
    .carries(@STORE@::PACKAGE)
    .declare();

/// Every plugin of this crate.
pub static PLUGINS: [&Plugin; 2] = [&WRAPPER, &STORE];

#[cfg(test)]
mod tests {
    use bp_plugin::Registry;

    #[test]
    fn the_declarations_are_sound() {
        let registry = Registry::new(super::PLUGINS);
        assert_eq!(registry.faults(), Vec::<String>::new());
    }
}
