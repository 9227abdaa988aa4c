//! What everything in one running process shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::balance::Directories;
use crate::callee::StartGate;
use crate::config::Configuration;
use crate::drain::Drain;
use crate::environment::Environment;
use crate::plan::{ALL, RunPlan};
use crate::plugin::Surroundings;
use crate::shared_state::SharedStates;
use crate::tasks::Tasks;

/// The state of one process.
pub(super) struct ProcessState {
    pub(super) plan: Arc<RunPlan>,
    /// The process's name in the plan; `*` for all of them.
    pub(super) process: String,
    pub(super) environment: Environment,
    pub(super) configuration: Arc<Configuration>,
    pub(super) surroundings: Surroundings,
    /// Calls and spawned work under way.
    pub(super) tasks: Tasks,
    pub(super) gate: Arc<StartGate>,
    /// Where callees are.
    pub(super) directories: Directories,
    /// What wrappers share.
    pub(super) shared: SharedStates,
    pub(super) drain: Drain,
    /// Ends background work.
    pub(super) stop: CancellationToken,
    pub(super) started: AtomicBool,
    pub(super) ready: watch::Sender<bool>,
    /// The first failure of a part that must not end.
    pub(super) failure: watch::Sender<Option<String>>,
}

impl ProcessState {
    /// Whether the instance named `name` is in this process.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.plan.instances.get(name).is_some_and(|instance| instance.is_in(&self.process))
    }

    /// Whether what belongs to `process` is in this one.
    pub(super) fn is(&self, process: &str) -> bool {
        self.process == ALL || self.process == process
    }

    /// Says that the process cannot go on; the first reason counts.
    pub(super) fn fail(&self, reason: String) {
        tracing::error!(reason, "the process cannot go on");
        self.failure.send_if_modified(|present| {
            let first = present.is_none();
            if first {
                *present = Some(reason);
            }
            first
        });
    }

    pub(super) fn is_ready(&self) -> bool {
        *self.ready.borrow()
    }

    pub(super) fn has_started(&self) -> bool {
        self.started.load(Ordering::Acquire)
    }
}
