//! What lives until a reply has ended.

use std::any::Any;
use std::fmt;
use std::future::Future;

use tokio::sync::oneshot;

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

    /// The same guards, for no longer than until `over`: a peer that does not read its answer must not keep what they stand for.
    pub(crate) fn limit(self, over: impl Future<Output = ()> + Send + 'static) -> Self {
        if self.is_empty() {
            return self;
        }
        let (ended, end) = oneshot::channel::<()>();
        tokio::spawn(async move {
            // The sender is never used: what ends is its life.
            tokio::select! {
                _ = end => {}
                () = over => {}
            }
            drop(self);
        });
        let mut limited = Self::default();
        limited.hold(ended);
        limited
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn limited_guards_end_with_their_reply_or_with_the_limit() {
        for by_limit in [false, true] {
            let guard = Arc::new(());
            let held = Arc::downgrade(&guard);
            let mut guards = Guards::default();
            guards.hold(guard);
            let (limit, over) = oneshot::channel::<()>();
            let guards = guards.limit(async move { drop(over.await) });
            tokio::task::yield_now().await;
            assert!(held.upgrade().is_some());
            // The other one stays.
            let _other: Box<dyn Any> = if by_limit {
                drop(limit);
                Box::new(guards)
            } else {
                drop(guards);
                Box::new(limit)
            };
            while held.upgrade().is_some() {
                tokio::task::yield_now().await;
            }
        }
    }
}
