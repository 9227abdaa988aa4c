//! Time as policies see it: real, or moved by hand in tests and simulation.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Notify;
pub use tokio::time::Instant;

use crate::alarm::Alarm;

/// The source of time of every policy.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Now.
    fn now(&self) -> Instant;
    /// Resolves when `instant` is reached.
    fn sleep_until(&self, instant: Instant) -> BoxFuture<'static, ()>;
    /// Resolves after `duration`.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.sleep_until(self.now() + duration)
    }
}

/// Tokio's clock, which tests may pause.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_until(&self, instant: Instant) -> BoxFuture<'static, ()> {
        Box::pin(Alarm::at(instant))
    }
}

/// A clock that stands still until [`ManualClock::advance`] moves it; clones share the time.
#[derive(Debug, Clone)]
pub struct ManualClock {
    state: Arc<ManualState>,
}

#[derive(Debug)]
struct ManualState {
    now: Mutex<Instant>,
    moved: Notify,
}

impl ManualClock {
    /// A clock that starts at the real present.
    pub fn new() -> Self {
        Self {
            state: Arc::new(ManualState { now: Mutex::new(Instant::now()), moved: Notify::new() }),
        }
    }

    /// Moves the time and wakes the sleepers that it passes.
    pub fn advance(&self, duration: Duration) {
        *crate::sync::lock(&self.state.now) += duration;
        self.state.moved.notify_waiters();
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        *crate::sync::lock(&self.state.now)
    }

    fn sleep_until(&self, instant: Instant) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        Box::pin(async move {
            loop {
                // Registered before the time is read, so a move in between is not missed.
                let moved = clock.state.moved.notified();
                tokio::pin!(moved);
                moved.as_mut().enable();
                if clock.now() >= instant {
                    return;
                }
                moved.await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_time_is_moved_past_it() {
        let clock = ManualClock::new();
        let start = clock.now();
        let mut sleep = clock.sleep(Duration::from_secs(10));
        assert_eq!(poll!(&mut sleep), Poll::Pending);
        clock.advance(Duration::from_secs(9));
        assert_eq!(poll!(&mut sleep), Poll::Pending);
        clock.clone().advance(Duration::from_secs(1));
        assert_eq!(poll!(&mut sleep), Poll::Ready(()));
        assert_eq!(clock.now() - start, Duration::from_secs(10));
    }
}
