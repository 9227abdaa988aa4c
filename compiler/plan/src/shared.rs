//! A value that many places share and few change.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use serde::Serialize;

/// A value that is cheap to clone, and copied only when a clone of it is changed.
///
/// Ten thousand edges with the settings of one selector hold them once.
#[derive(Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Shared<T>(Arc<T>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

impl<T: Clone + IntoIterator> IntoIterator for Shared<T> {
    type Item = T::Item;
    type IntoIter = T::IntoIter;

    fn into_iter(self) -> T::IntoIter {
        Arc::unwrap_or_clone(self.0).into_iter()
    }
}

#[expect(
    clippy::into_iter_without_iter,
    reason = "the value's own `iter` is reached through `Deref`"
)]
impl<'a, T> IntoIterator for &'a Shared<T>
where
    &'a T: IntoIterator,
{
    type Item = <&'a T as IntoIterator>::Item;
    type IntoIter = <&'a T as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        (&*self.0).into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_does_not_show_in_other_clones() {
        let one = Shared::from(vec![1]);
        let mut two = one.clone();
        two.push(2);
        assert_eq!((&*one, &*two), (&vec![1], &vec![1, 2]));
    }
}
