//! State that several wrappers share: those of one edge, or those in front of one instance on all its listeners.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use crate::sync::lock;

/// Values by their type, made when they are first asked for; clones share them.
///
/// A plugin that keeps its state here has one state for an edge, whichever of its wrappers uses it, and one for an instance, through whichever listener a call comes.
/// Two plugins share a value by naming the same type: so every wrapper that repeats calls takes from one [`RetryBudget`](crate::policy::RetryBudget).
#[derive(Clone, Default)]
pub struct SharedState(Arc<Mutex<BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>>>);

impl SharedState {
    /// The value of this type, made by `make` if there is none yet.
    pub fn get_or_init<T: Send + Sync + 'static>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let known = lock(&self.0).get(&TypeId::of::<T>()).cloned();
        // Made without the lock, because it may ask for another value of the same state; of two that are made at once, the first stays.
        let value = known.unwrap_or_else(|| {
            let made: Arc<dyn Any + Send + Sync> = Arc::new(make());
            lock(&self.0).entry(TypeId::of::<T>()).or_insert(made).clone()
        });
        #[expect(clippy::unreachable, reason = "the key is the value's type")]
        value.downcast().unwrap_or_else(|_| unreachable!("a value has the type of its key"))
    }
}

impl fmt::Debug for SharedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedState").field("values", &lock(&self.0).len()).finish()
    }
}

/// The shared states of one process, by the edge's key; for what a listener serves that is `*->` and the instance.
#[derive(Default)]
pub(crate) struct SharedStates(Mutex<BTreeMap<String, SharedState>>);

impl SharedStates {
    pub(crate) fn of(&self, edge: &str) -> SharedState {
        lock(&self.0).entry(edge.to_owned()).or_default().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_for_each_type_and_edge() {
        let states = SharedStates::default();
        let number = |edge: &str, make| *states.of(edge).get_or_init::<u32>(|| make);
        assert_eq!((number("a->b", 1), number("a->b", 2), number("a->c", 3)), (1, 1, 3));
        let nested = states.of("a->b");
        assert_eq!(*nested.get_or_init(|| nested.get_or_init(|| 7_u64).to_string()), "7");
    }
}
