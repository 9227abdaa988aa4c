//! What lives until a reply has ended.

use std::any::Any;
use std::fmt;

/// Values that are dropped when a reply has ended: when its caller has its value, or when a transport has written it.
///
/// Wrappers leave permits and spans there whose end is that of the answer, not of the call.
/// They are dropped in the order in which they came, so those of inner wrappers first.
#[derive(Default)]
pub struct Guards(Option<Box<Vec<Box<dyn Any + Send + Sync>>>>);

impl Guards {
    /// Keeps `guard` as long as these live.
    pub fn hold(&mut self, guard: impl Send + Sync + 'static) {
        self.0.get_or_insert_default().push(Box::new(guard));
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl fmt::Debug for Guards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.as_ref().map_or(0, |guards| guards.len());
        f.debug_struct("Guards").field("count", &count).finish()
    }
}
