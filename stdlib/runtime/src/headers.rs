//! What travels with a call and with its reply, as headers.

use std::time::Duration;

use crate::clock::Instant;
use crate::context::{Context, Criticality};
use crate::reply_metadata::{Load, ReplyMetadata, RetryAfter, Shed};
use crate::trace_context::TraceContext;

/// W3C trace position.
pub const TRACEPARENT: &str = "traceparent";
/// W3C trace vendor state.
pub const TRACESTATE: &str = "tracestate";
/// W3C baggage.
pub const BAGGAGE: &str = "baggage";
/// Milliseconds that the caller still waits; gRPC uses its own `grpc-timeout` instead.
pub const DEADLINE_MS: &str = "bp-deadline-ms";
/// The tenant.
pub const TENANT: &str = "bp-tenant";
/// The criticality by name.
pub const CRITICALITY: &str = "bp-criticality";
/// How many attempts there were before this one; absent for the first. gRPC uses its own `grpc-previous-rpc-attempts` instead.
pub const ATTEMPT: &str = "bp-attempt";
/// Of a reply: milliseconds until the caller may try again, negative for never; gRPC uses its own `grpc-retry-pushback-ms` instead.
pub const RETRY_AFTER_MS: &str = "bp-retry-after-ms";
/// Of a reply: what was refused because of load, and why: `sheddable;queue_full`, each part percent-encoded.
pub const SHED: &str = "bp-shed";
/// Of a reply: the load of the endpoint, as ORCA's text; gRPC uses `endpoint-load-metrics-bin`, a message, instead.
pub const LOAD: &str = "endpoint-load-metrics";

/// The longest baggage header that is read or written (W3C Baggage 3.3.2 asks for at least 8192 bytes).
const MAX_BAGGAGE: usize = 8192;

impl Context {
    /// The headers of this context at `now`, as visible ASCII.
    ///
    /// The deadline is relative, because clocks differ between machines.
    pub fn to_headers(&self, now: Instant) -> Vec<(&'static str, String)> {
        let mut headers = self.to_headers_without_deadline();
        if let Some(left) = self.remaining(now) {
            headers.push((DEADLINE_MS, round_up_to_millis(left).to_string()));
        }
        headers
    }

    /// The same for a transport that has its own words for the deadline, as gRPC has.
    pub fn to_headers_without_deadline(&self) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        if let Some(trace) = self.trace() {
            headers.push((TRACEPARENT, trace.to_traceparent()));
            if let Some(state) = &trace.state {
                headers.push((TRACESTATE, state.to_string()));
            }
        }
        if let Some(tenant) = self.tenant() {
            headers.push((TENANT, escape(tenant)));
        }
        if self.criticality() != Criticality::default() {
            headers.push((CRITICALITY, self.criticality().as_str().to_owned()));
        }
        if self.attempt() > 0 {
            headers.push((ATTEMPT, self.attempt().to_string()));
        }
        let mut baggage = String::new();
        for (key, value) in self.baggage_entries() {
            let entry = format!("{}={}", escape(key), escape(value));
            if baggage.len() + entry.len() + 1 > MAX_BAGGAGE {
                break;
            }
            if !baggage.is_empty() {
                baggage.push(',');
            }
            baggage.push_str(&entry);
        }
        if !baggage.is_empty() {
            headers.push((BAGGAGE, baggage));
        }
        headers
    }

    /// The context that `get` (a header by its lower-case name) describes; what is invalid is left out.
    pub fn from_headers<'a>(now: Instant, get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let mut context = Context::empty();
        if let Some(parent) = get(TRACEPARENT) {
            context.set_trace(TraceContext::parse(parent, get(TRACESTATE)));
        }
        if let Some(left) = get(DEADLINE_MS).and_then(|text| text.parse().ok()) {
            // A wait that the clock cannot add does not count as a deadline.
            if let Some(deadline) = now.checked_add(Duration::from_millis(left)) {
                context.limit_deadline(deadline);
            }
        }
        context.set_tenant(get(TENANT).and_then(unescape).as_deref());
        if let Some(criticality) = get(CRITICALITY).and_then(Criticality::parse) {
            context.set_criticality(criticality);
        }
        if let Some(attempt) = get(ATTEMPT).and_then(|text| text.parse().ok()) {
            context.set_attempt(attempt);
        }
        let baggage = get(BAGGAGE).filter(|text| text.len() <= MAX_BAGGAGE).unwrap_or_default();
        for entry in baggage.split(',') {
            // Properties after `;` have no place in the context and are dropped.
            let entry = entry.split(';').next().unwrap_or_default();
            let Some((key, value)) = entry.split_once('=') else { continue };
            if let (Some(key), Some(value)) = (unescape(key.trim()), unescape(value.trim())) {
                context.set_baggage(key, value);
            }
        }
        context
    }
}

