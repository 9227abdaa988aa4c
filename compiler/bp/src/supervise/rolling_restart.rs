//! A rolling restart: the copies of a process, one after the other.
//!
//! If two copies can run at the same time, the new one is started and ready before the old one is told to stop.
//! If they cannot, because clients know the port or because a backend's content belongs to one process, the old one ends first.
//! In both cases the old one stops in the usual order: out of the endpoint file, a wait for callers to notice, SIGTERM, drain, end.

#![expect(clippy::disallowed_methods, reason = "the supervisor measures time")]

use std::collections::VecDeque;
use std::mem;
use std::time::{Duration, Instant};

use super::assign::{self, CopyState, ProcessCopy};
use super::child::{RunningProcess, describe_exit};
use super::control::{Answer, Caller};
use super::{GONE, GRACE, READY_LIMIT, Supervisor, ready};

/// Callers look at the file every 100 ms; twice that and a little, so that each has seen it.
const NOTICE: Duration = Duration::from_millis(250);

/// A restart in progress.
#[derive(Debug)]
pub(super) struct RollingRestart {
    process: String,
    caller: Option<Caller>,
    /// Indices of the copies that are still to be restarted.
    left: VecDeque<usize>,
    /// The index of the copy that is being restarted.
    place: usize,
    step: Step,
    begun: Instant,
}

#[derive(Debug)]
enum Step {
    Next,
    /// The new copy starts beside the old one.
    Joining {
        new: Box<ProcessCopy>,
        limit: Instant,
    },
    /// The old one is out of the file and still serves.
    Noticing {
        old: OldCopy,
        until: Instant,
    },
    /// It was told to stop.
    Leaving {
        old: OldCopy,
        limit: Instant,
    },
    /// The new copy starts in the place of the old one.
    Returning {
        limit: Instant,
    },
}

#[derive(Debug)]
struct OldCopy {
    running: RunningProcess,
    stop_limit: Duration,
    /// Its ports, unless the new copy has them.
    ports: Vec<u16>,
}

/// How a step ended.
enum StepOutcome {
    Continue(Step),
    Done,
    Failed(String),
}

impl RollingRestart {
    /// A restart of the copies at these indices.
    pub(super) fn new(process: String, places: Vec<usize>, caller: Caller) -> Self {
        Self {
            process,
            caller: Some(caller),
            left: places.into(),
            place: 0,
            step: Step::Next,
            begun: Instant::now(),
        }
    }

    fn say(&mut self, text: &str) {
        if let Some(caller) = &mut self.caller {
            caller.tell(&Answer::Say(text.to_owned()));
        }
    }

    /// Running copies that are not in the supervisor's list, to be stopped with the others.
    pub(super) fn into_running(self) -> Vec<(RunningProcess, Duration)> {
        match self.step {
            Step::Joining { new, .. } => match new.state {
                CopyState::Running(running) => vec![(running, new.stop_limit)],
                CopyState::Waiting(_) | CopyState::Stopped => Vec::new(),
            },
            Step::Noticing { old, .. } | Step::Leaving { old, .. } => {
                vec![(old.running, old.stop_limit)]
            }
            Step::Next | Step::Returning { .. } => Vec::new(),
        }
    }

    /// Takes one step; returns the restart unless it is over.
    pub(super) fn advance(mut self, supervisor: &mut Supervisor<'_>) -> Option<Self> {
        let step = mem::replace(&mut self.step, Step::Next);
        match self.run_step(supervisor, step) {
            StepOutcome::Continue(step) => {
                self.step = step;
                return Some(self);
            }
            StepOutcome::Done => {
                let took = self.begun.elapsed().as_secs_f64();
                (supervisor.launch.say)(&format!("`{}` was restarted ({took:.1} s)", self.process));
                self.tell(&Answer::Done);
            }
            StepOutcome::Failed(why) => {
                (supervisor.launch.say)(&format!(
                    "the restart of `{}` failed: {why}",
                    self.process
                ));
                self.tell(&Answer::Failed(why));
            }
        }
        None
    }

    fn tell(&mut self, answer: &Answer) {
        if let Some(mut caller) = self.caller.take() {
            caller.tell(answer);
        }
    }

    fn run_step(&mut self, supervisor: &mut Supervisor<'_>, step: Step) -> StepOutcome {
        match step {
            Step::Next => self.start_next(supervisor),
            Step::Joining { new, limit } => self.await_new(supervisor, new, limit),
            Step::Noticing { old, until } if Instant::now() >= until => {
                old.running.terminate();
                let limit = Instant::now() + old.stop_limit + GRACE;
                StepOutcome::Continue(Step::Leaving { old, limit })
            }
            Step::Leaving { old, limit } => self.await_old_end(supervisor, old, limit),
            Step::Returning { limit } => self.await_return(supervisor, limit),
            step @ Step::Noticing { .. } => StepOutcome::Continue(step),
        }
    }

