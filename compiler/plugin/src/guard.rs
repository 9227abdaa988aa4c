//! Calling plugins, whose faults are not those of `bp`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bp_diag::{Diagnostic, catalog};

/// Calls a plugin; a panic becomes a diagnostic that names it.
pub fn guard<T>(plugin: &str, call: impl FnOnce() -> T) -> Result<T, Diagnostic> {
    // A plugin that panics may leave its arguments half changed; the run fails, so they are not used.
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let detail = panic
            .downcast_ref::<&str>()
            .map(|s| (*s).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "panic without a message".to_owned());
        catalog::internal::plugin_panicked(plugin, &detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_diagnostic() {
        let fault = guard("shaky", || -> u32 { panic!("no luck with {}", 7) }).unwrap_err();
        assert_eq!(fault.code.id, "BP9001");
        assert!(fault.message.contains("shaky") && fault.message.contains("no luck with 7"));
    }
}
