//! gRPC statuses and our errors, both ways.
//!
//! An application error is a canonical status with two more entries in its metadata: `bp-error-code`, the variant's
//! name, and `bp-error-bin`, the encoded error. An infrastructure failure has `bp-infra`, its kind, and
//! `bp-processed`. A status with neither was made by a stock server, by tonic, or by the connection.

use std::error::Error;

use bp_runtime::{Class, Infra, InfraKind, Processed, ReplyMetadata, Status as Canonical};
use bytes::Bytes;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

use crate::exchange::NotSent;
use crate::reply_metadata;

const ERROR_CODE: &str = "bp-error-code";
const ERROR: &str = "bp-error-bin";
const INFRA: &str = "bp-infra";
const PROCESSED: &str = "bp-processed";
/// What tonic says when a message is above the limit; a test checks it.
const TOO_LARGE: &str = "Error, decoded message length too large";
/// Headers carry the message, and stock clients accept some kilobytes of them.
const LONGEST_MESSAGE: usize = 2048;

/// The status that shows an application error.
pub(crate) fn encode_application(
    status: Canonical,
    code: &str,
    message: &str,
    error: &Bytes,
    said: &ReplyMetadata,
) -> Status {
    let mut metadata = MetadataMap::new();
    reply_metadata::write(said, &mut metadata);
    if let Ok(value) = code.parse() {
        metadata.insert(ERROR_CODE, value);
    }
    metadata.insert_bin(ERROR, MetadataValue::from_bytes(error));
    Status::with_metadata(Code::from(i32::from(status.grpc())), shorten(message), metadata)
}

/// The status that shows an infrastructure failure.
pub(crate) fn encode_infra(infra: &Infra) -> Status {
    let mut metadata = MetadataMap::new();
    reply_metadata::write(&infra.metadata, &mut metadata);
    metadata.insert(INFRA, MetadataValue::from_static(infra.kind.as_str()));
    metadata.insert(PROCESSED, MetadataValue::from_static(infra.processed.as_str()));
    Status::with_metadata(
        Code::from(i32::from(infra.status().grpc())),
        shorten(&infra.message),
        metadata,
    )
}

/// The failure for a message that tonic refused before the call began: nothing was done.
pub(crate) fn classify_framing(status: &Status) -> Infra {
    Infra::new(framing_kind(status), Processed::No, status.message().to_owned())
}

fn framing_kind(status: &Status) -> InfraKind {
    match status.code() {
        Code::OutOfRange if status.message().starts_with(TOO_LARGE) => InfraKind::TooLarge,
        Code::Unimplemented => InfraKind::Unimplemented,
        _ => InfraKind::Decode,
    }
}

/// What a client learns from a status: an application error with its encoding, or an infrastructure failure; and what was said beside it.
pub(crate) fn read(status: &Status, address: &str) -> Result<(Class, Bytes, ReplyMetadata), Infra> {
    let said = reply_metadata::read(status.metadata());
    match read_error(status, address) {
        Ok((class, error)) => Ok((class, error, said)),
        Err(infra) => Err(infra.with_metadata(said)),
    }
}

fn read_error(status: &Status, address: &str) -> Result<(Class, Bytes), Infra> {
    let metadata = status.metadata();
    if let Some(code) = metadata.get(ERROR_CODE).and_then(|v| v.to_str().ok()) {
        let error = metadata.get_bin(ERROR).and_then(|v| v.to_bytes().ok());
        let class = u8::try_from(i32::from(status.code())).ok().and_then(Canonical::from_grpc);
        return match (error, class) {
            (Some(error), Some(class)) => Ok((
                Class::Application {
                    status: class,
                    code: code.to_owned().into(),
                    message: status.message().to_owned(),
                },
                error,
            )),
            _ => Err(Infra::new(
                InfraKind::Decode,
                Processed::Yes,
                format!("{address} sent an error without its encoding"),
            )),
        };
    }
    let text = |key| metadata.get(key).and_then(|v| v.to_str().ok());
    if let Some(kind) = text(INFRA).and_then(InfraKind::parse) {
        let processed = text(PROCESSED).and_then(Processed::parse).unwrap_or(Processed::Maybe);
        return Err(Infra::new(kind, processed, status.message().to_owned()));
    }
    let (kind, processed) = classify_foreign(status);
    Err(Infra::new(kind, processed, format!("{address}: {}", describe(status))))
}

/// Classifies a status that carries none of our metadata.
fn classify_foreign(status: &Status) -> (InfraKind, Processed) {
    if let Some(found) = status.source().and_then(classify_connection) {
        return found;
    }
    match status.code() {
        Code::Unavailable => (InfraKind::Unavailable, Processed::Maybe),
        Code::DeadlineExceeded => (InfraKind::Deadline, Processed::Maybe),
        Code::ResourceExhausted => (InfraKind::Overloaded, Processed::Maybe),
        Code::OutOfRange if status.message().starts_with(TOO_LARGE) => {
            (InfraKind::TooLarge, Processed::Yes)
        }
        Code::Cancelled => (InfraKind::Cancelled, Processed::Maybe),
        Code::Unimplemented => (InfraKind::Unimplemented, Processed::No),
        // The transport broke under the call, in a way that tonic gives no better code.
        Code::Unknown if status.source().is_some() => (InfraKind::Unavailable, Processed::Maybe),
        _ => (InfraKind::Internal, Processed::Maybe),
    }
}

/// Reads the chain of causes for what the connection did.
///
/// Not processed: the stream was refused, the request never left the queue, or the
/// server's GOAWAY named an earlier stream as its last (h2 hands a remote GOAWAY to a stream in that case alone).
/// Anything else that breaks a connection under a call leaves it open whether the callee acted.
fn classify_connection(error: &(dyn Error + 'static)) -> Option<(InfraKind, Processed)> {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<NotSent>() {
            return Some((InfraKind::Unavailable, Processed::No));
        }
        if let Some(h2) = error.downcast_ref::<h2::Error>() {
            let unprocessed = h2.reason() == Some(h2::Reason::REFUSED_STREAM)
                || (h2.is_go_away() && h2.is_remote());
            return Some((
                InfraKind::Unavailable,
                if unprocessed { Processed::No } else { Processed::Maybe },
            ));
        }
        if let Some(hyper) = error.downcast_ref::<hyper::Error>()
            && hyper.is_canceled()
        {
            return Some((InfraKind::Unavailable, Processed::No));
        }
        next = error.source();
    }
    None
}

/// The status's message followed by its causes.
fn describe(status: &Status) -> String {
    let mut text = status.message().to_owned();
    let mut next = status.source();
    while let Some(error) = next {
        let message = error.to_string();
        if !text.contains(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        next = error.source();
    }
    text
}

fn shorten(message: &str) -> String {
    let end = message.floor_char_boundary(LONGEST_MESSAGE);
    message.get(..end).unwrap_or(message).to_owned()
}
