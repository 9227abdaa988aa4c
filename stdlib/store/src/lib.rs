//! What backends behind a network connection share: their address and limits, a pool of connections, typed failures.
//!
//! A plugin lists what it offers with [`offers`], which reads the settings that all of them have, and opens each instance with a [`StoreContext`].
//! It says how to connect ([`Connect`]) and what an error of its library means ([`Fault`]); a call is then
//!
//! ```text
//! let mut lease = self.pool.lease().await?;                        // a connection, within the limits
//! let answer = lease.limit().wait(lease.get(key)).await?;          // dropped or too late: the connection is thrown away
//! lease.end(answer.map_err(fault))                                 // answered: it goes back
//! ```
//!
//! **Start-up.** An instance connects when it is first called, so a process starts even if its store is down: calls fail until the store is up.
//!
//! **Failures** are [`Infra`](bp_runtime::Infra) and say truthfully whether the call was processed:
//! no connection means no, a connection that broke behind the request means maybe.
//!
//! **Recovery.** A connection is used again only after a whole answer. A connection that was idle, or that was open when another one failed, is probed first;
//! when the store does not answer the probe, all connections that were open by then are thrown away.

mod address;
mod concurrency_limit;
mod context;
mod fault;
mod limits;
mod pool;

pub use bp_contract::store::{StoreAddress, StoreLimits as Limits};
pub use concurrency_limit::ConcurrencyLimit;
pub use context::{StoreContext, offers};
pub use fault::Fault;
pub use limits::Limit;
pub use pool::{Connect, Lease, Pool};