    fn start_next(&mut self, supervisor: &mut Supervisor<'_>) -> StepOutcome {
        let Some(place) = self.left.pop_front() else { return StepOutcome::Done };
        self.place = place;
        let Supervisor { launch, copies, ports, endpoint_files, .. } = supervisor;
        let Some(copy) = copies.get_mut(place) else { return StepOutcome::Done };
        if copy.can_overlap {
            let started =
                assign::add_copy(copy, launch, ports, endpoint_files).and_then(|mut new| {
                    new.start(&launch.program)?;
                    Ok(new)
                });
            return match started {
                Ok(new) => {
                    self.say(&format!("{}: a new copy starts beside the old one", new.label));
                    let limit = Instant::now() + READY_LIMIT;
                    StepOutcome::Continue(Step::Joining { new: Box::new(new), limit })
                }
                Err(fault) => StepOutcome::Failed(fault.message),
            };
        }
        self.say(&format!("{}: stops, and starts again in its place", copy.label));
        copy.ready = false;
        copy.fresh = false;
        let before = mem::replace(&mut copy.state, CopyState::Stopped);
        let stop = copy.stop_limit;
        supervisor.publish();
        match before {
            CopyState::Running(running) => {
                let old = OldCopy { running, stop_limit: stop, ports: Vec::new() };
                StepOutcome::Continue(Step::Noticing { old, until: Instant::now() + NOTICE })
            }
            CopyState::Waiting(_) | CopyState::Stopped => self.start_again(supervisor),
        }
    }

    fn await_new(
        &mut self,
        supervisor: &mut Supervisor<'_>,
        mut new: Box<ProcessCopy>,
        limit: Instant,
    ) -> StepOutcome {
        let CopyState::Running(running) = &mut new.state else {
            return StepOutcome::Failed(format!("`{}` did not start", new.label));
        };
        if let Some(status) = running.poll_exit() {
            let how = describe_exit(status);
            supervisor.release(&new);
            return StepOutcome::Failed(format!(
                "the new copy of `{}` ended with {how}; the old one keeps running",
                new.label
            ));
        }
        if !ready::is_ready(new.admin) {
            if Instant::now() < limit {
                return StepOutcome::Continue(Step::Joining { new, limit });
            }
            running.kill();
            supervisor.release(&new);
            return StepOutcome::Failed(format!(
                "the new copy of `{}` was not ready after {} s; the old one keeps running",
                new.label,
                READY_LIMIT.as_secs()
            ));
        }
        new.ready = true;
        let width = new.label.len();
        assign::announce(&supervisor.launch, &new, width);
        let Some(copy) = supervisor.copies.get_mut(self.place) else { return StepOutcome::Done };
        let old = mem::replace(copy, *new);
        // In one write the new copy is in the file and the old one is out of it.
        supervisor.publish();
        let ports = old.listening.iter().map(|(_, port)| *port).chain([old.admin]).collect();
        match old.state {
            CopyState::Running(running) => {
                let old = OldCopy { running, stop_limit: old.stop_limit, ports };
                StepOutcome::Continue(Step::Noticing { old, until: Instant::now() + NOTICE })
            }
            // The old copy had ended by itself.
            CopyState::Waiting(_) | CopyState::Stopped => StepOutcome::Continue(Step::Next),
        }
    }

    fn await_old_end(
        &mut self,
        supervisor: &mut Supervisor<'_>,
        mut old: OldCopy,
        limit: Instant,
    ) -> StepOutcome {
        let label =
            supervisor.copies.get(self.place).map(|copy| copy.label.clone()).unwrap_or_default();
        let mut fault = None;
        match old.running.poll_exit() {
            Some(status) if !status.success() => {
                fault = Some(format!("the old `{label}` stopped with {}", describe_exit(status)));
            }
            Some(_) => {}
            None if Instant::now() < limit => {
                return StepOutcome::Continue(Step::Leaving { old, limit });
            }
            None => {
                old.running.kill();
                fault = Some(format!("the old `{label}` had to be killed"));
            }
        }
        let in_place = old.ports.is_empty();
        for port in old.ports {
            supervisor.ports.release(port);
        }
        let outcome =
            if in_place { self.start_again(supervisor) } else { StepOutcome::Continue(Step::Next) };
        match (fault, outcome) {
            (Some(why), StepOutcome::Continue(_)) => {
                StepOutcome::Failed(format!("{why}; the remaining copies were not restarted"))
            }
            (_, outcome) => outcome,
        }
    }

    /// Starts the copy in its old place, where the supervisor looks after it.
    fn start_again(&mut self, supervisor: &mut Supervisor<'_>) -> StepOutcome {
        match supervisor.start_copy(self.place) {
            Ok(()) => {
                StepOutcome::Continue(Step::Returning { limit: Instant::now() + READY_LIMIT })
            }
            Err(fault) => StepOutcome::Failed(format!("{} {GONE}", fault.message)),
        }
    }

    fn await_return(&mut self, supervisor: &mut Supervisor<'_>, limit: Instant) -> StepOutcome {
        let Some(copy) = supervisor.copies.get(self.place) else { return StepOutcome::Done };
        match &copy.state {
            CopyState::Running(_) if copy.ready => StepOutcome::Continue(Step::Next),
            CopyState::Running(_) if Instant::now() < limit => {
                StepOutcome::Continue(Step::Returning { limit })
            }
            CopyState::Running(_) => StepOutcome::Failed(format!(
                "`{}` is not ready after {} s",
                copy.label,
                READY_LIMIT.as_secs()
            )),
            CopyState::Waiting(_) | CopyState::Stopped => {
                StepOutcome::Failed(format!("`{}` does not stay up", copy.label))
            }
        }
    }
}
