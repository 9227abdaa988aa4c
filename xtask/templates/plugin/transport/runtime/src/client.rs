//! The caller's end: a connection for each call.

use std::io;
use std::sync::Arc;

use bp_runtime::prometheus_client::metrics::counter::Counter;
use bp_runtime::{
    BoxFuture, ByteStream, Call, Class, Codec, ConnectContext, Dialer, Endpoint, Infra, InfraKind,
    MessageLimit, MetricFamily, Processed, Reply, ReplyMetadata, StartError, Status, Surroundings,
};
use tokio::io::BufReader;

use crate::frame::{self, Answer, AnswerHead, Request};
use crate::metrics::SLOW_CONNECTIONS;
use crate::settings::SampleSettings;

/// Makes clients for the endpoints of one edge's callee.
pub(crate) struct SampleDialer {
    shared: Arc<EdgeState>,
}

/// What an edge's clients have in common.
struct EdgeState {
    edge: String,
    callee: String,
    settings: SampleSettings,
    limit: MessageLimit,
    surroundings: Surroundings,
    slow: Counter,
}

/// A client of one endpoint.
struct EndpointClient {
    shared: Arc<EdgeState>,
    address: String,
}

impl SampleDialer {
    pub(crate) fn new(cx: ConnectContext) -> Result<Self, StartError> {
        let ConnectContext { edge, settings, limit, surroundings, .. } = cx;
        let slow: MetricFamily<Counter, 1> =
            surroundings.metrics.shared(&SLOW_CONNECTIONS, Counter::default)?;
        let slow = slow.series([edge.key.clone().into()]);
        let (edge, callee) = (edge.key.clone(), edge.callee.clone());
        let settings = settings.read()?;
        let shared = EdgeState { edge, callee, settings, limit, surroundings, slow };
        Ok(Self { shared: Arc::new(shared) })
    }
}

impl Dialer for SampleDialer {
    fn dial(&self, address: &str) -> Result<Arc<dyn Endpoint>, StartError> {
        let shared = self.shared.clone();
        let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none() {
            let edge = &shared.edge;
            return Err(StartError::new(format!("edge {edge}: `{address}` is not a host:port")));
        }
        Ok(Arc::new(EndpointClient { shared, address: address.to_owned() }))
    }
}

impl Endpoint for EndpointClient {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(self.exchange(call))
    }
}

impl EndpointClient {
    async fn exchange(&self, call: Call) -> Result<Reply, Infra> {
        let shared = &*self.shared;
        let arguments = call.encode(Codec::Json)?;
        shared.limit.check_arguments(arguments.len())?;
        let mut stream = self.connect().await?;
        let headers = call.context.to_headers(shared.surroundings.clock.now());
        let request = Request {
            callee: shared.callee.clone(),
            method: call.method.name.to_owned(),
            context: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            bytes: arguments.len(),
        };
        let sent = frame::write(&mut stream, &request, &arguments).await;
        sent.map_err(|error| self.lose(Processed::Maybe, &error))?;
        self.read_answer(&mut stream).await
    }

    /// A connection that the callee has taken.
    async fn connect(&self) -> Result<BufReader<ByteStream>, Infra> {
        let SampleSettings { connect_timeout, slow } = self.shared.settings;
        let clock = &self.shared.surroundings.clock;
        let start = clock.now();
        let connecting = async {
            let mut stream = BufReader::new(self.shared.surroundings.connect(&self.address).await?);
            frame::read_greeting(&mut stream).await?;
            Ok(stream)
        };
        let connected = tokio::time::timeout(connect_timeout, connecting).await;
        let took = clock.now().saturating_duration_since(start);
        if matches!(connected, Ok(Ok(_))) && took >= slow {
            self.shared.slow.inc();
        }
        let connected = connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        connected.map_err(|error| self.lose(Processed::No, &error))
    }

    async fn read_answer(&self, stream: &mut BufReader<ByteStream>) -> Result<Reply, Infra> {
        let head = frame::read_head(stream).await;
        let head: AnswerHead = head.map_err(|error| self.lose(Processed::Maybe, &error))?;
        let said = ReplyMetadata::from_headers(|name| head.said.get(name).map(String::as_str));
        let (class, bytes) = match head.answer {
            Answer::Ok { bytes } => (Class::Ok, bytes),
            Answer::Application { status, code, message, bytes } => {
                let status = Status::parse(&status).ok_or_else(|| {
                    let message = format!("{}: unknown status `{status}`", self.address);
                    Infra::decode(message).with_processed(Processed::Yes)
                })?;
                (Class::Application { status, code: code.into(), message }, bytes)
            }
            Answer::Infra { kind, processed, message } => {
                let kind = InfraKind::parse(&kind).unwrap_or(InfraKind::Internal);
                let processed = Processed::parse(&processed).unwrap_or(Processed::Maybe);
                return Err(Infra::new(kind, processed, message).with_metadata(said));
            }
        };
        self.shared.limit.check_answer(bytes)?;
        let body = frame::read_body(stream, bytes).await;
        let body = body.map_err(|error| self.lose(Processed::Yes, &error))?;
        Ok(Reply::encoded(class, Codec::Json, body).with_metadata(said))
    }

    /// What a broken connection says about the call on it.
    fn lose(&self, processed: Processed, error: &io::Error) -> Infra {
        let message = format!("{}: {error}", self.address);
        Infra::new(InfraKind::Unavailable, processed, message)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpListener;

    use super::*;

    fn client(listener: &TcpListener, connect_timeout: Duration) -> EndpointClient {
        let shared = EdgeState {
            edge: "a->b".into(),
            callee: "b".into(),
            settings: SampleSettings { connect_timeout, slow: Duration::from_millis(1) },
            limit: MessageLimit { bytes: 1024 },
            surroundings: Surroundings::default(),
            slow: Counter::default(),
        };
        let address = listener.local_addr().unwrap().to_string();
        EndpointClient { shared: Arc::new(shared), address }
    }

    #[tokio::test]
    async fn a_connection_is_counted_as_slow_only_if_it_was_made() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent = client(&listener, Duration::from_millis(20));
        assert!(silent.connect().await.is_err());
        assert_eq!(silent.shared.slow.get(), 0);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let late = client(&listener, Duration::from_mins(1));
        let greeting = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
            frame::write_greeting(&mut stream).await.unwrap();
        };
        let (connected, ()) = tokio::join!(late.connect(), greeting);
        assert!(connected.is_ok());
        assert_eq!(late.shared.slow.get(), 1);
    }
}
