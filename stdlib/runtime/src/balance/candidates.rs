//! The endpoints that one call may go to now, none of them better than another but for its load.

use std::cell::OnceCell;
use std::fmt;

use super::draw::{draw_one, draw_two, draw_two_by_weight, find_in_sums, next_seed, sum_up};
use super::endpoint_set::{EndpointSet, ListedEndpoint};
use super::selection::Selection;
use crate::clock::{Clock, Instant};
use crate::context::TriedEndpoints;

/// How many times endpoints are drawn at random before a list of the candidates is made.
const DRAWS: u32 = 4;
/// What a weight of 1 is in the lists of candidates, so that the growing shares of a slow start have whole numbers.
const WEIGHT_UNIT: u32 = 1000;

/// The endpoints that one call may go to now; there is at least one.
///
/// They are the best of those that selectors leave: first come those that are up and not ejected, of these the ones with the lowest priority number, and of these the ones that earlier attempts of the call went to least often.
/// When all are ejected or down, ejected ones come before those that cannot be reached.
pub struct Candidates<'a> {
    set: &'a EndpointSet,
    allowed: &'a Selection,
    /// Where earlier attempts went, if there were any.
    tried: Option<&'a TriedEndpoints>,
    clock: &'a dyn Clock,
    /// Whether all endpoints of the set are candidates, with their full weights.
    whole: bool,
    first: Candidate<'a>,
    list: OnceCell<Vec<Candidate<'a>>>,
}

/// One endpoint that a call may go to.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    endpoint: &'a ListedEndpoint,
    position: usize,
    share: f64,
}

impl<'a> Candidate<'a> {
    /// The endpoint and its state.
    pub fn endpoint(&self) -> &'a ListedEndpoint {
        self.endpoint
    }

    /// Its position in the set: equal for the same endpoint until the list changes.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Its weight, less during its slow start; above 0.
    pub fn weight(&self) -> f64 {
        f64::from(self.endpoint.attributes().weight.get()) * self.share
    }

    /// Its calls under way for each unit of its weight.
    pub fn load(&self) -> f64 {
        f64::from(u32::try_from(self.endpoint.outstanding()).unwrap_or(u32::MAX)) / self.weight()
    }

    /// Its weight as a whole number, for sums.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 65535000")]
    fn weight_in_units(&self) -> u32 {
        ((self.weight() * f64::from(WEIGHT_UNIT)) as u32).max(1)
    }
}

/// How much better an endpoint is than others whatever its load; the least is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    state: StateRank,
    priority: u16,
    attempts: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum StateRank {
    Usable,
    Ejected,
    Down,
}

impl<'a> Candidates<'a> {
    /// The best of the endpoints that are `allowed`; `None` when none is.
    ///
    /// `calm` says that none of the set is down, is ejected or starts slowly.
    pub(super) fn new(
        set: &'a EndpointSet,
        allowed: &'a Selection,
        tried: Option<&'a TriedEndpoints>,
        clock: &'a dyn Clock,
        calm: bool,
    ) -> Option<Self> {
        let whole = calm && tried.is_none() && allowed.is_all() && set.has_one_priority();
        let position = if allowed.is_all() { 0 } else { allowed.iter().next()? };
        let first = Candidate { endpoint: set.get(position)?, position, share: 1.0 };
        Some(Self { set, allowed, tried, clock, whole, first, list: OnceCell::new() })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        if self.whole { self.set.len() } else { self.list().len() }
    }

