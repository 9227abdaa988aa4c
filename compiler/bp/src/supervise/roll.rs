//! A rolling restart: the copies of a process, one after the other.
//!
//! Where two copies can run beside each other, the new one is started and ready before the old one is told to stop.
//! Where they cannot, because clients know the port or because a backend's content belongs to one process, the old one leaves first.
//! Either way the order is that of a stop: out of the endpoints' file, a wait for callers to notice, SIGTERM, drain, end.

#![expect(clippy::disallowed_methods, reason = "the supervisor measures time")]

use std::collections::VecDeque;
use std::mem;
use std::time::{Duration, Instant};

use super::assign::{self, Slot, State};
use super::child::{Running, describe};
use super::control::{Answer, Caller};
use super::{GONE, GRACE, READY_LIMIT, Supervisor, ready};

/// Callers look at the file every 100 ms; twice that and a little, so that each has seen it.
const NOTICE: Duration = Duration::from_millis(250);

/// A restart under way.
#[derive(Debug)]
pub(super) struct Roll {
    process: String,
    caller: Option<Caller>,
    /// Places of the copies to come.
    left: VecDeque<usize>,
    /// The copy that is being restarted.
    place: usize,
    step: Step,
    begun: Instant,
}

#[derive(Debug)]
enum Step {
    Next,
    /// The new copy starts beside the old one.
    Joining {
        new: Box<Slot>,
        limit: Instant,
    },
    /// The old one is out of the file and still serves.
    Noticing {
        old: Old,
        until: Instant,
    },
    /// It was told to stop.
    Leaving {
        old: Old,
        limit: Instant,
    },
    /// The new copy starts in the place of the old one.
    Returning {
        limit: Instant,
    },
}

#[derive(Debug)]
struct Old {
    running: Running,
    stop: Duration,
    /// Its ports, unless the new copy has them.
    ports: Vec<u16>,
}

/// How a step went.
enum Went {
    On(Step),
    Done,
    Failed(String),
}

impl Roll {
    /// A restart of these places.
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

    /// Running copies that are in nobody's place, to be stopped with the others.
    pub(super) fn into_running(self) -> Vec<(Running, Duration)> {
        match self.step {
            Step::Joining { new, .. } => match new.state {
                State::Running(running) => vec![(running, new.stop)],
                State::Waiting(_) | State::Stopped => Vec::new(),
            },
            Step::Noticing { old, .. } | Step::Leaving { old, .. } => vec![(old.running, old.stop)],
            Step::Next | Step::Returning { .. } => Vec::new(),
        }
    }

