//! What a workflow crate would hold.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bp_std::{Context, Data, Infra, InitError, ServiceError, service};

/// Work that outlived its caller.
pub static FINISHED: AtomicU32 = AtomicU32::new(0);

#[derive(Debug, Clone, PartialEq, Data)]
pub struct Described {
    pub label: String,
    pub remaining_ms: Option<u64>,
    pub baggage: BTreeMap<String, String>,
    pub trace: Option<String>,
    pub tenant: Option<String>,
    pub attempt: u32,
}

#[derive(Debug, ServiceError)]
pub enum FrontError {
    #[status(not_found, "nobody is called {0}")]
    Nobody(String),
    #[infra]
    Infra(Infra),
}

#[derive(Debug, ServiceError)]
pub enum BackError {
    #[status(failed_precondition)]
    Empty,
    #[infra]
    Infra(Infra),
}

#[service]
pub trait Front {
    #[idempotent]
    async fn describe(&self, name: String) -> Result<Described, FrontError>;
    async fn all(&self) -> Result<Vec<String>, FrontError>;
    async fn wait(&self, ms: u64) -> Result<(), FrontError>;
    async fn echo(&self, text: String) -> Result<String, FrontError>;
}

#[service]
pub trait Back {
    #[idempotent]
    async fn describe(&self) -> Result<Described, BackError>;
    async fn wait(&self, ms: u64) -> Result<(), BackError>;
    async fn crash(&self) -> Result<(), BackError>;
    async fn later(&self, ms: u64, shielded: bool) -> Result<(), BackError>;
    async fn around(&self, text: String) -> Result<String, BackError>;
}

pub struct FrontImpl {
    back: Arc<dyn Back>,
    others: Vec<Arc<dyn Back>>,
}

impl FrontImpl {
    pub fn new(back: Arc<dyn Back>, others: Vec<Arc<dyn Back>>) -> Self {
        Self { back, others }
    }
}

fn pass(error: BackError) -> FrontError {
    match error {
        BackError::Infra(infra) => FrontError::Infra(infra),
        BackError::Empty => FrontError::Nobody("empty".to_owned()),
    }
}

#[service]
impl Front for FrontImpl {
    async fn describe(&self, name: String) -> Result<Described, FrontError> {
        if name == "nobody" {
            return Err(FrontError::Nobody(name));
        }
        self.back.describe().await.map_err(pass)
    }

    async fn all(&self) -> Result<Vec<String>, FrontError> {
        let mut labels = Vec::new();
        for back in std::iter::once(&self.back).chain(&self.others) {
            labels.push(back.describe().await.map_err(pass)?.label);
        }
        Ok(labels)
    }

    async fn wait(&self, ms: u64) -> Result<(), FrontError> {
        self.back.wait(ms).await.map_err(pass)
    }

    async fn echo(&self, text: String) -> Result<String, FrontError> {
        Ok(text)
    }
}

pub struct BackImpl {
    label: String,
    front: Option<Arc<dyn Front>>,
}

impl BackImpl {
    pub fn new(label: String, front: Option<Arc<dyn Front>>) -> Self {
        Self { label, front }
    }
}

#[service]
impl Back for BackImpl {
    async fn describe(&self) -> Result<Described, BackError> {
        let context = Context::current();
        let now = bp_std::rt::Instant::now();
        let own = |text: &str| text.to_owned();
        Ok(Described {
            label: self.label.clone(),
            remaining_ms: context.remaining(now).map(|d| u64::try_from(d.as_millis()).unwrap()),
            baggage: context.baggage_entries().map(|(k, v)| (own(k), own(v))).collect(),
            trace: context.trace().map(ToString::to_string),
            tenant: context.tenant().map(own),
            attempt: context.attempt(),
        })
    }

    async fn wait(&self, ms: u64) -> Result<(), BackError> {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        Ok(())
    }

    async fn crash(&self) -> Result<(), BackError> {
        panic!("a bug")
    }

    async fn later(&self, ms: u64, shielded: bool) -> Result<(), BackError> {
        let work = async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            // The context came along.
            assert_eq!(Context::current().tenant(), Some("acme"));
            FINISHED.fetch_add(1, Ordering::SeqCst);
        };
        if shielded {
            bp_std::shielded(work).await;
        } else {
            drop(bp_std::spawn(work));
        }
        Ok(())
    }

    async fn around(&self, text: String) -> Result<String, BackError> {
        let front = self.front.as_ref().ok_or(BackError::Empty)?;
        front.echo(text).await.map_err(|error| match error {
            FrontError::Infra(infra) => BackError::Infra(infra),
            FrontError::Nobody(_) => BackError::Empty,
        })
    }
}

/// Calls into its own cycle while it is constructed, and shrugs the answer off.
pub struct EagerImpl;

impl EagerImpl {
    pub async fn new(front: Arc<dyn Front>) -> Result<Self, InitError> {
        let _ = front.echo("early".to_owned()).await;
        Ok(Self)
    }
}

#[service]
impl Back for EagerImpl {
    async fn describe(&self) -> Result<Described, BackError> {
        Err(BackError::Empty)
    }
    async fn wait(&self, _: u64) -> Result<(), BackError> {
        Ok(())
    }
    async fn crash(&self) -> Result<(), BackError> {
        Ok(())
    }
    async fn later(&self, _: u64, _: bool) -> Result<(), BackError> {
        Ok(())
    }
    async fn around(&self, text: String) -> Result<String, BackError> {
        Ok(text)
    }
}

/// Has background work.
pub struct WorkerImpl {
    fails: bool,
}

impl WorkerImpl {
    pub fn new(fails: bool) -> Self {
        Self { fails }
    }

    pub async fn run(&self) -> Result<(), InitError> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if self.fails { Err(InitError::new("out of ideas")) } else { std::future::pending().await }
    }
}

#[service]
impl Back for WorkerImpl {
    async fn describe(&self) -> Result<Described, BackError> {
        Err(BackError::Empty)
    }
    async fn wait(&self, _: u64) -> Result<(), BackError> {
        Ok(())
    }
    async fn crash(&self) -> Result<(), BackError> {
        Ok(())
    }
    async fn later(&self, _: u64, _: bool) -> Result<(), BackError> {
        Ok(())
    }
    async fn around(&self, text: String) -> Result<String, BackError> {
        Ok(text)
    }
}
