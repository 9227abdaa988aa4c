//! What lives until a reply has ended.

use std::any::Any;
use std::fmt;

/// Values that are dropped when a reply has ended: when its caller has its value, or when a transport has written it.
///
/// Wrappers leave permits and spans there whose end is that of the answer, not of the call.
/// They are dropped in the order in which they came, so those of inner wrappers first.
#[derive(Default)]
pub struct Guards(Vec<Box<dyn Any + Send + Sync>>);

impl Guards {
    /// Keeps `guard` as long as these live.
    pub fn hold(&mut self, guard: impl Send + Sync + 'static) {
        self.0.push(Box::new(guard));
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Guards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guards").field("count", &self.0.len()).finish()
    }
}
