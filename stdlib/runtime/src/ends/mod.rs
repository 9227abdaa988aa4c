//! The ends of chains: the callee in this process, one that is bound later, one across a transport.

mod gate;
mod late;
mod local;
mod remote;

pub(crate) use gate::Gate;
pub(crate) use late::{Late, LateCell};
pub(crate) use local::Local;
pub(crate) use remote::{Remote, until};
