//! The endpoints of one callee: which exist, which can be reached, which are busy.
//!
//! A state machine: seeds and times are arguments, nothing waits, and no lock is taken by a call.

use std::fmt;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;

use super::choice::{Choice, draw_one, draw_two, next_seed};
use crate::context::TriedEndpoints;

/// The first pause before an endpoint that could not be reached is probed.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How many times two endpoints are drawn at random before a list of those that can be reached is made.
const DRAWS: u32 = 4;

/// The endpoints of one callee, each with the client `T` that reaches it.
pub struct Endpoints<T> {
    /// In the order that decides between equally loaded endpoints; it differs from caller to caller, so that callers do not all prefer the same one.
    members: ArcSwap<Vec<Arc<Member<T>>>>,
    choice: Choice,
    order: u64,
    turn: AtomicUsize,
}

struct Member<T> {
    address: Arc<str>,
    client: T,
    outstanding: AtomicUsize,
    /// Failures in a row to reach it.
    failures: AtomicU32,
    down: AtomicBool,
    /// Whether a [`Probe`] for it exists, which asks again and again whether it is back.
    probed: AtomicBool,
}

impl<T> Endpoints<T> {
    /// No endpoints yet; `order` is the seed of their order.
    pub fn new(choice: Choice, order: u64) -> Self {
        Self { members: ArcSwap::default(), choice, order, turn: AtomicUsize::new(0) }
    }

    /// Makes these the endpoints. One that was there before keeps its client, its requests and its state.
    ///
    /// # Errors
    /// The first error of `dial`; the endpoints stay unchanged.
    pub fn replace<E>(
        &self,
        addresses: &[String],
        mut dial: impl FnMut(&str) -> Result<T, E>,
    ) -> Result<(), E> {
        let before = self.members.load_full();
        let mut ordered: Vec<_> = addresses.iter().map(|a| (self.rank(a), a)).collect();
        ordered.sort_unstable();
        ordered.dedup();
        let members = ordered.into_iter().map(|(_, address)| {
            if let Some(known) = before.iter().find(|member| *member.address == **address) {
                return Ok(known.clone());
            }
            Ok(Arc::new(Member {
                address: Arc::from(address.as_str()),
                client: dial(address)?,
                outstanding: AtomicUsize::new(0),
                failures: AtomicU32::new(0),
                down: AtomicBool::new(false),
                probed: AtomicBool::new(false),
            }))
        });
        let members = members.collect::<Result<Vec<_>, E>>()?;
        self.members.store(Arc::new(members));
        Ok(())
    }

    /// The rank of an address in this caller's order.
    fn rank(&self, address: &str) -> u64 {
        address.bytes().fold(self.order, |hash, byte| next_seed(hash ^ u64::from(byte)))
    }

    /// Number of endpoints, reachable or not.
    pub fn len(&self) -> usize {
        self.members.load().len()
    }

    /// Whether there is no endpoint at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of endpoints that are not skipped.
    pub fn ready(&self) -> usize {
        self.members.load().iter().filter(|member| member.is_up()).count()
    }

    /// Draws an endpoint that this call has not been to, and counts one request as outstanding there while the answer lives.
    ///
    /// `None` when it has been to all of them.
    pub fn pick(&self, seed: u64, tried: &[Picked<T>]) -> Option<Picked<T>> {
        let members = self.members.load();
        let member = match (members.as_slice(), tried) {
            ([], _) => return None,
            ([only], []) => only,
            (members, _) => self.draw(members, seed, tried)?,
        };
        member.outstanding.fetch_add(1, Ordering::Relaxed);
        Some(Picked { member: member.clone() })
    }

    fn draw<'a>(
        &self,
        members: &'a [Arc<Member<T>>],
        mut seed: u64,
        tried: &[Picked<T>],
    ) -> Option<&'a Arc<Member<T>>> {
        let fresh = |m: &Arc<Member<T>>| !tried.iter().any(|t| Arc::ptr_eq(&t.member, m));
        // Nearly always all can be reached, and the first draw is the answer.
        if self.choice == Choice::P2c && members.len() > 1 {
            for _ in 0..DRAWS {
                let (a, b) = draw_two(members.len(), seed);
                let (a, b) = (members.get(a.min(b))?, members.get(a.max(b))?);
                if [a, b].into_iter().all(|m| m.is_up() && fresh(m)) {
                    return Some(lighter(a, b));
                }
                seed = next_seed(seed);
            }
        }
        let up: Vec<_> = members.iter().filter(|m| m.is_up() && fresh(m)).collect();
        let left = if up.is_empty() { members.iter().filter(|m| fresh(m)).collect() } else { up };
        match (left.as_slice(), self.choice) {
            ([], _) => None,
            ([only], _) => Some(only),
            (left, Choice::P2c) => {
                let (a, b) = draw_two(left.len(), seed);
                Some(lighter(left.get(a.min(b))?, left.get(a.max(b))?))
            }
            (left, Choice::Random) => left.get(draw_one(left.len(), seed)).copied(),
            (left, Choice::RoundRobin) => {
                let turn = self.turn.fetch_add(1, Ordering::Relaxed);
                left.get(turn % left.len()).copied()
            }
        }
    }
}