impl ReplyMetadata {
    /// The headers of what is said beside a reply, as visible ASCII.
    pub fn to_headers(&self) -> Vec<(&'static str, String)> {
        let retry_after =
            self.retry_after().map(|after| (RETRY_AFTER_MS, after.to_millis().to_string()));
        let shed = self
            .shed()
            .map(|shed| (SHED, format!("{};{}", escape(shed.what()), escape(shed.why()))));
        let load = self.load().map(|load| (LOAD, write_load(load)));
        [retry_after, shed, load].into_iter().flatten().collect()
    }

    /// What the headers of a reply say (`get` a header by its lower-case name); what is invalid is left out, save a pause that cannot be read, which means never, as in gRPC.
    pub fn from_headers<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let mut metadata = Self::default();
        if let Some(millis) = get(RETRY_AFTER_MS) {
            metadata.set_retry_after(RetryAfter::from_millis(millis));
        }
        if let Some((what, why)) = get(SHED).and_then(|text| text.split_once(';'))
            && let (Some(what), Some(why)) = (unescape(what), unescape(why))
        {
            metadata.set_shed(Shed::new(what, why));
        }
        if let Some(load) = get(LOAD).and_then(read_load) {
            metadata.set_load(load);
        }
        metadata
    }
}

/// ORCA's fields in the text form that Envoy reads.
fn write_load(load: Load) -> String {
    format!(
        "TEXT application_utilization={},rps_fractional={},eps={}",
        load.utilization(),
        load.calls_per_sec(),
        load.errors_per_sec()
    )
}

fn read_load(text: &str) -> Option<Load> {
    let fields: Vec<(&str, f64)> = text
        .strip_prefix("TEXT ")?
        .split(',')
        .filter_map(|field| field.split_once(['=', ':']))
        .filter_map(|(name, number)| Some((name.trim(), number.trim().parse().ok()?)))
        .collect();
    let field = |name| {
        let found = fields.iter().find(|(field, _)| *field == name);
        found.map(|(_, number)| *number).unwrap_or_default()
    };
    Load::of_report(
        field("application_utilization"),
        field("cpu_utilization"),
        field("rps_fractional"),
        field("eps"),
    )
}

/// Rounded up, so that the time left is not zero on the wire while some is left.
fn round_up_to_millis(duration: Duration) -> u128 {
    duration.as_nanos().div_ceil(1_000_000)
}

/// Percent-encodes everything but unreserved characters (RFC 3986), which every header allows.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            for nibble in [byte >> 4, byte & 15] {
                out.push(
                    char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase(),
                );
            }
            out.insert(out.len() - 2, '%');
        }
    }
    out
}

