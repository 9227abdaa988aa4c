//! What happens on a connection.

use std::sync::atomic::{AtomicU64, AtomicUsize};

/// What happens on a connection.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    /// Calls under way.
    pub(crate) calls: AtomicUsize,
    /// How many frames came from the callee.
    pub(crate) heard: AtomicU64,
}
