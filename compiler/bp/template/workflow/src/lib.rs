//! What @NAME@ does; how it is deployed is in `../wiring`.

use std::sync::Arc;

use bp_std::{BackendError, Cache, Data, Infra, ServiceError, service};

/// The front door.
#[service]
pub trait Greeter {
    /// Greets somebody, and says how often by now.
    async fn greet(&self, name: String) -> Result<Greeting, GreetError>;
}

/// Counts visits.
#[service]
pub trait Visits {
    /// Counts one visit and returns how many there were.
    async fn count(&self, name: String) -> Result<u32, GreetError>;
}

/// What a visitor gets.
#[derive(Debug, Clone, PartialEq, Data)]
pub struct Greeting {
    /// The words.
    pub text: String,
    /// How many visits there were, this one included.
    pub visits: u32,
}

/// Why a visitor gets nothing.
#[derive(Debug, PartialEq, ServiceError)]
pub enum GreetError {
    /// The name is empty.
    #[status(invalid_argument, "a visitor has a name")]
    NoName,
    /// The infrastructure failed.
    #[infra]
    Infra(Infra),
}

impl From<BackendError> for GreetError {
    fn from(error: BackendError) -> Self {
        Self::Infra(error.into())
    }
}

/// Greets with the help of `visits`.
pub struct GreeterImpl {
    visits: Arc<dyn Visits>,
    salutation: String,
}

impl GreeterImpl {
    /// `salutation` is a value of the wiring, and may change without a rebuild.
    pub fn new(visits: Arc<dyn Visits>, salutation: String) -> Self {
        Self { visits, salutation }
    }
}

#[service]
impl Greeter for GreeterImpl {
    async fn greet(&self, name: String) -> Result<Greeting, GreetError> {
        if name.is_empty() {
            return Err(GreetError::NoName);
        }
        let visits = self.visits.count(name.clone()).await?;
        Ok(Greeting { text: format!("{}, {name}!", self.salutation), visits })
    }
}

/// Counts in a cache.
pub struct VisitsImpl {
    cache: Arc<dyn Cache>,
}

impl VisitsImpl {
    /// The wiring picks the cache.
    pub fn new(cache: Arc<dyn Cache>) -> Self {
        Self { cache }
    }
}

#[service]
impl Visits for VisitsImpl {
    async fn count(&self, name: String) -> Result<u32, GreetError> {
        let visits = self.cache.increment(format!("visits/{name}"), 1, None).await?;
        Ok(u32::try_from(visits).unwrap_or(u32::MAX))
    }
}
