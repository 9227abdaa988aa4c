//! An application that shows what reaches the end of a chain of calls: `gate -> relay -> left | right`.

mod words;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bp_std::{Context, Data, Infra, InitError, ServiceError, service};

pub use words::{Desk, DeskImpl, Mark, Marks, MarksImpl, Words, WordsImpl};

/// What a worker sees of a call's context.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct Seen {
    /// The worker's name.
    pub worker: String,
    /// Milliseconds left, if there is a deadline.
    pub deadline: Option<u32>,
    /// The trace, in hexadecimal.
    pub trace: Option<String>,
    /// The tenant.
    pub tenant: Option<String>,
    /// The baggage entry `colour`.
    pub colour: Option<String>,
}

/// How many naps a worker began, ended, and lost to a cancellation.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct Naps {
    /// Begun.
    pub begun: u32,
    /// Ended.
    pub ended: u32,
    /// Dropped on the way.
    pub dropped: u32,
}

/// Why a call fails.
#[derive(Debug, Clone, PartialEq, ServiceError)]
pub enum ProbeError {
    /// Nobody has this name.
    #[status(not_found, "there is no worker `{0}`")]
    NoSuchWorker(String),
    /// The call did not get through.
    #[infra]
    Infra(Infra),
}

/// The front.
#[service]
pub trait Gate {
    /// What the worker sees.
    #[idempotent]
    async fn look(&self, worker: String) -> Result<Seen, ProbeError>;
    /// Lets the worker nap.
    async fn nap(&self, worker: String, millis: u32) -> Result<u32, ProbeError>;
    /// Counts naps.
    #[idempotent]
    async fn naps(&self, worker: String) -> Result<Naps, ProbeError>;
}

/// The middle.
#[service]
pub trait Relay {
    /// What the worker sees.
    #[idempotent]
    async fn look(&self, worker: String) -> Result<Seen, ProbeError>;
    /// Lets the worker nap.
    async fn nap(&self, worker: String, millis: u32) -> Result<u32, ProbeError>;
    /// Counts naps.
    #[idempotent]
    async fn naps(&self, worker: String) -> Result<Naps, ProbeError>;
}

/// The end.
#[service]
pub trait Worker {
    /// What it sees.
    #[idempotent]
    async fn look(&self) -> Result<Seen, ProbeError>;
    /// Naps.
    async fn nap(&self, millis: u32) -> Result<u32, ProbeError>;
    /// Counts naps.
    #[idempotent]
    async fn naps(&self) -> Result<Naps, ProbeError>;
}

/// Passes calls on.
pub struct GateImpl {
    relay: Arc<dyn Relay>,
}

impl GateImpl {
    /// Calls nobody yet.
    pub fn new(relay: Arc<dyn Relay>) -> Self {
        Self { relay }
    }
}

#[service]
impl Gate for GateImpl {
    async fn look(&self, worker: String) -> Result<Seen, ProbeError> {
        self.relay.look(worker).await
    }
    async fn nap(&self, worker: String, millis: u32) -> Result<u32, ProbeError> {
        self.relay.nap(worker, millis).await
    }
    async fn naps(&self, worker: String) -> Result<Naps, ProbeError> {
        self.relay.naps(worker).await
    }
}

/// Chooses between two workers.
pub struct RelayImpl {
    left: Arc<dyn Worker>,
    right: Arc<dyn Worker>,
}

impl RelayImpl {
    /// Two workers of one interface.
    pub fn new(left: Arc<dyn Worker>, right: Arc<dyn Worker>) -> Self {
        Self { left, right }
    }

    fn choose(&self, worker: &str) -> Result<&dyn Worker, ProbeError> {
        match worker {
            "left" => Ok(&*self.left),
            "right" => Ok(&*self.right),
            other => Err(ProbeError::NoSuchWorker(other.to_owned())),
        }
    }
}

#[service]
impl Relay for RelayImpl {
    async fn look(&self, worker: String) -> Result<Seen, ProbeError> {
        self.choose(&worker)?.look().await
    }
    async fn nap(&self, worker: String, millis: u32) -> Result<u32, ProbeError> {
        self.choose(&worker)?.nap(millis).await
    }
    async fn naps(&self, worker: String) -> Result<Naps, ProbeError> {
        self.choose(&worker)?.naps().await
    }
}

/// Naps, and tells what it saw.
pub struct WorkerImpl {
    name: String,
    begun: AtomicU64,
    ended: AtomicU64,
    dropped: AtomicU64,
}

impl WorkerImpl {
    /// A rested worker.
    pub fn new(name: String) -> Self {
        Self {
            name,
            begun: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        }
    }
}

struct Nap<'a> {
    worker: &'a WorkerImpl,
    done: bool,
}

impl Drop for Nap<'_> {
    fn drop(&mut self) {
        let count = if self.done { &self.worker.ended } else { &self.worker.dropped };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

#[service]
impl Worker for WorkerImpl {
    async fn look(&self) -> Result<Seen, ProbeError> {
        let context = Context::current();
        let left = context.remaining(tokio::time::Instant::now()).map(|left| left.as_millis());
        Ok(Seen {
            worker: self.name.clone(),
            deadline: left.map(|m| u32::try_from(m).unwrap_or(u32::MAX)),
            trace: context
                .trace()
                .map(|t| t.to_traceparent().split('-').nth(1).unwrap_or_default().to_owned()),
            tenant: context.tenant().map(str::to_owned),
            colour: context.baggage("colour").map(str::to_owned),
        })
    }
    async fn nap(&self, millis: u32) -> Result<u32, ProbeError> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        let mut nap = Nap { worker: self, done: false };
        tokio::time::sleep(Duration::from_millis(millis.into())).await;
        nap.done = true;
        Ok(millis)
    }
    async fn naps(&self) -> Result<Naps, ProbeError> {
        let count = |c: &AtomicU64| u32::try_from(c.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        Ok(Naps {
            begun: count(&self.begun),
            ended: count(&self.ended),
            dropped: count(&self.dropped),
        })
    }
}

/// One half of a pair that needs the other before either exists.
#[service]
pub trait Egg {
    /// Who was first.
    #[idempotent]
    async fn first(&self) -> Result<String, ProbeError>;
}

/// The other half.
#[service]
pub trait Hen {
    /// Who was first.
    #[idempotent]
    async fn first(&self) -> Result<String, ProbeError>;
}

/// Asks the hen while it is being made.
pub struct EggImpl;

impl EggImpl {
    /// Fails, since the hen needs an egg to be made.
    pub async fn new(hen: Arc<dyn Hen>) -> Result<Self, InitError> {
        hen.first().await?;
        Ok(Self)
    }
}

#[service]
impl Egg for EggImpl {
    async fn first(&self) -> Result<String, ProbeError> {
        Ok("egg".to_owned())
    }
}

/// Keeps an egg.
pub struct HenImpl {
    egg: Arc<dyn Egg>,
}

impl HenImpl {
    /// Calls nobody yet.
    pub fn new(egg: Arc<dyn Egg>) -> Self {
        Self { egg }
    }
}

#[service]
impl Hen for HenImpl {
    async fn first(&self) -> Result<String, ProbeError> {
        self.egg.first().await
    }
}