/// The text that [`escape`] encoded; `None` when it is not UTF-8 or ends inside an escape.
fn unescape(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_context_round_trips_through_headers() {
        let now = Instant::now();
        let mut context = Context::empty();
        context.limit_deadline(now + Duration::from_micros(1500));
        context.set_tenant(Some("ünïon, inc"));
        context.set_criticality(Criticality::Critical);
        context.set_attempt(3);
        context.set_baggage("a b", "1,2;3=4%");
        context.set_baggage("empty", "");
        context.set_trace(TraceContext::parse(
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            Some("v=1"),
        ));
        let headers = context.to_headers(now);
        assert!(headers.iter().all(|(_, v)| v.bytes().all(|b| (0x20..0x7f).contains(&b))));
        let back = Context::from_headers(now, |name| {
            headers.iter().find(|(k, _)| *k == name).map(|(_, v)| v.as_str())
        });
        assert_eq!(back.remaining(now), Some(Duration::from_millis(2)), "rounded up");
        assert_eq!(back.tenant(), Some("ünïon, inc"));
        assert_eq!(back.criticality(), Criticality::Critical);
        assert_eq!(back.attempt(), 3);
        assert_eq!(back.trace(), context.trace());
        assert_eq!(
            back.baggage_entries().collect::<Vec<_>>(),
            [("a b", "1,2;3=4%"), ("empty", "")]
        );
    }

    #[test]
    fn what_is_invalid_is_left_out() {
        let now = Instant::now();
        let context = Context::from_headers(now, |name| match name {
            TRACEPARENT => Some("nonsense"),
            DEADLINE_MS => Some("soon"),
            TENANT => Some("%ff"),
            BAGGAGE => Some("novalue,%4=x,ok=1;prop"),
            _ => None,
        });
        assert!(context.trace().is_none() && context.deadline().is_none());
        assert_eq!(context.tenant(), None);
        assert_eq!(context.baggage_entries().collect::<Vec<_>>(), [("ok", "1")]);
    }

    #[test]
    fn what_a_reply_says_round_trips_through_headers() {
        let mut metadata = ReplyMetadata::default();
        metadata.set_retry_after(RetryAfter::After(Duration::from_millis(1500)));
        metadata.set_shed(Shed::new("tenant größe; \r\n", "queue full"));
        metadata.set_load(Load::new(0.1 + 0.2, 1e21, 0.5).unwrap());
        let headers = metadata.to_headers();
        assert!(headers.iter().all(|(_, v)| v.bytes().all(|b| (0x20..0x7f).contains(&b))));
        let read = |headers: &[(&str, String)]| {
            ReplyMetadata::from_headers(|name| {
                headers.iter().find(|(k, _)| *k == name).map(|(_, v)| v.as_str())
            })
        };
        assert_eq!(read(&headers), metadata);
        assert!(read(&[]).is_empty());
    }

    #[test]
    fn what_a_reply_says_wrongly_is_left_out() {
        let said = |header: &'static str, text: &'static str| {
            ReplyMetadata::from_headers(|name| (name == header).then_some(text))
        };
        assert_eq!(said(RETRY_AFTER_MS, "soon").retry_after(), Some(RetryAfter::Never));
        assert!(said(SHED, "all").is_empty() && said(SHED, "%f;x").is_empty());
        for text in ["", "TEXT eps=2", "JSON {}", "TEXT cpu_utilization=1,eps=inf"] {
            assert!(said(LOAD, text).is_empty(), "{text}");
        }
        let load = said(LOAD, "TEXT cpu_utilization:0.5, mem_utilization: 0.9, eps: 2").load();
        assert_eq!(load, Load::new(0.5, 0.0, 2.0));
    }

    #[test]
    fn the_earlier_deadline_wins() {
        let now = Instant::now();
        let mut context = Context::empty();
        context.limit_deadline(now + Duration::from_secs(2));
        context.limit_deadline(now + Duration::from_secs(5));
        assert_eq!(context.remaining(now), Some(Duration::from_secs(2)));
        context.limit_deadline(now + Duration::from_secs(1));
        assert_eq!(context.remaining(now), Some(Duration::from_secs(1)));
    }
}
