//! One exponential server with a FIFO queue, as the end of a chain.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bp_runtime::{
    BoxFuture, Call, Class, Clock, Codec, Endpoint, Infra, InfraKind, Instant, Processed, Reply,
    Rng, SeededRng,
};

use super::events::EventClock;

/// How long the caller of an attempt waits.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a server is like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Capacity {
    /// Calls a second.
    pub(crate) rate: f64,
    /// Most attempts that wait, if there is a limit.
    pub(crate) queue: Option<usize>,
    /// Whether it drops what nobody waits for any longer when its turn comes.
    pub(crate) drops_expired: bool,
    /// When it is slow: from, until, and what is left of the rate.
    pub(crate) slow: (Instant, Instant, f64),
}

/// The server; it works on attempts whose caller has gone unless it drops them.
pub(crate) struct Server {
    capacity: Capacity,
    clock: EventClock,
    rng: SeededRng,
    state: Mutex<Queue>,
}

/// In the order of arrival everything is known at the arrival, so no event stands for the server's work.
struct Queue {
    /// When the last attempt of the queue ends.
    free: Instant,
    /// When each attempt that is waited for or worked on ends.
    ends: VecDeque<Instant>,
    attempts: u64,
}

impl Server {
    pub(crate) fn new(capacity: Capacity, clock: EventClock, seed: u64) -> Self {
        let queue = Queue { free: clock.now(), ends: VecDeque::new(), attempts: 0 };
        Self { capacity, clock, rng: SeededRng::new(seed), state: Mutex::new(queue) }
    }

    /// The attempts so far, refused ones too.
    pub(crate) fn attempts(&self) -> u64 {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).attempts
    }

    /// When an attempt that arrives now ends; none if it is refused.
    fn admit(&self, now: Instant) -> Option<Admission> {
        let mut queue = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        queue.attempts += 1;
        while queue.ends.front().is_some_and(|end| *end <= now) {
            queue.ends.pop_front();
        }
        // The first of them is worked on and does not wait.
        if self.capacity.queue.is_some_and(|most| queue.ends.len() > most) {
            return None;
        }
        let start = queue.free.max(now);
        if self.capacity.drops_expired && start > now + PATIENCE {
            queue.ends.push_back(start);
            return Some(Admission::Never);
        }
        let end = self.finish(start, exponential(&self.rng, self.capacity.rate));
        queue.free = end;
        queue.ends.push_back(end);
        Some(if end <= now + PATIENCE { Admission::Until(end) } else { Admission::Never })
    }

    /// When `work`, which takes so many seconds at full speed, ends.
    fn finish(&self, start: Instant, work: f64) -> Instant {
        let (from, until, speed) = self.capacity.slow;
        let mut at = start;
        let mut left = work;
        for (end, speed) in [(from, 1.0), (until, speed)] {
            let able = end.saturating_duration_since(at).as_secs_f64() * speed;
            if left <= able {
                return at + Duration::from_secs_f64(left / speed);
            }
            left -= able;
            at = at.max(end);
        }
        at + Duration::from_secs_f64(left)
    }
}

enum Admission {
    /// The answer comes in time, at this instant.
    Until(Instant),
    /// The caller goes before.
    Never,
}

impl Endpoint for Server {
    fn send(&self, _: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async {
            let now = self.clock.now();
            match self.admit(now) {
                Some(Admission::Until(end)) => {
                    self.clock.sleep_until(end).await;
                    Ok(Reply::encoded(Class::Ok, Codec::Json, "null".into()))
                }
                Some(Admission::Never) => {
                    self.clock.sleep_until(now + PATIENCE).await;
                    let message = "no answer within a second";
                    Err(Infra::new(InfraKind::Unavailable, Processed::Maybe, message))
                }
                None => Err(Infra::new(InfraKind::Unavailable, Processed::No, "the queue is full")),
            }
        })
    }
}

/// A draw from the exponential distribution, in seconds.
pub(crate) fn exponential(rng: &SeededRng, rate: f64) -> f64 {
    -(1.0 - rng.unit()).ln() / rate
}
