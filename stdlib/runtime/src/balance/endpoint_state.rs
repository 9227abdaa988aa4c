//! What a caller knows of one endpoint: how busy it is, whether it can be reached, whether calls may go there.
//!
//! A state machine: times are arguments, nothing waits.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use super::endpoint_policy::EndpointPolicy;
use crate::clock::{Clock, Instant};
use crate::reply_metadata::Load;
use crate::sync::lock;

/// The first pause before an endpoint that could not be reached is probed.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The share of its weight that an endpoint has at the beginning of its slow start, as in Envoy.
const FIRST_SHARE: f64 = 0.1;

/// What an endpoint said last of its load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadReport {
    /// How busy it was.
    pub load: Load,
    /// When the reply came that said so.
    pub received: Instant,
}

/// How many endpoints are down, are ejected or start slowly; while there are none, every endpoint is as good as another.
#[derive(Debug, Clone, Default)]
pub(super) struct Disturbances(Arc<AtomicIsize>);

impl Disturbances {
    pub(super) fn is_none(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }

    /// Counts a flag that changes; it may be seen below zero for a moment, which only costs a closer look.
    fn record(&self, was: bool, is: bool) {
        match (was, is) {
            (false, true) => self.0.fetch_add(1, Ordering::AcqRel),
            (true, false) => self.0.fetch_sub(1, Ordering::AcqRel),
            _ => return,
        };
    }
}

/// The state of one endpoint, which it keeps as long as it is listed.
pub(super) struct EndpointState {
    address: Arc<str>,
    outstanding: AtomicUsize,
    /// Failures in a row to reach it.
    failures: AtomicU32,
    down: AtomicBool,
    /// Whether a [`Probe`] for it exists, which asks again and again whether it is back.
    probed: AtomicBool,
    /// A bit for each set policy that ejects it.
    ejected_by: AtomicU64,
    slow_start: SlowStart,
    /// Behind a lock that a call takes only if the endpoint reports its load.
    load: Mutex<Option<LoadReport>>,
    /// One for each set policy of the edge, in their order.
    policies: Box<[Arc<dyn EndpointPolicy>]>,
    disturbances: Disturbances,
}

/// The time in which an endpoint's share grows to its weight.
struct SlowStart {
    window: Duration,
    epoch: Instant,
    /// When it began, in nanoseconds since `epoch`, and 1 more; 0 when it is over.
    began: AtomicU64,
}

impl EndpointState {
    /// An endpoint of which nothing is known yet; `slow_start` is zero where its share is full at once.
    pub(super) fn new(
        address: Arc<str>,
        policies: Box<[Arc<dyn EndpointPolicy>]>,
        slow_start: Duration,
        disturbances: Disturbances,
        now: Instant,
    ) -> Self {
        Self {
            address,
            outstanding: AtomicUsize::new(0),
            failures: AtomicU32::new(0),
            down: AtomicBool::new(false),
            probed: AtomicBool::new(false),
            ejected_by: AtomicU64::new(0),
            slow_start: SlowStart { window: slow_start, epoch: now, began: AtomicU64::new(0) },
            load: Mutex::default(),
            policies,
            disturbances,
        }
    }

    pub(super) fn address(&self) -> &Arc<str> {
        &self.address
    }

    pub(super) fn policies(&self) -> &[Arc<dyn EndpointPolicy>] {
        &self.policies
    }

    pub(super) fn outstanding(&self) -> usize {
        self.outstanding.load(Ordering::Relaxed)
    }

