//! Simulated time: a clock, and the tasks that sleep by it.
//!
//! An event is one entry of a heap, so a run costs what its events cost, however much time passes.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use bp_runtime::{BoxFuture, Clock, Instant};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A clock that [`EventLoop`] moves from one timer to the next; clones share the time.
#[derive(Debug, Clone)]
pub(crate) struct EventClock {
    state: Arc<Mutex<ClockState>>,
}

#[derive(Debug)]
struct ClockState {
    now: Instant,
    timers: BinaryHeap<Timer>,
    started: u64,
}

/// A sleeper; the greatest is the next to wake.
#[derive(Debug)]
struct Timer {
    at: Instant,
    /// Of two that wake at the same time, the older goes first.
    number: u64,
    waker: Waker,
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Timer {}

impl EventClock {
    pub(crate) fn new() -> Self {
        let state = ClockState { now: Instant::now(), timers: BinaryHeap::new(), started: 0 };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Moves to the next timer, if it is not after `end`, and wakes its sleeper.
    fn wake_next(&self, end: Instant) -> bool {
        let mut state = lock(&self.state);
        if state.timers.peek().is_none_or(|timer| timer.at > end) {
            return false;
        }
        let Some(timer) = state.timers.pop() else { return false };
        state.now = timer.at.max(state.now);
        drop(state);
        timer.waker.wake();
        true
    }

    fn set(&self, now: Instant) {
        lock(&self.state).now = now;
    }
}

impl Clock for EventClock {
    fn now(&self) -> Instant {
        lock(&self.state).now
    }

    fn sleep_until(&self, instant: Instant) -> BoxFuture<'static, ()> {
        Box::pin(Sleep { clock: self.clone(), at: instant, started: false })
    }
}

struct Sleep {
    clock: EventClock,
    at: Instant,
    started: bool,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.clock.now() >= self.at {
            return Poll::Ready(());
        }
        if !self.started {
            self.started = true;
            let at = self.at;
            let mut state = lock(&self.clock.state);
            let number = state.started;
            state.started += 1;
            // A task is one future with one waker, so the first waker stays right.
            state.timers.push(Timer { at, number, waker: cx.waker().clone() });
        }
        Poll::Pending
    }
}

/// Runs tasks by an [`EventClock`], one after another and always in the same order.
pub(crate) struct EventLoop<T> {
    clock: EventClock,
    tasks: Vec<Option<BoxFuture<'static, T>>>,
    free: Vec<usize>,
    awake: Arc<Mutex<VecDeque<usize>>>,
}

struct TaskWaker {
    task: usize,
    awake: Arc<Mutex<VecDeque<usize>>>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        lock(&self.awake).push_back(self.task);
    }
}

impl<T> EventLoop<T> {
    pub(crate) fn new(clock: EventClock) -> Self {
        Self { clock, tasks: Vec::new(), free: Vec::new(), awake: Arc::default() }
    }

    /// Starts a task, which runs up to its first sleep in the next [`EventLoop::run_until`].
    pub(crate) fn spawn(&mut self, task: BoxFuture<'static, T>) {
        let index = self.free.pop().unwrap_or_else(|| {
            self.tasks.push(None);
            self.tasks.len() - 1
        });
        self.tasks[index] = Some(task);
        lock(&self.awake).push_back(index);
    }

    /// Runs what happens up to `end`, which is then the time, and passes what the tasks end with to `done`.
    pub(crate) fn run_until(&mut self, end: Instant, mut done: impl FnMut(T)) {
        loop {
            loop {
                let Some(index) = lock(&self.awake).pop_front() else { break };
                self.poll(index, &mut done);
            }
            if !self.clock.wake_next(end) {
                self.clock.set(end);
                return;
            }
        }
    }

    fn poll(&mut self, index: usize, done: &mut impl FnMut(T)) {
        let Some(task) = &mut self.tasks[index] else { return };
        let waker = Waker::from(Arc::new(TaskWaker { task: index, awake: self.awake.clone() }));
        if let Poll::Ready(end) = task.as_mut().poll(&mut Context::from_waker(&waker)) {
            self.tasks[index] = None;
            self.free.push(index);
            done(end);
        }
    }
}
