//! A transport of one frame a connection: a JSON line, then the arguments; the answer likewise.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bp_std::rt::*;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

#[derive(Serialize, Deserialize)]
struct Request {
    instance: String,
    method: String,
    headers: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    outcome: Outcome,
    /// What the callee says beside it.
    said: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
enum Outcome {
    Ok,
    Application { status: String, code: String, message: String },
    Infra { kind: String, processed: String, message: String },
}

struct Line {
    endpoint: String,
    limit: MessageLimit,
    surroundings: Surroundings,
}

impl Endpoint for Line {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async move {
            let arguments = call.encode(Codec::Protobuf)?;
            self.limit.check_arguments(arguments.len())?;
            let headers = call.context.to_headers(Instant::now());
            let request = Request {
                instance: call.edge.callee.clone(),
                method: call.method.name.to_owned(),
                headers: headers.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
            };
            let mut stream = self
                .surroundings
                .connect(&self.endpoint)
                .await
                .map_err(|error| Infra::unavailable(error.to_string()))?;
            let broken = |error: std::io::Error| {
                Infra::unavailable(error.to_string()).with_processed(Processed::Maybe)
            };
            let mut frame = serde_json::to_vec(&request).unwrap();
            frame.push(b'\n');
            frame.extend_from_slice(&arguments);
            stream.write_all(&frame).await.map_err(broken)?;
            stream.shutdown().await.map_err(broken)?;
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            if stream.read_line(&mut line).await.map_err(broken)? == 0 {
                return Err(broken(std::io::ErrorKind::UnexpectedEof.into()));
            }
            let mut body = Vec::new();
            stream.read_to_end(&mut body).await.map_err(broken)?;
            let head: Head =
                serde_json::from_str(&line).map_err(|e| Infra::decode(e.to_string()))?;
            let said = ReplyMetadata::from_headers(|name| head.said.get(name).map(String::as_str));
            let class = match head.outcome {
                Outcome::Ok => Class::Ok,
                Outcome::Application { status, code, message } => Class::Application {
                    status: Status::parse(&status).unwrap(),
                    code: Cow::Owned(code),
                    message,
                },
                Outcome::Infra { kind, processed, message } => {
                    let kind = InfraKind::parse(&kind).unwrap();
                    let infra = Infra::new(kind, Processed::parse(&processed).unwrap(), message);
                    return Err(infra.with_metadata(said));
                }
            };
            self.limit.check_answer(body.len())?;
            Ok(Reply::encoded(class, Codec::Protobuf, Bytes::from(body)).with_metadata(said))
        })
    }
}

async fn answer(stream: ByteStream, server: Arc<Server>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    let mut body = Vec::new();
    stream.read_to_end(&mut body).await?;
    let Ok(request) = serde_json::from_str::<Request>(&line) else { return Ok(()) };
    let context =
        Context::from_headers(Instant::now(), |name| request.headers.get(name).map(String::as_str));
    let arguments = Encoded { codec: Codec::Protobuf, bytes: Bytes::from(body) };
    let outcome = server.call(&request.instance, &request.method, arguments, context).await;
    let outcome = outcome.and_then(|reply| Ok((reply.encode(Codec::Protobuf)?, reply)));
    let said = match &outcome {
        Ok((_, reply)) => reply.metadata().to_headers(),
        Err(infra) => infra.metadata.to_headers(),
    };
    let (outcome, body) = match outcome {
        Ok((body, reply)) => match reply.class().clone() {
            Class::Ok => (Outcome::Ok, body),
            Class::Application { status, code, message } => (
                Outcome::Application {
                    status: status.to_string(),
                    code: code.into_owned(),
                    message,
                },
                body,
            ),
        },
        Err(infra) => (
            Outcome::Infra {
                kind: infra.kind.to_string(),
                processed: infra.processed.as_str().to_owned(),
                message: infra.message.into_owned(),
            },
            Bytes::new(),
        ),
    };
    let said = said.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    let mut frame = serde_json::to_vec(&Head { outcome, said }).unwrap();
    frame.push(b'\n');
    frame.extend_from_slice(&body);
    stream.get_mut().write_all(&frame).await?;
    stream.get_mut().shutdown().await
}

struct Lines(MessageLimit, Surroundings);

impl Dialer for Lines {
    fn dial(&self, address: &str) -> Result<Arc<dyn Endpoint>, StartError> {
        let (endpoint, surroundings) = (address.to_owned(), self.1.clone());
        Ok(Arc::new(Line { endpoint, limit: self.0, surroundings }))
    }
}

struct Plugin;

pub fn plugin() -> impl TransportPlugin {
    Plugin
}

impl TransportPlugin for Plugin {
    fn connect(&self, cx: ConnectContext) -> Result<Arc<dyn Dialer>, StartError> {
        Ok(Arc::new(Lines(cx.limit, cx.surroundings)))
    }

    fn serve(&self, cx: ServeContext) -> BoxFuture<'static, Result<(), StartError>> {
        Box::pin(async move {
            let server = cx.server;
            listen::accept_connections(cx.listener, cx.drain, move |stream| {
                let server = server.clone();
                async move {
                    let _ = answer(stream, server).await;
                }
            })
            .await;
            Ok(())
        })
    }
}
