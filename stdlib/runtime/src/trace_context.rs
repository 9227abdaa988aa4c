//! W3C Trace Context, level 1: the `traceparent` and `tracestate` headers.

use std::fmt;
use std::sync::Arc;

/// Version, trace, span and flags, with `-` between them.
const TRACEPARENT_LENGTH: usize = 2 + 1 + 32 + 1 + 16 + 1 + 2;

/// A position in a distributed trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// The id of the whole trace; never 0.
    pub trace_id: u128,
    /// The id of the span that is the parent of the next ones; never 0.
    pub span_id: u64,
    /// Bit 0: sampled. The other bits are passed on.
    pub flags: u8,
    /// The `tracestate` header as it came.
    pub state: Option<Arc<str>>,
}

impl TraceContext {
    /// Whether the trace is recorded.
    pub fn is_sampled(&self) -> bool {
        self.flags & 1 == 1
    }

    /// The value of `traceparent`.
    pub fn to_traceparent(&self) -> String {
        // Written digit by digit: it is in nearly every call, and `format!` takes several times as long.
        let mut text = String::with_capacity(TRACEPARENT_LENGTH);
        text.push_str("00-");
        push_hex(&mut text, &self.trace_id.to_be_bytes());
        text.push('-');
        push_hex(&mut text, &self.span_id.to_be_bytes());
        text.push('-');
        push_hex(&mut text, &[self.flags]);
        text
    }

    /// Parses `traceparent`; `None` when it is invalid; the trace then starts anew (W3C 3.2.2.2).
    pub fn parse(traceparent: &str, tracestate: Option<&str>) -> Option<Self> {
        let mut parts = traceparent.trim().split('-');
        let (version, trace, span, flags) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // Version 00 has exactly four fields; a later one may have more; ff is forbidden.
        let version = parse_hex(version, 2)?;
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return None;
        }
        let trace_id = parse_hex(trace, 32).filter(|id| *id != 0)?;
        let span_id = u64::try_from(parse_hex(span, 16)?).ok().filter(|id| *id != 0)?;
        let flags = u8::try_from(parse_hex(flags, 2)?).ok()?;
        let state = tracestate.map(str::trim).filter(|s| !s.is_empty()).map(Arc::from);
        Some(Self { trace_id, span_id, flags, state })
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_traceparent())
    }
}

/// Adds bytes in lower-case hexadecimal.
fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }));
        }
    }
}

/// Lower-case hexadecimal of exactly `digits` digits, as the recommendation requires.
fn parse_hex(text: &str, digits: usize) -> Option<u128> {
    let valid = text.len() == digits
        && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    valid.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn round_trips() {
        let parsed = TraceContext::parse(VALID, Some("vendor=1")).unwrap();
        assert_eq!(parsed.to_traceparent(), VALID);
        assert_eq!(VALID.len(), TRACEPARENT_LENGTH);
        assert!(parsed.is_sampled());
        assert_eq!(parsed.state.as_deref(), Some("vendor=1"));
    }

    #[test]
    fn rejects_what_the_recommendation_rejects() {
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
        ] {
            assert_eq!(TraceContext::parse(bad, None), None, "{bad}");
        }
        assert!(TraceContext::parse(&VALID.replacen("00", "01", 1), None).is_some());
    }
}
