//! An instance without its type.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// An `Arc<dyn T>` of some service or backend trait.
#[derive(Clone)]
pub struct AnyInstance {
    pointer: Arc<dyn Any + Send + Sync>,
    name: &'static str,
}

impl AnyInstance {
    /// Hides the type of `instance`: `AnyInstance::new::<dyn Cart>(Arc::new(…))`.
    pub fn new<T: ?Sized + Send + Sync + 'static>(instance: Arc<T>) -> Self {
        Self { pointer: Arc::new(instance), name: std::any::type_name::<T>() }
    }

    /// The instance, if it is one of `T`.
    pub fn get<T: ?Sized + Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.pointer.downcast_ref::<Arc<T>>().cloned()
    }

    /// What `T` was, for messages.
    pub fn type_name(&self) -> &'static str {
        self.name
    }
}

impl fmt::Debug for AnyInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnyInstance({})", self.name)
    }
}
