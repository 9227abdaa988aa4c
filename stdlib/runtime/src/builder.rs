//! What a generated constructor function works with.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use bp_data::Data;
use futures_util::future::BoxFuture;
use serde_json::Value;

use crate::any_instance::AnyInstance;
use crate::error::{InitError, StartError};
use crate::literal::Literal;

/// A generated function that constructs one implementation:
///
/// ```text
/// fn cart_impl(b: Builder) -> Building {
///     Box::pin(async move {
///         let made = CartImpl::new(b.service("db")?, b.value("page_size")?).await;
///         let made = b.constructed(made)?;
///         let made: Arc<dyn Cart> = Arc::new(made);
///         Ok(Built::new(made))
///     })
/// }
/// ```
pub type Constructor = fn(Builder) -> Building;

/// An implementation under construction.
pub type Building = BoxFuture<'static, Result<Built, StartError>>;

/// Fetches the constructor's parameters by name.
pub struct Builder {
    pub(crate) instance: String,
    pub(crate) parameters: BTreeMap<String, Parameter>,
}

/// A parameter that is ready for its constructor.
pub(crate) enum Parameter {
    Instance(AnyInstance),
    Instances(Vec<AnyInstance>),
    Value(Value),
    Absent,
}

impl Builder {
    /// The name of the instance to build.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// The service or backend that parameter `name` gets: `b.service::<dyn Users>("users")?`.
    ///
    /// # Errors
    /// The plan gives the parameter something else.
    pub fn service<T: ?Sized + Send + Sync + 'static>(
        &self,
        name: &str,
    ) -> Result<Arc<T>, StartError> {
        match self.parameters.get(name) {
            Some(Parameter::Instance(instance)) => self.cast::<T>(name, instance),
            other => Err(self.wrong_parameter(name, "an instance", other)),
        }
    }

    /// As [`Builder::service`], for a backend.
    ///
    /// # Errors
    /// As [`Builder::service`].
    pub fn backend<T: ?Sized + Send + Sync + 'static>(
        &self,
        name: &str,
    ) -> Result<Arc<T>, StartError> {
        self.service(name)
    }

    /// The service or backend that an `Option<Arc<dyn T>>` gets.
    ///
    /// # Errors
    /// As [`Builder::service`].
    pub fn optional<T: ?Sized + Send + Sync + 'static>(
        &self,
        name: &str,
    ) -> Result<Option<Arc<T>>, StartError> {
        match self.parameters.get(name) {
            None | Some(Parameter::Absent) => Ok(None),
            Some(_) => self.service(name).map(Some),
        }
    }

    /// The services or backends that a `Vec<Arc<dyn T>>` gets, in the wiring's order.
    ///
    /// # Errors
    /// As [`Builder::service`].
    pub fn list<T: ?Sized + Send + Sync + 'static>(
        &self,
        name: &str,
    ) -> Result<Vec<Arc<T>>, StartError> {
        match self.parameters.get(name) {
            None | Some(Parameter::Absent) => Ok(Vec::new()),
            Some(Parameter::Instances(instances)) => {
                instances.iter().map(|instance| self.cast::<T>(name, instance)).collect()
            }
            other => Err(self.wrong_parameter(name, "instances", other)),
        }
    }

    /// The literal that parameter `name` gets, as the configuration has it now.
    ///
    /// # Errors
    /// It is absent, or does not fit `T`.
    pub fn value<T: Literal>(&self, name: &str) -> Result<T, StartError> {
        let absent = Value::Null;
        let value = match self.parameters.get(name) {
            Some(Parameter::Value(value)) => value,
            // An `Option` of a literal may be absent too.
            None | Some(Parameter::Absent) => &absent,
            other => return Err(self.wrong_parameter(name, "a value", other)),
        };
        T::read(value)
            .ok_or_else(|| self.error_at(name, &format!("{value} is not {}", T::wanted())))
    }

    /// The literal that an `Option` gets, if the plan has one.
    ///
    /// # Errors
    /// As [`Builder::value`].
    pub fn optional_value<T: Literal>(&self, name: &str) -> Result<Option<T>, StartError> {
        self.value(name)
    }

    /// The value that parameter `name` gets, read as one that crosses a process in JSON.
    ///
    /// # Errors
    /// It does not fit `T`.
    pub fn data<T: Data>(&self, name: &str) -> Result<T, StartError> {
        let value = match self.parameters.get(name) {
            Some(Parameter::Value(value)) => value.clone(),
            None | Some(Parameter::Absent) => Value::Null,
            other => return Err(self.wrong_parameter(name, "a value", other)),
        };
        T::from_json(value).map_err(|error| self.error_at(name, &error.to_string()))
    }

    /// The instance that a fallible constructor returned; its failure by the instance's name.
    ///
    /// # Errors
    /// The constructor's.
    pub fn constructed<T, E: Into<InitError>>(&self, made: Result<T, E>) -> Result<T, StartError> {
        made.map_err(|error| {
            let error: InitError = error.into();
            StartError::new(format!("the constructor of `{}` failed: {error}", self.instance))
        })
    }

    fn cast<T: ?Sized + Send + Sync + 'static>(
        &self,
        name: &str,
        instance: &AnyInstance,
    ) -> Result<Arc<T>, StartError> {
        instance.get::<T>().ok_or_else(|| {
            let (found, wanted) = (instance.type_name(), std::any::type_name::<T>());
            self.error_at(name, &format!("it takes a {wanted}, but the plan gives it a {found}"))
        })
    }

    fn wrong_parameter(&self, name: &str, wanted: &str, found: Option<&Parameter>) -> StartError {
        let found = match found {
            Some(Parameter::Instance(_)) => "an instance",
            Some(Parameter::Instances(_)) => "instances",
            Some(Parameter::Value(_)) => "a value",
            Some(Parameter::Absent) | None => "nothing",
        };
        self.error_at(name, &format!("it takes {wanted}, but the plan gives it {found}"))
    }

    fn error_at(&self, name: &str, message: &str) -> StartError {
        StartError::new(format!("parameter `{name}` of `{}`: {message}", self.instance))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("instance", &self.instance).finish_non_exhaustive()
    }
}

/// A constructed instance.
pub struct Built {
    pub(crate) instance: AnyInstance,
    pub(crate) background: Option<BoxFuture<'static, Result<(), InitError>>>,
}

impl Built {
    /// An instance of the trait `T` without background work.
    pub fn new<T: ?Sized + Send + Sync + 'static>(instance: Arc<T>) -> Self {
        Self { instance: AnyInstance::new::<T>(instance), background: None }
    }

    /// Adds the instance's `run`, which starts when every instance of the process is built and is dropped when the process stops.
    pub fn background<F>(mut self, run: F) -> Self
    where
        F: Future<Output: BackgroundOutcome> + Send + 'static,
    {
        self.background = Some(Box::pin(async move { run.await.into_result() }));
        self
    }
}

impl fmt::Debug for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Built")
            .field("instance", &self.instance)
            .field("background", &self.background.is_some())
            .finish()
    }
}

/// What `run` may return.
pub trait BackgroundOutcome {
    /// As a result.
    ///
    /// # Errors
    /// The error of `run`, which ends the process.
    fn into_result(self) -> Result<(), InitError>;
}

impl BackgroundOutcome for () {
    fn into_result(self) -> Result<(), InitError> {
        Ok(())
    }
}

impl<E: Into<InitError>> BackgroundOutcome for Result<(), E> {
    fn into_result(self) -> Result<(), InitError> {
        self.map_err(Into::into)
    }
}