/// The one with fewer requests; of equals, the first in order.
fn lighter<'a, T>(first: &'a Arc<Member<T>>, second: &'a Arc<Member<T>>) -> &'a Arc<Member<T>> {
    let load = |member: &Arc<Member<T>>| member.outstanding.load(Ordering::Relaxed);
    if load(second) < load(first) { second } else { first }
}

impl<T> Member<T> {
    fn is_up(&self) -> bool {
        !self.down.load(Ordering::Acquire)
    }
}

impl<T> fmt::Debug for Endpoints<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.members.load();
        f.debug_list().entries(members.iter().map(|member| &member.address)).finish()
    }
}

/// A chosen endpoint; one request counts as outstanding there while this lives.
pub struct Picked<T> {
    member: Arc<Member<T>>,
}

impl<T> Picked<T> {
    /// The endpoint's `host:port`.
    pub fn address(&self) -> &str {
        &self.member.address
    }

    /// Notes in the list of a call's endpoints that it goes to this one.
    pub(super) fn record_in(&self, tried: &TriedEndpoints) {
        tried.record(&self.member.address);
    }

    /// The client that reaches the endpoint.
    pub fn client(&self) -> &T {
        &self.member.client
    }

    /// The endpoint answered: it can be reached, whatever the answer says. True when it was skipped before.
    pub fn mark_reached(&self) -> bool {
        if self.member.failures.load(Ordering::Relaxed) == 0 {
            return false;
        }
        self.member.failures.store(0, Ordering::Relaxed);
        self.member.down.swap(false, Ordering::AcqRel)
    }

    /// The endpoint could not be reached: it is skipped from now on. The caller that gets a [`Probe`] finds out when it is back.
    pub fn mark_unreachable(&self) -> Option<Probe<T>> {
        // Calls that are tried while it is down say nothing new, so they do not lengthen the pauses.
        if !self.member.down.swap(true, Ordering::AcqRel) {
            self.member.failures.fetch_add(1, Ordering::Relaxed);
        }
        let first = !self.member.probed.swap(true, Ordering::AcqRel);
        first.then(|| Probe { member: self.member.clone() })
    }
}

impl<T> Drop for Picked<T> {
    fn drop(&mut self) {
        self.member.outstanding.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<T> fmt::Debug for Picked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Picked").field(&self.member.address).finish()
    }
}

/// The task of asking an endpoint whether it is back; only one exists at a time.
pub struct Probe<T> {
    member: Arc<Member<T>>,
}

impl<T> Probe<T> {
    /// The endpoint's `host:port`.
    pub fn address(&self) -> &str {
        &self.member.address
    }

    /// How long to wait before asking; doubles with every failure in a row. `unit` in `[0, 1)` shortens it by up to a half, so that callers do not ask at the same time.
    pub fn pause(&self, unit: f64) -> Duration {
        let failures = self.member.failures.load(Ordering::Relaxed).saturating_sub(1);
        let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST_PAUSE);
        pause.mul_f64(1.0 - unit / 2.0)
    }

    /// Records the result of a probe; true when the endpoint must be probed again.
    ///
    /// A connection is not yet an answer, so the failures before it still count when the next call fails.
    pub fn record(&self, reached: bool) -> bool {
        if reached {
            self.member.down.store(false, Ordering::Release);
        } else if self.member.is_up() {
            // A call was answered meanwhile, which is better evidence.
        } else {
            self.member.failures.fetch_add(1, Ordering::Relaxed);
            return true;
        }
        self.member.probed.store(false, Ordering::Release);
        // A call that failed in between got no probe, because this one existed.
        !self.member.is_up() && !self.member.probed.swap(true, Ordering::AcqRel)
    }

    /// Whether the endpoint is still one of these.
    pub fn is_one_of(&self, endpoints: &Endpoints<T>) -> bool {
        let members = endpoints.members.load();
        members.iter().any(|member| ptr::eq(&raw const **member, &raw const *self.member))
    }
}

impl<T> fmt::Debug for Probe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Probe").field(&self.member.address).finish()
    }
}

#[cfg(test)]
mod tests;
