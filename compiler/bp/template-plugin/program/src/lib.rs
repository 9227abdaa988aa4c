//! The compile half of `@NAME@`: what the wiring may say.
//!
//! `bp` checks types, units and bounds by these declarations, fills in defaults, and documents them: `bp-@NAME@ explain @NAME@`, `bp-@NAME@ schema`.
//! A plugin with checks or files of its own adds functions to its declaration: `.check(…)`, `.check_plan(…)`, `.artifacts(…)`.

use bp_plugin::{Plugin, ServerSlot, backend, interface, wrapper};
use @WRAPPER@::PauseSettings;
use @STORE@::MemorySettings;

/// `@NAME@ = "5ms"` under `[server."service"]`.
pub static WRAPPER: Plugin = wrapper::<PauseSettings>("@NAME@")
    .server(ServerSlot::Fault)
    .about(@WRAPPER@::PACKAGE.file("README.md"))
    .needs(&["to see what slow services do to their callers"])
    .carries(@WRAPPER@::PACKAGE)
    .declare();

/// What services take and stores offer: the name of the crate, and of the trait at its root.
const QUEUE_PATH: &str = "@QUEUE@::Queue";

/// `Arc<dyn @QUEUE@::Queue>` in a constructor; the compiler reads the methods from the trait itself.
pub static QUEUE: Plugin = interface(
    "@NAME@-queue",
    "Hands items over in their order.",
    QUEUE_PATH,
    @QUEUE@::PACKAGE.file("src/queue.rs"),
)
.about(@QUEUE@::PACKAGE.file("README.md"))
.needs(&["work to wait until somebody has time for it"])
.carries(@QUEUE@::PACKAGE)
.declare();

/// `kind = "@NAME@-memory"` under `[backend]`.
pub static STORE: Plugin = backend::<MemorySettings>("@NAME@-memory", &[QUEUE_PATH])
    .one_process()
    .forgets()
    .about(@STORE@::PACKAGE.file("README.md"))
    .needs(&["queues without a server"])
    .carries(@STORE@::PACKAGE)
    .declare();

/// Every plugin of this crate.
pub static PLUGINS: &[&Plugin] = &[&WRAPPER, &QUEUE, &STORE];

#[cfg(test)]
mod tests {
    use bp_plugin::Registry;

    #[test]
    fn the_declarations_are_sound() {
        let registry = Registry::new(super::PLUGINS.iter().copied());
        assert_eq!(registry.faults(), Vec::<String>::new());
    }
}
