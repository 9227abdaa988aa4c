//! The plugins that come with `bp`.

use bp_plugin::Registry;

/// Every plugin in this repository; an out-of-tree compiler adds its own with [`Registry::with`].
pub fn builtin() -> Registry {
    Registry::new(bp_plugins::PLUGINS.iter().copied())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_plugins_declarations_are_sound() {
        assert_eq!(super::builtin().faults(), Vec::<String>::new());
    }
}
