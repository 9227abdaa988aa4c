//! Knobs: switches that workflow code reads and an operator turns without a rebuild.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use crate::sync::lock;

/// Every knob of this process by name, whether its code or the configuration came first.
static KNOBS: Mutex<BTreeMap<String, Arc<AtomicBool>>> = Mutex::new(BTreeMap::new());

/// A switch: `static RELATED: Knob = knob!("related_posts");`. On until [`set`] says otherwise.
pub struct Knob {
    name: &'static str,
    state: OnceLock<Arc<AtomicBool>>,
}

impl Knob {
    /// A knob by the name that configuration uses.
    pub const fn new(name: &'static str) -> Self {
        Self { name, state: OnceLock::new() }
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it is on now; an atomic load.
    pub fn is_on(&self) -> bool {
        self.state.get_or_init(|| find_or_add_switch(self.name)).load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Knob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Knob({} = {})", self.name, self.is_on())
    }
}

/// A workflow's knob by name; `-` and `_` are the same.
fn find_or_add_switch(name: &str) -> Arc<AtomicBool> {
    let name = name.replace('-', "_");
    lock(&KNOBS).entry(name).or_insert_with(|| Arc::new(AtomicBool::new(true))).clone()
}

/// Turns a knob, whether or not its code has asked for it yet.
pub fn set(name: &str, on: bool) {
    find_or_add_switch(name).store(on, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_knob_is_on_until_turned() {
        static KNOB: Knob = Knob::new("test-of-knobs");
        assert!(KNOB.is_on());
        set("test_of_knobs", false);
        assert!(!KNOB.is_on());
    }
}
