//! Whether a process has finished its start-up, and which constructors made a call before that.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::call::{Call, Edge};
use crate::error::{Infra, InfraKind, Processed};
use crate::sync::lock;

/// Refuses calls until every instance of the process is built.
///
/// It guards edges inside a cycle of services. A constructor that makes such a call would wait for itself, so the call is remembered and start-up fails with the constructor's name, even if the constructor ignored the error.
#[derive(Debug, Default)]
pub(crate) struct StartGate {
    open: AtomicBool,
    early: Mutex<BTreeMap<String, String>>,
}

impl StartGate {
    /// Lets calls pass from now on.
    pub(crate) fn open(&self) {
        self.open.store(true, Ordering::Release);
    }

    /// Refuses `call` at once while closed.
    pub(crate) fn pass(&self, call: &Call) -> Result<(), Infra> {
        if self.open.load(Ordering::Acquire) {
            return Ok(());
        }
        lock(&self.early).insert(call.edge.caller.clone(), call.edge.key.clone());
        Err(not_started(&call.edge))
    }

    /// The edge inside its own cycle that `caller` called too early, if it did.
    pub(crate) fn early_call(&self, caller: &str) -> Option<String> {
        lock(&self.early).get(caller).cloned()
    }
}

pub(crate) fn not_started(edge: &Edge) -> Infra {
    Infra::new(
        InfraKind::NotStarted,
        Processed::No,
        format!(
            "`{}` is inside a cycle of services, and `{}` has not finished its start-up",
            edge.key, edge.caller
        ),
    )
}
