//! What a callee says beside its answer or its refusal: its load, when to come again, what it shed.
//!
//! It travels back with the reply or the failure, under every transport.
//! Wrappers of the callee say it, and those of the caller hear it; the endpoint choice hears it before them.

use std::borrow::Cow;
use std::time::Duration;

/// The longest text of a [`Shed`], in bytes; transports carry it in a header.
const LONGEST_TEXT: usize = 128;
/// The longest pause that a callee can ask for: what `grpc-retry-pushback-ms`, a 32-bit number, can say.
const LONGEST_PAUSE: Duration = Duration::from_millis(i32::MAX as u64);

/// What a callee says beside its answer or its refusal. Nothing is said by default, which costs one word of memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplyMetadata(Option<Box<Said>>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Said {
    load: Option<Load>,
    retry_after: Option<RetryAfter>,
    shed: Option<Shed>,
}

impl ReplyMetadata {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.0.as_deref().is_none_or(|said| *said == Said::default())
    }

    /// How busy the endpoint is that sent the reply.
    pub fn load(&self) -> Option<Load> {
        self.0.as_ref()?.load
    }

    /// When the caller may try again, if the callee said so.
    pub fn retry_after(&self) -> Option<RetryAfter> {
        self.0.as_ref()?.retry_after
    }

    /// What the callee refused because of load, and why.
    pub fn shed(&self) -> Option<&Shed> {
        self.0.as_ref()?.shed.as_ref()
    }

    /// Says how busy the endpoint is.
    pub fn set_load(&mut self, load: Load) {
        self.said().load = Some(load);
    }

    /// Says when the caller may try again.
    pub fn set_retry_after(&mut self, retry_after: RetryAfter) {
        self.said().retry_after = Some(retry_after);
    }

    /// Says what was refused because of load, and why.
    pub fn set_shed(&mut self, shed: Shed) {
        self.said().shed = Some(shed);
    }

    /// Forgets the load: that of an endpoint further on says nothing about this one.
    pub(crate) fn clear_load(&mut self) {
        if let Some(said) = &mut self.0 {
            said.load = None;
        }
    }

    fn said(&mut self) -> &mut Said {
        self.0.get_or_insert_default()
    }
}

/// When a caller may repeat a call.
///
/// The word of gRPC's `grpc-retry-pushback-ms` (proposal A6) and of HTTP's `retry-after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RetryAfter {
    /// Not before this much time has passed. Transports carry whole milliseconds, rounded up, and at most 2³¹ − 1 of them (24 days).
    After(Duration),
    /// Not at all.
    Never,
}

impl RetryAfter {
    /// As transports carry it: milliseconds, −1 for never.
    pub fn to_millis(self) -> i32 {
        match self {
            Self::After(pause) => {
                let millis = pause.min(LONGEST_PAUSE).as_nanos().div_ceil(1_000_000);
                i32::try_from(millis).unwrap_or(i32::MAX)
            }
            Self::Never => -1,
        }
    }

    /// What a transport carried: a number that is negative, or none at all, means never (gRPC A6).
    pub fn from_millis(text: &str) -> Self {
        match text.parse::<i32>().ok().and_then(|millis| u64::try_from(millis).ok()) {
            Some(millis) => Self::After(Duration::from_millis(millis)),
            None => Self::Never,
        }
    }
}

/// How busy an endpoint is, in the words of the Open Request Cost Aggregation (ORCA) standard, which gRPC (A51, A58) and Envoy read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    utilization: f64,
    calls_per_sec: f64,
    errors_per_sec: f64,
}

/// The numbers are finite, so each equals itself.
impl Eq for Load {}

impl Load {
    /// `utilization` is 1 at full capacity and may be greater; the other two count calls and failed calls a second.
    ///
    /// `None` when a number is negative, infinite or none, or the utilization 0, which says in ORCA that it is not known.
    pub fn new(utilization: f64, calls_per_sec: f64, errors_per_sec: f64) -> Option<Self> {
        let numbers = [utilization, calls_per_sec, errors_per_sec];
        let fits = numbers.iter().all(|number| number.is_finite() && *number >= 0.0);
        (fits && utilization > 0.0).then_some(Self { utilization, calls_per_sec, errors_per_sec })
    }

