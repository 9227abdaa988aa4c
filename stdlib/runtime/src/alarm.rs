//! Timers that are reused.
//!
//! Nearly every call ends before its deadline.
//! A timer for each call would be registered and cancelled under the runtime's lock, and registering one that is earlier than
//! all others wakes the thread that waits for events: together this is a quarter of a small call's latency.
//! Postponing a registered timer does neither (`Sleep::reset`), so a timer that was not reached is kept and postponed.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::runtime::{Handle, Id};
use tokio::time::{Instant, Sleep};

/// Timers that a thread keeps. Each holds the memory of the task that used it last until it is reused or fires, so only few are kept.
const KEPT: usize = 64;

thread_local! {
    static IDLE: RefCell<VecDeque<Timer>> = const { RefCell::new(VecDeque::new()) };
}

struct Timer {
    sleep: Pin<Box<Sleep>>,
    /// The runtime that drives it; on another runtime it would never fire.
    runtime: Id,
}

/// Resolves at an instant, like [`tokio::time::sleep_until`], and panics like it outside of a runtime with time.
pub(crate) struct Alarm {
    /// Present until it is dropped.
    timer: Option<Timer>,
}

impl Alarm {
    pub(crate) fn at(instant: Instant) -> Self {
        let runtime = Handle::current().id();
        let timer = match take_idle_timer(runtime, instant) {
            Some(mut timer) => {
                timer.sleep.as_mut().reset(instant);
                timer
            }
            None => Timer { sleep: Box::pin(tokio::time::sleep_until(instant)), runtime },
        };
        Self { timer: Some(timer) }
    }
}

/// A kept timer of this thread that only needs to be postponed.
fn take_idle_timer(runtime: Id, instant: Instant) -> Option<Timer> {
    let taken = IDLE.try_with(|idle| {
        let mut idle = idle.try_borrow_mut().ok()?;
        let place = idle
            .iter()
            .rposition(|timer| timer.runtime == runtime && timer.sleep.deadline() <= instant)?;
        idle.remove(place)
    });
    taken.ok().flatten()
}

impl Future for Alarm {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.timer {
            // Outside of tokio's task budget, so that a call that uses up the budget still ends at its deadline.
            Some(timer) => pin!(tokio::task::unconstrained(timer.sleep.as_mut())).poll(cx),
            None => Poll::Pending,
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        let Some(timer) = self.timer.take().filter(|timer| !timer.sleep.is_elapsed()) else {
            return;
        };
        // Dropping a timer may drop a task and its alarms with it, hence outside of the borrow.
        let surplus = IDLE.try_with(|idle| {
            let mut idle = idle.try_borrow_mut().ok()?;
            idle.push_back(timer);
            if idle.len() > KEPT { idle.pop_front() } else { None }
        });
        drop(surplus);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::poll;

    use super::*;

    fn kept() -> usize {
        IDLE.with_borrow(VecDeque::len)
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_is_used_again_and_rings_in_time() {
        let start = Instant::now();
        let mut first = Alarm::at(start + Duration::from_secs(2));
        assert_eq!(poll!(&mut first), Poll::Pending);
        drop(first);
        assert_eq!(kept(), 1);
        let later = Alarm::at(start + Duration::from_secs(5));
        assert_eq!(kept(), 0, "postponed");
        later.await;
        assert_eq!(start.elapsed(), Duration::from_secs(5));
        drop(Alarm::at(start + Duration::from_secs(30)));
        Alarm::at(start + Duration::from_secs(6)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(6), "an earlier one gets its own");
        assert_eq!(kept(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_number_kept_is_bounded() {
        let alarms: Vec<_> =
            (0..3 * KEPT).map(|_| Alarm::at(Instant::now() + Duration::from_secs(1))).collect();
        drop(alarms);
        assert_eq!(kept(), KEPT);
    }

    #[test]
    fn a_timer_of_another_runtime_is_not_taken() {
        for _ in 0..2 {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                let soon = Instant::now() + Duration::from_secs(1);
                drop(Alarm::at(soon));
                Alarm::at(soon).await;
                drop(Alarm::at(soon + Duration::from_secs(1)));
            });
        }
    }
}
