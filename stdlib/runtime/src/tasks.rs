//! Tasks that the drain of their process waits for.

use std::sync::Arc;

use tokio_util::task::TaskTracker;

/// The counted tasks of one process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tasks {
    tracker: Arc<TaskTracker>,
}

impl Tasks {
    /// How many run now.
    pub(crate) fn running(&self) -> usize {
        self.tracker.len()
    }

    /// Counts as one task until it is dropped.
    pub(crate) fn token(&self) -> tokio_util::task::task_tracker::TaskTrackerToken {
        self.tracker.token()
    }

    /// Resolves when no task is left.
    pub(crate) async fn finished(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}
