//! What a callee says beside its answer or its refusal, as headers: ours, and `retry-after`, which every client knows.

use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use bp_runtime::{ReplyMetadata, RetryAfter};

/// Adds what is said to the headers of a response.
pub(crate) fn write(said: &ReplyMetadata, to: &mut HeaderMap) {
    for (name, text) in said.to_headers() {
        // `to_headers` writes visible ASCII, so this does not fail.
        if let Ok(value) = HeaderValue::try_from(text) {
            to.insert(HeaderName::from_static(name), value);
        }
    }
    // It has no word for never.
    if let Some(retry_after) = said.retry_after()
        && let Ok(millis) = u32::try_from(retry_after.to_millis())
    {
        let seconds = millis.div_ceil(1000);
        if let Ok(value) = HeaderValue::try_from(seconds.to_string()) {
            to.insert(header::RETRY_AFTER, value);
        }
    }
}

/// What a callee said, whoever made it.
pub(crate) fn read(from: &HeaderMap) -> ReplyMetadata {
    let text = |name: &HeaderName| from.get(name).and_then(|value| value.to_str().ok());
    let mut said =
        ReplyMetadata::from_headers(|name| from.get(name).map(|v| v.to_str().unwrap_or_default()));
    if said.retry_after().is_none()
        && let Some(pause) =
            text(&header::RETRY_AFTER).and_then(|t| read_pause(t, text(&header::DATE)))
    {
        said.set_retry_after(RetryAfter::After(pause));
    }
    said
}

/// RFC 9110, 10.2.3: a number of seconds, or a date. A date counts from that of the response, which is by the same clock.
fn read_pause(text: &str, date: Option<&str>) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(text.trim()).ok()?;
    let now = date.and_then(|date| httpdate::parse_http_date(date).ok());
    Some(until.duration_since(now.unwrap_or_else(SystemTime::now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(HeaderName, &'static str)]) -> HeaderMap {
        all.iter().map(|(name, text)| (name.clone(), HeaderValue::from_static(text))).collect()
    }

    #[test]
    fn every_client_reads_a_pause_in_seconds_and_ours_in_milliseconds() {
        let mut said = ReplyMetadata::default();
        said.set_retry_after(RetryAfter::After(Duration::from_millis(1001)));
        let mut written = HeaderMap::new();
        write(&said, &mut written);
        assert_eq!(written.get(header::RETRY_AFTER).unwrap(), "2");
        assert_eq!(read(&written), said);
        said.set_retry_after(RetryAfter::Never);
        written.clear();
        write(&said, &mut written);
        assert!(!written.contains_key(header::RETRY_AFTER));
        assert_eq!(read(&written), said);
    }

    #[test]
    fn the_words_of_other_servers_are_read() {
        let after = |all: &[(HeaderName, &'static str)]| read(&headers(all)).retry_after();
        let seconds = |seconds| Some(RetryAfter::After(Duration::from_secs(seconds)));
        assert_eq!(after(&[(header::RETRY_AFTER, "120")]), seconds(120));
        let date = (header::RETRY_AFTER, "Fri, 31 Dec 1999 23:59:59 GMT");
        let sent = |text| (header::DATE, text);
        assert_eq!(after(&[date.clone(), sent("Fri, 31 Dec 1999 23:59:29 GMT")]), seconds(30));
        assert_eq!(after(&[date.clone(), sent("Sat, 01 Jan 2000 00:00:00 GMT")]), seconds(0));
        assert_eq!(after(&[date]), seconds(0), "it is past");
        assert_eq!(after(&[(header::RETRY_AFTER, "soon")]), None);
        assert_eq!(after(&[(header::RETRY_AFTER, "-1")]), None);
    }
}
