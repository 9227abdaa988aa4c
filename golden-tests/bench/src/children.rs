//! The servers, each in a process of its own, which ends with this one.

use std::convert::Infallible;
use std::future::Future;
use std::io::{BufRead, BufReader, Read, Write};
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::task::{Context, Poll};

use anyhow::{Context as _, Result, bail};
use bp_std::rt::{Environment, Hosting};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::codegen::{Body as HttpBody, Service, StdError};
use tonic::server::NamedService;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::app::{self, Wrapped};
use crate::handwritten;

/// A server under measurement.
pub(crate) struct ChildServer {
    child: Child,
    pub(crate) address: String,
}

impl ChildServer {
    /// Starts this program as `serve ARGUMENTS`.
    pub(crate) fn new(arguments: &[&str]) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().context("no standard output")?;
        let mut address = String::new();
        BufReader::new(out).read_line(&mut address)?;
        let address = address.trim().to_owned();
        if address.is_empty() {
            bail!("`serve {}` does not start", arguments.join(" "));
        }
        Ok(Self { child, address })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for ChildServer {
    fn drop(&mut self) {
        // The child ends when its input ends; the signal is for one that is stuck.
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves `what` until the standard input ends.
pub(crate) async fn serve(what: &[&str]) -> Result<()> {
    match what {
        ["hand"] => {
            let listener = listen().await?;
            say(&listener.local_addr()?.to_string())?;
            run_until_end_of_input(handwritten::serve(listener)).await
        }
        ["collector"] => {
            let listener = listen().await?;
            say(&listener.local_addr()?.to_string())?;
            let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
            let server =
                Server::builder().add_service(DiscardingCollector).serve_with_incoming(incoming);
            run_until_end_of_input(async { Ok(server.await?) }).await
        }
        ["ours", wrapped, collector] => {
            let environment = Environment::default().with("BP_BIND_RATES_GRPC", "127.0.0.1:0");
            let plan = app::remote(parse(wrapped)?, collector);
            let running = app::app(&plan)
                .start(environment, Hosting::Process("rates".to_owned()))
                .await
                .map_err(anyhow::Error::msg)?;
            say(&running.ports().get("RATES_GRPC").context("no port")?.to_string())?;
            run_until_end_of_input(std::future::pending()).await
        }
        _ => bail!("`serve {}`: no such server", what.join(" ")),
    }
}

/// `bare`, or a share of traces.
pub(crate) fn parse(wrapped: &str) -> Result<Wrapped> {
    match wrapped {
        "bare" => Ok(Wrapped::Bare),
        sampling => Ok(Wrapped::Sampling(sampling.parse()?)),
    }
}

async fn listen() -> Result<TcpListener> {
    Ok(TcpListener::bind("127.0.0.1:0").await?)
}

#[expect(clippy::print_stdout, reason = "the parent reads the address there")]
fn say(address: &str) -> Result<()> {
    println!("{address}");
    Ok(std::io::stdout().flush()?)
}

async fn run_until_end_of_input(server: impl Future<Output = Result<()>>) -> Result<()> {
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    tokio::select! {
        done = server => done,
        _ = ended => Ok(()),
    }
}

/// Takes spans and drops them: a message without known fields decodes to nothing.
#[derive(Clone)]
struct DiscardingCollector;

#[derive(Clone, PartialEq, prost::Message)]
struct EmptyMessage {}

type Answering<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl NamedService for DiscardingCollector {
    const NAME: &'static str = "opentelemetry.proto.collector.trace.v1.TraceService";
}

impl<B> Service<http::Request<B>> for DiscardingCollector
where
    B: HttpBody + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Answering<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::default());
            Ok(grpc.unary(DropSpans, request).await)
        })
    }
}

struct DropSpans;

impl tonic::server::UnaryService<EmptyMessage> for DropSpans {
    type Response = EmptyMessage;
    type Future = Answering<Response<EmptyMessage>, Status>;

    fn call(&mut self, _: Request<EmptyMessage>) -> Self::Future {
        Box::pin(async { Ok(Response::new(EmptyMessage {})) })
    }
}