    /// A load from a report of somebody else's: its utilization is the application's own measure if there is one, or else the processor's (gRPC A58).
    pub fn of_report(
        application_utilization: f64,
        cpu_utilization: f64,
        calls_per_sec: f64,
        errors_per_sec: f64,
    ) -> Option<Self> {
        let own = application_utilization > 0.0;
        let utilization = if own { application_utilization } else { cpu_utilization };
        Self::new(utilization, calls_per_sec, errors_per_sec)
    }

    /// The share of its capacity that is in use: 1 when all is; it may be greater.
    pub const fn utilization(&self) -> f64 {
        self.utilization
    }

    /// Calls a second.
    pub const fn calls_per_sec(&self) -> f64 {
        self.calls_per_sec
    }

    /// Failed calls a second.
    pub const fn errors_per_sec(&self) -> f64 {
        self.errors_per_sec
    }
}

/// What was refused because of load, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shed {
    what: Cow<'static, str>,
    why: Cow<'static, str>,
}

impl Shed {
    /// `what` names the part of the traffic that was refused (`sheddable`, `tenant acme`), `why` the limit that was reached (`queue_full`).
    ///
    /// What is longer than 128 bytes is cut.
    pub fn new(what: impl Into<Cow<'static, str>>, why: impl Into<Cow<'static, str>>) -> Self {
        Self { what: shorten(what.into()), why: shorten(why.into()) }
    }

    /// The part of the traffic that was refused.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The limit that was reached.
    pub fn why(&self) -> &str {
        &self.why
    }
}

fn shorten(text: Cow<'static, str>) -> Cow<'static, str> {
    if text.len() <= LONGEST_TEXT {
        return text;
    }
    let end = text.floor_char_boundary(LONGEST_TEXT);
    Cow::Owned(text.get(..end).unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_rounded_up_and_ends_at_what_the_header_can_say() {
        let after = |pause| RetryAfter::After(pause).to_millis();
        assert_eq!(after(Duration::ZERO), 0);
        assert_eq!(after(Duration::from_nanos(1)), 1);
        assert_eq!(after(Duration::from_micros(1500)), 2);
        assert_eq!(after(Duration::MAX), i32::MAX);
        assert_eq!(RetryAfter::Never.to_millis(), -1);
        for millis in [0, 1, i32::MAX] {
            assert_eq!(RetryAfter::from_millis(&millis.to_string()).to_millis(), millis);
        }
        for text in ["-1", "-5", "", "soon", "1.5", "99999999999"] {
            assert_eq!(RetryAfter::from_millis(text), RetryAfter::Never, "{text}");
        }
    }

    #[test]
    fn a_load_is_made_of_finite_numbers() {
        for wrong in [f64::NAN, f64::INFINITY, -0.1] {
            assert_eq!(Load::new(wrong, 0.0, 0.0), None);
            assert_eq!(Load::new(0.5, 0.0, wrong), None);
        }
        assert_eq!(Load::new(0.0, 1.0, 1.0), None, "which is not known");
        assert_eq!(Load::of_report(0.0, 0.9, 1.0, 0.0), Load::new(0.9, 1.0, 0.0));
        assert_eq!(Load::of_report(0.5, 0.9, 1.0, 0.0), Load::new(0.5, 1.0, 0.0));
        assert_eq!(Load::of_report(0.0, 0.0, 9.0, 0.0), None);
        let load = Load::new(1.5, 200.0, 3.0);
        assert_eq!(
            load.map(|l| (l.utilization(), l.calls_per_sec(), l.errors_per_sec())),
            Some((1.5, 200.0, 3.0))
        );
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let shed = Shed::new("é".repeat(100), "queue_full");
        assert_eq!(shed.what(), "é".repeat(64));
        assert_eq!(shed.why(), "queue_full");
    }

    #[test]
    fn what_was_taken_back_is_not_said() {
        let mut metadata = ReplyMetadata::default();
        assert!(metadata.is_empty());
        metadata.set_load(Load::new(0.5, 0.0, 0.0).unwrap());
        assert!(!metadata.is_empty());
        metadata.clear_load();
        assert!(metadata.is_empty());
    }
}