    /// The one at `index`, which is below [`Candidates::count`]; beyond it, the first.
    pub fn get(&self, index: usize) -> Candidate<'a> {
        let found =
            if self.whole { self.accept(index, 0) } else { self.list().get(index).copied() };
        found.or_else(|| self.list().first().copied()).unwrap_or(self.first)
    }

    /// All of them, in the order of their positions.
    pub fn iter(&self) -> impl Iterator<Item = Candidate<'a>> {
        (0..self.count()).map(|index| self.get(index))
    }

    /// Now.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The greatest weight that one of them has.
    pub fn heaviest(&self) -> f64 {
        if self.whole {
            return f64::from(self.set.heaviest());
        }
        self.list().iter().map(Candidate::weight).fold(0.0, f64::max)
    }

    /// Draws one by weight. The same seed draws the same one.
    pub fn draw(&self, mut seed: u64) -> Candidate<'a> {
        for _ in 0..DRAWS {
            if let Some(drawn) = self.accept(self.set.draw_one(seed), seed) {
                return drawn;
            }
            seed = next_seed(seed);
        }
        let list = self.list();
        let index = if self.has_one_weight() {
            draw_one(list.len(), seed)
        } else {
            let sums = sum_up(list.iter().map(Candidate::weight_in_units));
            find_in_sums(&sums, draw_one(sums.last().copied().unwrap_or(0), seed))
        };
        list.get(index).copied().unwrap_or(self.first)
    }

    /// Draws two by weight; `None` when there is only one. The first of them is the one to take when they are equally loaded. The same seed draws the same two.
    pub fn draw_two(&self, mut seed: u64) -> Option<(Candidate<'a>, Candidate<'a>)> {
        if self.set.len() < 2 {
            return None;
        }
        // Nearly always all can be used, and the first draw is the answer.
        for _ in 0..DRAWS {
            let (a, b) = self.set.draw_two(seed);
            if let (Some(a), Some(b)) = (self.accept(a, seed), self.accept(b, seed)) {
                return Some((a, b));
            }
            seed = next_seed(seed);
        }
        let list = self.list();
        if list.len() < 2 {
            return None;
        }
        let (a, b) = if self.has_one_weight() {
            let (a, b) = draw_two(list.len(), seed);
            (a.min(b), a.max(b))
        } else {
            draw_two_by_weight(&sum_up(list.iter().map(Candidate::weight_in_units)), seed)
        };
        Some((*list.get(a)?, *list.get(b)?))
    }

    /// All that are allowed, the best first; of equals the order begins at a place that `seed` draws.
    pub(super) fn rank_all(&self, seed: u64) -> Vec<usize> {
        let allowed: Vec<_> = self.allowed.iter().collect();
        let begin = draw_one(allowed.len(), seed);
        let turned = allowed.iter().cycle().skip(begin).take(allowed.len()).copied();
        let mut ranked: Vec<_> = turned
            .filter_map(|position| Some((self.rank(self.set.get(position)?), position)))
            .collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, position)| position).collect()
    }

    /// Whether all listed candidates have the same weight.
    fn has_one_weight(&self) -> bool {
        self.set.has_one_weight() && self.list().iter().all(|one| one.share >= 1.0)
    }

    /// The endpoint at this position if it is certainly a candidate; during its slow start only with the probability of its share.
    fn accept(&self, position: usize, seed: u64) -> Option<Candidate<'a>> {
        let endpoint = self.set.get(position)?;
        if self.whole {
            return Some(Candidate { endpoint, position, share: 1.0 });
        }
        let best =
            Rank { state: StateRank::Usable, priority: self.set.lowest_priority(), attempts: 0 };
        if !self.allowed.contains(position) || self.rank(endpoint) != best {
            return None;
        }
        let share = endpoint.state().share(self.clock);
        let taken = share >= 1.0 || unit(next_seed(seed ^ next_seed(to_u64(position)))) < share;
        taken.then_some(Candidate { endpoint, position, share })
    }

    fn rank(&self, endpoint: &ListedEndpoint) -> Rank {
        let state = match (endpoint.is_up(), endpoint.is_ejected()) {
            (true, false) => StateRank::Usable,
            (true, true) => StateRank::Ejected,
            (false, _) => StateRank::Down,
        };
        let attempts = self.tried.map_or(0, |tried| tried.count(endpoint.address()));
        Rank { state, priority: endpoint.attributes().priority, attempts }
    }

    fn list(&self) -> &[Candidate<'a>] {
        self.list.get_or_init(|| {
            let (mut best, mut list) = (None, Vec::new());
            for (position, endpoint) in self.set.iter().enumerate() {
                if !self.allowed.contains(position) {
                    continue;
                }
                let rank = self.rank(endpoint);
                if best.is_none_or(|best| rank < best) {
                    best = Some(rank);
                    list.clear();
                }
                if best == Some(rank) {
                    let share = endpoint.state().share(self.clock);
                    list.push(Candidate { endpoint, position, share });
                }
            }
            list
        })
    }
}

fn to_u64(position: usize) -> u64 {
    u64::try_from(position).unwrap_or(u64::MAX)
}

/// Uniform in `[0, 1)`, of the upper half of the bits.
fn unit(bits: u64) -> f64 {
    f64::from(u32::try_from(bits >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}

impl fmt::Debug for Candidates<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses = self.list().iter().map(|candidate| candidate.endpoint.address());
        f.debug_list().entries(addresses).finish()
    }
}

impl fmt::Debug for Candidate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate")
            .field("endpoint", &self.endpoint)
            .field("weight", &self.weight())
            .finish()
    }
}
