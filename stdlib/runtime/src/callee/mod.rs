//! The ends of chains: the callee in this process, one that is bound later, one across a transport.

mod gate;
mod late;
mod local;
mod remote;

pub(crate) use gate::StartGate;
pub(crate) use late::{LateCallee, LateCell};
pub(crate) use local::LocalCallee;
pub(crate) use remote::{RemoteCallee, run_until};