    pub(super) fn begin_request(&self) {
        self.outstanding.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end_request(&self) {
        self.outstanding.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn is_up(&self) -> bool {
        !self.down.load(Ordering::Acquire)
    }

    /// True when it was down.
    fn set_down(&self, down: bool) -> bool {
        let was = self.down.swap(down, Ordering::AcqRel);
        self.disturbances.record(was, down);
        was
    }

    pub(super) fn is_ejected(&self) -> bool {
        self.ejected_by.load(Ordering::Acquire) != 0
    }

    pub(super) fn is_ejected_by(&self, policy: u8) -> bool {
        self.ejected_by.load(Ordering::Acquire) & bit(policy) != 0
    }

    /// Records what the set policy at this index says; true when calls skip the endpoint from now on and did not before, or the other way round.
    pub(super) fn set_ejected(&self, policy: u8, ejected: bool, now: Instant) -> bool {
        let was = if ejected {
            self.ejected_by.fetch_or(bit(policy), Ordering::AcqRel)
        } else {
            self.ejected_by.fetch_and(!bit(policy), Ordering::AcqRel)
        };
        let is = if ejected { was | bit(policy) } else { was & !bit(policy) };
        self.disturbances.record(was != 0, is != 0);
        if was != 0 && is == 0 {
            self.start_slowly(now);
        }
        (was == 0) != (is == 0)
    }

    /// Begins its slow start, where the edge has one.
    pub(super) fn start_slowly(&self, now: Instant) {
        let SlowStart { window, epoch, began } = &self.slow_start;
        if window.is_zero() {
            return;
        }
        let since = now.saturating_duration_since(*epoch).as_nanos();
        let was = began
            .swap(u64::try_from(since).unwrap_or(u64::MAX).saturating_add(1), Ordering::AcqRel);
        self.disturbances.record(was != 0, true);
    }

    /// The part of its weight that counts now, in `(0, 1]`: less than 1 during its slow start.
    pub(super) fn share(&self, clock: &dyn Clock) -> f64 {
        let SlowStart { window, epoch, began } = &self.slow_start;
        let since = began.load(Ordering::Acquire);
        if since == 0 {
            return 1.0;
        }
        let begin = *epoch + Duration::from_nanos(since - 1);
        let elapsed = clock.now().saturating_duration_since(begin);
        if elapsed >= *window {
            let ended = began.compare_exchange(since, 0, Ordering::AcqRel, Ordering::Relaxed);
            self.disturbances.record(ended.is_ok(), false);
            return 1.0;
        }
        elapsed.div_duration_f64(*window).max(FIRST_SHARE)
    }

    /// What it said last of its load.
    pub(super) fn load_report(&self) -> Option<LoadReport> {
        *lock(&self.load)
    }

    pub(super) fn record_load(&self, load: Load, received: Instant) {
        *lock(&self.load) = Some(LoadReport { load, received });
    }

    /// The endpoint answered: it can be reached, whatever the answer says. True when it was skipped before.
    pub(super) fn mark_reached(&self, clock: &dyn Clock) -> bool {
        if self.failures.load(Ordering::Relaxed) == 0 {
            return false;
        }
        self.failures.store(0, Ordering::Relaxed);
        self.bring_up(clock)
    }

    fn bring_up(&self, clock: &dyn Clock) -> bool {
        if self.is_up() {
            return false;
        }
        // Before calls see that it is up, so that they do not all come at once.
        self.start_slowly(clock.now());
        self.set_down(false)
    }

    /// The endpoint could not be reached: it is skipped from now on. The caller that gets a [`Probe`] finds out when it is back.
    pub(super) fn mark_unreachable(self: &Arc<Self>) -> Option<Probe> {
        // Calls that are tried while it is down say nothing new, so they do not lengthen the pauses.
        if !self.set_down(true) {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        let first = !self.probed.swap(true, Ordering::AcqRel);
        first.then(|| Probe { state: self.clone() })
    }
}

fn bit(policy: u8) -> u64 {
    1_u64.checked_shl(policy.into()).unwrap_or(0)
}

impl Drop for EndpointState {
    fn drop(&mut self) {
        self.disturbances.record(!self.is_up(), false);
        self.disturbances.record(self.is_ejected(), false);
        self.disturbances.record(self.slow_start.began.load(Ordering::Acquire) != 0, false);
    }
}

impl fmt::Debug for EndpointState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointState")
            .field("address", &self.address)
            .field("up", &self.is_up())
            .field("ejected", &self.is_ejected())
            .field("outstanding", &self.outstanding())
            .finish_non_exhaustive()
    }
}

/// The task of asking an endpoint whether it is back; only one exists at a time.
#[derive(Debug)]
pub(super) struct Probe {
    state: Arc<EndpointState>,
}

impl Probe {
    /// The endpoint's `host:port`.
    pub(super) fn address(&self) -> &str {
        &self.state.address
    }

    /// The endpoint that is asked.
    pub(super) fn state(&self) -> &Arc<EndpointState> {
        &self.state
    }

    /// How long to wait before asking; doubles with every failure in a row. `unit` in `[0, 1)` shortens it by up to a half, so that callers do not ask at the same time.
    pub(super) fn pause(&self, unit: f64) -> Duration {
        let failures = self.state.failures.load(Ordering::Relaxed).saturating_sub(1);
        let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST_PAUSE);
        pause.mul_f64(1.0 - unit / 2.0)
    }

    /// Records the result of a probe; true when the endpoint must be probed again.
    ///
    /// A connection is not yet an answer, so the failures before it still count when the next call fails.
    pub(super) fn record(&self, reached: bool, clock: &dyn Clock) -> bool {
        let state = &self.state;
        if reached {
            state.bring_up(clock);
        } else if state.is_up() {
            // A call was answered meanwhile, which is better evidence.
        } else {
            state.failures.fetch_add(1, Ordering::Relaxed);
            return true;
        }
        state.probed.store(false, Ordering::Release);
        // A call that failed in between got no probe, because this one existed.
        !state.is_up() && !state.probed.swap(true, Ordering::AcqRel)
    }
}
