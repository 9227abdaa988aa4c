//! A plugin: what it is, and what it does.

use std::ops::Deref;

use crate::{Declaration, Hooks};

/// A wrapper, transport, backend, interface, target or owner of tables, at compile time: its declaration, and what it does beyond that.
///
/// Declared by [`wrapper`](crate::wrapper), [`transport`](crate::transport), [`backend`](crate::backend), [`interface`](crate::interface), [`target`](crate::target) and [`table`](crate::table).
/// Every hook is called under a guard: a panic becomes a diagnostic that names the plugin.
///
/// Hooks, and whatever else only asks what a plugin is, are given the [`Declaration`]: nothing that a hook is given leads to another hook.
#[derive(Debug, Clone, Copy)]
pub struct Plugin {
    /// What it is.
    pub declaration: Declaration,
    /// What it does beyond data.
    pub hooks: Hooks,
}

/// What is asked of a plugin is nearly always in its declaration.
impl Deref for Plugin {
    type Target = Declaration;

    fn deref(&self) -> &Declaration {
        &self.declaration
    }
}
