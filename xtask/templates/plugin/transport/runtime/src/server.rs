//! The callee's end: one call for each connection.

use std::io;
use std::time::Duration;

use bp_runtime::{
    ByteStream, Class, Clock, Codec, Context, Encoded, Guards, Infra, MessageLimit, Reply,
    ReplyMetadata, ServeContext, Server, StartError, listen,
};
use bytes::Bytes;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use crate::frame::{self, Answer, AnswerHead, Request};

/// How long a caller may take to send its request: a connection that says nothing must not stay, and must not keep the process from stopping.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves one listener until it is drained.
///
/// A connection that was greeted is still answered then, because its caller may have sent its request.
pub(crate) async fn serve(cx: ServeContext) -> Result<(), StartError> {
    let ServeContext { listener, server, limit, drain, surroundings, .. } = cx;
    listen::accept_connections(listener, drain, move |stream| {
        let (server, clock) = (server.clone(), surroundings.clock.clone());
        async move {
            if let Err(error) = answer(stream, &server, limit, &*clock).await {
                tracing::debug!(%error, "a connection broke");
            }
        }
    })
    .await;
    Ok(())
}

async fn answer(
    stream: ByteStream,
    server: &Server,
    limit: MessageLimit,
    clock: &dyn Clock,
) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    frame::write_greeting(&mut stream).await?;
    let reading = read_request(&mut stream, limit);
    let outcome = match tokio::time::timeout(REQUEST_TIMEOUT, reading).await?? {
        Err(infra) => Err(infra),
        Ok((request, bytes)) => {
            let get = |name: &str| request.context.get(name).map(String::as_str);
            let context = Context::from_headers(clock.now(), get);
            let arguments = Encoded { codec: Codec::Json, bytes };
            tokio::select! {
                outcome = server.call(&request.callee, &request.method, arguments, context) => outcome,
                // A caller sends nothing after its request, so this is its end: dropping the call cancels it.
                _ = stream.fill_buf() => return Ok(()),
            }
        }
    };
    // Guards live until the answer is written.
    let (head, body, _guards) = encode_outcome(outcome, limit).unwrap_or_else(|infra| {
        let answer = Answer::Infra {
            kind: infra.kind.as_str().to_owned(),
            processed: infra.processed.as_str().to_owned(),
            message: infra.message.into_owned(),
        };
        (build_head(answer, &infra.metadata), Bytes::new(), Guards::default())
    });
    frame::write(&mut stream, &head, &body).await
}

/// The request, or why it is refused.
async fn read_request(
    stream: &mut BufReader<ByteStream>,
    limit: MessageLimit,
) -> io::Result<Result<(Request, Bytes), Infra>> {
    let request: Request = frame::read_head(stream).await?;
    if let Err(infra) = limit.check_arguments(request.bytes) {
        // Closing a connection with unread bytes would destroy the answer on its way.
        let length = u64::try_from(request.bytes).unwrap_or(u64::MAX);
        tokio::io::copy(&mut stream.take(length), &mut tokio::io::sink()).await?;
        return Ok(Err(infra));
    }
    let arguments = frame::read_body(stream, request.bytes).await?;
    Ok(Ok((request, arguments)))
}

fn build_head(answer: Answer, said: &ReplyMetadata) -> AnswerHead {
    let said = said.to_headers().into_iter().map(|(name, text)| (name.to_owned(), text));
    AnswerHead { answer, said: said.collect() }
}

fn encode_outcome(
    outcome: Result<Reply, Infra>,
    limit: MessageLimit,
) -> Result<(AnswerHead, Bytes, Guards), Infra> {
    let mut reply = outcome?;
    let body = reply.encode(Codec::Json)?;
    let bytes = body.len();
    limit.check_answer(bytes)?;
    let answer = match reply.class() {
        Class::Ok => Answer::Ok { bytes },
        Class::Application { status, code, message } => Answer::Application {
            status: status.as_str().to_owned(),
            code: code.clone().into_owned(),
            message: message.clone(),
            bytes,
        },
    };
    let head = build_head(answer, reply.metadata());
    Ok((head, body, reply.take_guards()))
}
