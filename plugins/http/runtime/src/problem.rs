//! Errors as statuses, headers and JSON, both ways.
//!
//! An application error has `bp-status`, its canonical class, because several classes share an HTTP status.
//! An infrastructure failure has `bp-infra`, its kind, which tells it from an error of the application.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use bp_runtime::{Class, Infra, InfraKind, Processed, ReplyMetadata, Status};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::{JSON, reply_metadata};

const STATUS: &str = "bp-status";
const INFRA: &str = "bp-infra";

/// A JSON response.
pub(crate) fn json_response(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}

/// The response that shows an application error; `detail` is the encoded error.
pub(crate) fn encode_application(
    status: Status,
    code: &str,
    message: &str,
    detail: &[u8],
    said: &ReplyMetadata,
) -> Response<Body> {
    let mut body = Vec::with_capacity(detail.len() + message.len() + 64);
    // `detail` is JSON already, so the object is written around it.
    body.extend_from_slice(
        format!("{{\"code\":{},\"message\":{},\"detail\":", json!(code), json!(message)).as_bytes(),
    );
    body.extend_from_slice(detail);
    body.push(b'}');
    let http = StatusCode::from_u16(status.http()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json_response(http, body.into());
    response.headers_mut().insert(STATUS, HeaderValue::from_static(status.as_str()));
    reply_metadata::write(said, response.headers_mut());
    response
}

/// The response that shows an infrastructure failure, in the status that its kind has.
pub(crate) fn encode_infra(infra: &Infra) -> Response<Body> {
    let status = match infra.kind {
        InfraKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        _ => {
            StatusCode::from_u16(infra.status().http()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
    };
    encode_infra_as(status, infra)
}

/// The same with another status.
pub(crate) fn encode_infra_as(status: StatusCode, infra: &Infra) -> Response<Body> {
    let body = json!({
        "code": infra.kind.as_str(),
        "message": infra.message,
        "processed": infra.processed.as_str(),
    });
    let mut response = json_response(status, body.to_string().into());
    response.headers_mut().insert(INFRA, HeaderValue::from_static(infra.kind.as_str()));
    reply_metadata::write(&infra.metadata, response.headers_mut());
    response
}

/// What a client learns from a response: an answer or an application error, or an infrastructure failure; and what was said beside it.
pub(crate) fn read(
    status: StatusCode,
    headers: &HeaderMap,
    body: Bytes,
    address: &str,
) -> Result<(Class, Bytes, ReplyMetadata), Infra> {
    let said = reply_metadata::read(headers);
    match read_outcome(status, headers, body, address) {
        Ok((class, body)) => Ok((class, body, said)),
        Err(infra) => Err(infra.with_metadata(said)),
    }
}

fn read_outcome(
    status: StatusCode,
    headers: &HeaderMap,
    body: Bytes,
    address: &str,
) -> Result<(Class, Bytes), Infra> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if status == StatusCode::OK {
        return Ok((Class::Ok, body));
    }
    let members: Value = serde_json::from_slice(&body).unwrap_or_default();
    let member = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    let message = member("message").unwrap_or_else(|| format!("{address} answered {status}"));
    if let Some(kind) = text(INFRA).and_then(InfraKind::parse) {
        let processed = member("processed").as_deref().and_then(Processed::parse);
        return Err(Infra::new(kind, processed.unwrap_or(Processed::Maybe), message));
    }
    if let (Some(class), Some(code), Some(detail)) =
        (text(STATUS).and_then(Status::parse), member("code"), members.get("detail"))
    {
        let class = Class::Application { status: class, code: code.into(), message };
        return Ok((class, detail.to_string().into()));
    }
    let (kind, processed) = classify_foreign(status);
    Err(Infra::new(
        kind,
        processed,
        format!("{address} answered {status}, which is not how this system's services answer"),
    ))
}

/// Classifies a response that something else made: a proxy, or another server on the port.
fn classify_foreign(status: StatusCode) -> (InfraKind, Processed) {
    match status.as_u16() {
        404 | 405 | 501 => (InfraKind::Unimplemented, Processed::No),
        413 => (InfraKind::TooLarge, Processed::No),
        429 => (InfraKind::Overloaded, Processed::No),
        502 | 503 => (InfraKind::Unavailable, Processed::Maybe),
        504 => (InfraKind::Deadline, Processed::Maybe),
        _ => (InfraKind::Internal, Processed::Maybe),
    }
}
