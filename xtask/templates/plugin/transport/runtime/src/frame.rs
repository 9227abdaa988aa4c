//! What is on a connection: a greeting, then a head and a body each way.

use std::collections::BTreeMap;
use std::io;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
};

/// What the callee says first.
const GREETING: &[u8] = b"bp sample 1\n";
/// Longest line, in bytes: context and messages of errors are in it.
const LONGEST_HEAD: u64 = 1 << 20;

/// The head of a request; the arguments follow.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    /// The instance.
    pub(crate) callee: String,
    pub(crate) method: String,
    /// The context's headers: deadline, trace, tenant, baggage.
    pub(crate) context: BTreeMap<String, String>,
    /// Length of the arguments.
    pub(crate) bytes: usize,
}

/// The head of an answer, with what the callee says beside it: its load, when to come again.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AnswerHead {
    #[serde(flatten)]
    pub(crate) answer: Answer,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) said: BTreeMap<String, String>,
}

/// How a call ended.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum Answer {
    /// The answer follows.
    Ok { bytes: usize },
    /// The application's error follows.
    Application { status: String, code: String, message: String, bytes: usize },
    /// The infrastructure failed; nothing follows.
    Infra { kind: String, processed: String, message: String },
}

pub(crate) async fn write_greeting(stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    stream.write_all(GREETING).await
}

/// Waits until the callee has taken the connection.
pub(crate) async fn read_greeting(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<()> {
    let mut greeting = [0; GREETING.len()];
    stream.read_exact(&mut greeting).await?;
    if greeting == GREETING { Ok(()) } else { Err(invalid("this is another protocol")) }
}

/// Writes a head and the body that it announces, together.
pub(crate) async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    head: &impl Serialize,
    body: &[u8],
) -> io::Result<()> {
    let mut frame = serde_json::to_vec(head)?;
    frame.push(b'\n');
    frame.extend_from_slice(body);
    stream.write_all(&frame).await
}

/// Reads a line of JSON.
pub(crate) async fn read_head<T: DeserializeOwned>(
    stream: &mut (impl AsyncBufRead + Unpin),
) -> io::Result<T> {
    let mut line = Vec::new();
    stream.take(LONGEST_HEAD).read_until(b'\n', &mut line).await?;
    if line.last() == Some(&b'\n') {
        return Ok(serde_json::from_slice(&line)?);
    }
    let too_long = u64::try_from(line.len()).is_ok_and(|length| length == LONGEST_HEAD);
    if too_long {
        Err(invalid("a line is too long"))
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Reads a body of so many bytes; the caller has compared them with the limit.
pub(crate) async fn read_body(
    stream: &mut (impl AsyncBufRead + Unpin),
    bytes: usize,
) -> io::Result<Bytes> {
    let mut body = vec![0; bytes];
    stream.read_exact(&mut body).await?;
    Ok(body.into())
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_frame_is_read_as_it_was_written_and_a_part_of_one_is_not_read() {
        let mut written = Vec::new();
        let head = Answer::Application {
            status: "not_found".into(),
            code: "NoSuchItem".into(),
            message: "two\nlines".into(),
            bytes: 3,
        };
        write(&mut written, &head, b"\"a\"").await.unwrap();
        let mut stream = written.as_slice();
        let Answer::Application { message, bytes, .. } = read_head(&mut stream).await.unwrap()
        else {
            unreachable!("an application's error was written");
        };
        assert_eq!(message, "two\nlines");
        assert_eq!(read_body(&mut stream, bytes).await.unwrap(), "\"a\"");
        let half = written.split(|byte| *byte == b'\n').next().unwrap();
        let error = read_head::<Answer>(&mut &*half).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(read_greeting(&mut written.as_slice()).await.is_err());
    }
}