    /// Goes one step on; the restart again unless it is over.
    pub(super) fn advance(mut self, supervisor: &mut Supervisor<'_>) -> Option<Self> {
        let step = mem::replace(&mut self.step, Step::Next);
        match self.step_on(supervisor, step) {
            Went::On(step) => {
                self.step = step;
                return Some(self);
            }
            Went::Done => {
                let took = self.begun.elapsed().as_secs_f64();
                (supervisor.launch.say)(&format!("`{}` is restarted ({took:.1} s)", self.process));
                self.tell(&Answer::Done);
            }
            Went::Failed(why) => {
                (supervisor.launch.say)(&format!("the restart of `{}` ends: {why}", self.process));
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

    fn step_on(&mut self, supervisor: &mut Supervisor<'_>, step: Step) -> Went {
        match step {
            Step::Next => self.next(supervisor),
            Step::Joining { new, limit } => self.join(supervisor, new, limit),
            Step::Noticing { old, until } if Instant::now() >= until => {
                old.running.terminate();
                let limit = Instant::now() + old.stop + GRACE;
                Went::On(Step::Leaving { old, limit })
            }
            Step::Leaving { old, limit } => self.leave(supervisor, old, limit),
            Step::Returning { limit } => self.come_back(supervisor, limit),
            step @ Step::Noticing { .. } => Went::On(step),
        }
    }

    fn next(&mut self, supervisor: &mut Supervisor<'_>) -> Went {
        let Some(place) = self.left.pop_front() else { return Went::Done };
        self.place = place;
        let Supervisor { launch, slots, ports, published, .. } = supervisor;
        let Some(slot) = slots.get_mut(place) else { return Went::Done };
        if slot.beside {
            let started = assign::beside(slot, launch, ports, published).and_then(|mut new| {
                new.start(&launch.program)?;
                Ok(new)
            });
            return match started {
                Ok(new) => {
                    self.say(&format!("{}: a new copy starts beside the old one", new.label));
                    let limit = Instant::now() + READY_LIMIT;
                    Went::On(Step::Joining { new: Box::new(new), limit })
                }
                Err(fault) => Went::Failed(fault.message),
            };
        }
        self.say(&format!("{}: stops, and starts again in its place", slot.label));
        slot.ready = false;
        slot.fresh = false;
        let before = mem::replace(&mut slot.state, State::Stopped);
        let stop = slot.stop;
        supervisor.publish();
        match before {
            State::Running(running) => {
                let old = Old { running, stop, ports: Vec::new() };
                Went::On(Step::Noticing { old, until: Instant::now() + NOTICE })
            }
            State::Waiting(_) | State::Stopped => self.start_again(supervisor),
        }
    }

    fn join(
        &mut self,
        supervisor: &mut Supervisor<'_>,
        mut new: Box<Slot>,
        limit: Instant,
    ) -> Went {
        let State::Running(running) = &mut new.state else {
            return Went::Failed(format!("`{}` did not start", new.label));
        };
        if let Some(status) = running.ended() {
            let how = describe(status);
            supervisor.release(&new);
            return Went::Failed(format!(
                "the new copy of `{}` ended with {how}; the old one goes on",
                new.label
            ));
        }
        if !ready::is_ready(new.admin) {
            if Instant::now() < limit {
                return Went::On(Step::Joining { new, limit });
            }
            running.kill();
            supervisor.release(&new);
            return Went::Failed(format!(
                "the new copy of `{}` was not ready after {} s; the old one goes on",
                new.label,
                READY_LIMIT.as_secs()
            ));
        }
        new.ready = true;
        let width = new.label.len();
        assign::announce(&supervisor.launch, &new, width);
        let Some(slot) = supervisor.slots.get_mut(self.place) else { return Went::Done };
        let old = mem::replace(slot, *new);
        // In one write the new copy is in the file and the old one is out of it.
        supervisor.publish();
        let ports = old.listens.iter().map(|(_, port)| *port).chain([old.admin]).collect();
        match old.state {
            State::Running(running) => {
                let old = Old { running, stop: old.stop, ports };
                Went::On(Step::Noticing { old, until: Instant::now() + NOTICE })
            }
            // It had ended by itself.
            State::Waiting(_) | State::Stopped => Went::On(Step::Next),
        }
    }

    fn leave(&mut self, supervisor: &mut Supervisor<'_>, mut old: Old, limit: Instant) -> Went {
        let label =
            supervisor.slots.get(self.place).map(|slot| slot.label.clone()).unwrap_or_default();
        let mut fault = None;
        match old.running.ended() {
            Some(status) if !status.success() => {
                fault = Some(format!("the old `{label}` stopped with {}", describe(status)));
            }
            Some(_) => {}
            None if Instant::now() < limit => return Went::On(Step::Leaving { old, limit }),
            None => {
                old.running.kill();
                fault = Some(format!("the old `{label}` had to be killed"));
            }
        }
        let in_place = old.ports.is_empty();
        for port in old.ports {
            supervisor.ports.release(port);
        }
        let went = if in_place { self.start_again(supervisor) } else { Went::On(Step::Next) };
        match (fault, went) {
            (Some(why), Went::On(_)) => {
                Went::Failed(format!("{why}; the copies after it were left alone"))
            }
            (_, went) => went,
        }
    }

    /// Starts the copy in its old place, under the supervisor's own care.
    fn start_again(&mut self, supervisor: &mut Supervisor<'_>) -> Went {
        match supervisor.start_slot(self.place) {
            Ok(()) => Went::On(Step::Returning { limit: Instant::now() + READY_LIMIT }),
            Err(fault) => Went::Failed(format!("{} {GONE}", fault.message)),
        }
    }

    fn come_back(&mut self, supervisor: &mut Supervisor<'_>, limit: Instant) -> Went {
        let Some(slot) = supervisor.slots.get(self.place) else { return Went::Done };
        match &slot.state {
            State::Running(_) if slot.ready => Went::On(Step::Next),
            State::Running(_) if Instant::now() < limit => Went::On(Step::Returning { limit }),
            State::Running(_) => Went::Failed(format!(
                "`{}` is not ready after {} s",
                slot.label,
                READY_LIMIT.as_secs()
            )),
            State::Waiting(_) | State::Stopped => {
                Went::Failed(format!("`{}` does not stay up", slot.label))
            }
        }
    }
}
