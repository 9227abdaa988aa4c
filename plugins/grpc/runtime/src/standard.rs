//! The services that gRPC itself defines: [health](https://grpc.io/docs/guides/health-checking/), which follows the
//! process's readiness, and [reflection](https://grpc.io/docs/guides/reflection/), which hands out what the `.proto` says.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bp_runtime::{BoxFuture, Drain, Server, StartError};
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body as HttpBody, Frame, Incoming};
use prost_types::FileDescriptorSet;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};
use tokio::sync::{OnceCell, watch};
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

/// Before the method in the paths of a service.
const HEALTH: &str = "/grpc.health.v1.Health/";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/";
const REFLECTION_ALPHA: &str = "/grpc.reflection.v1alpha.ServerReflection/";
/// The name under which a listener's `.proto` is compiled.
const FILE: &str = "application.proto";

/// The standard services of a listener.
pub(crate) struct StandardServices {
    health: HealthServer<HealthService>,
    reporter: HealthReporter,
    /// The services that the listener answers for.
    names: BTreeSet<&'static str>,
    /// The text of the `.proto`, unless reflection is off.
    description: Option<Arc<str>>,
    /// Compiled at the first request: most processes never get one.
    reflection: OnceCell<Result<Reflection, StartError>>,
    drain: Drain,
}

/// Answers requests at the paths of one service.
type AnswerFn =
    Box<dyn Fn(Request<DrainingBody>) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

struct Reflection {
    stable: AnswerFn,
    alpha: AnswerFn,
}

impl StandardServices {
    pub(crate) fn new(server: &Server, description: Option<Arc<str>>, drain: Drain) -> Self {
        let reporter = HealthReporter::new();
        Self {
            health: HealthServer::new(HealthService::from_health_reporter(reporter.clone())),
            reporter,
            names: server.served().iter().map(|served| served.interface().wire_name).collect(),
            description,
            reflection: OnceCell::new(),
            drain,
        }
    }

    /// Says whether the process is ready, for the listener as a whole and for each of its services, until it drains.
    ///
    /// Watches end then: a stream that stays open would delay the drain.
    pub(crate) async fn report(&self, mut ready: watch::Receiver<bool>) {
        let draining = self.drain.draining();
        tokio::pin!(draining);
        let mut told = None;
        loop {
            let status = if *ready.borrow_and_update() {
                ServingStatus::Serving
            } else {
                ServingStatus::NotServing
            };
            if told.replace(status) != Some(status) {
                for name in self.all() {
                    self.reporter.set_service_status(name, status).await;
                }
            }
            tokio::select! {
                () = &mut draining => break,
                changed = ready.changed() => if changed.is_err() { break },
            }
        }
        let mut reporter = self.reporter.clone();
        for name in self.all() {
            reporter.clear_service_status(name).await;
        }
    }

    /// Every name that has a status; the empty one is the listener's.
    fn all(&self) -> impl Iterator<Item = &'static str> {
        self.names.iter().copied().chain([""])
    }

    /// The answer to a request for a standard service; other requests are returned.
    pub(crate) async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Request<Incoming>> {
        let path = request.uri().path();
        if path.starts_with(HEALTH) {
            return Ok(ask(self.health.clone(), self.end_at_drain(request)).await);
        }
        let stable = path.starts_with(REFLECTION);
        let description = match &self.description {
            Some(description) if stable || path.starts_with(REFLECTION_ALPHA) => description,
            _ => return Err(request),
        };
        let reflection = self.reflection.get_or_init(|| self.reflect(description.clone())).await;
        Ok(match reflection {
            Ok(reflection) if stable => (reflection.stable)(self.end_at_drain(request)).await,
            Ok(reflection) => (reflection.alpha)(self.end_at_drain(request)).await,
            Err(error) => Status::internal(error.to_string()).into_http(),
        })
    }

    fn end_at_drain(&self, request: Request<Incoming>) -> Request<DrainingBody> {
        let draining = Box::pin(self.drain.draining());
        request.map(|body| DrainingBody { body, draining })
    }

    async fn reflect(&self, description: Arc<str>) -> Result<Reflection, StartError> {
        let compiled = tokio::task::spawn_blocking(move || compile(&description)).await;
        let compiled = compiled
            .map_err(|error| StartError::because("reflection", &error))
            .and_then(|compiled| compiled);
        let reflection = compiled.and_then(|descriptors| self.reflection_of(&descriptors));
        if let Err(error) = &reflection {
            tracing::error!(%error, "reflection cannot answer");
        }
        reflection
    }

    fn reflection_of(&self, descriptors: &FileDescriptorSet) -> Result<Reflection, StartError> {
        let failed = |error| StartError::because("reflection", &error);
        let builder = || {
            let builder = tonic_reflection::server::Builder::configure()
                .register_file_descriptor_set(descriptors.clone())
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
                .with_service_name("grpc.health.v1.Health");
            self.names.iter().fold(builder, |builder, name| builder.with_service_name(*name))
        };
        let stable = builder().with_service_name("grpc.reflection.v1.ServerReflection");
        let alpha = builder().with_service_name("grpc.reflection.v1alpha.ServerReflection");
        let (stable, alpha) =
            (stable.build_v1().map_err(failed)?, alpha.build_v1alpha().map_err(failed)?);
        Ok(Reflection {
            stable: Box::new(move |request| Box::pin(ask(stable.clone(), request))),
            alpha: Box::new(move |request| Box::pin(ask(alpha.clone(), request))),
        })
    }
}

async fn ask<S, B>(mut service: S, request: Request<B>) -> Response<Body>
where
    S: Service<Request<B>, Response = Response<Body>, Error = Infallible>,
{
    match service.call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// The descriptors of a `.proto` and of what it imports.
fn compile(text: &str) -> Result<FileDescriptorSet, StartError> {
    struct SingleFile(File);
    impl FileResolver for SingleFile {
        fn open_file(&self, name: &str) -> Result<File, protox::Error> {
            if name == FILE {
                return Ok(self.0.clone());
            }
            Err(protox::Error::file_not_found(name))
        }
    }
    let failed = |error| StartError::because("the description of the services", &error);
    let mut files = ChainFileResolver::new();
    files.add(SingleFile(File::from_source(FILE, text).map_err(failed)?));
    files.add(GoogleFileResolver::new());
    let mut compiler = protox::Compiler::with_file_resolver(files);
    compiler.include_imports(true).include_source_info(false);
    compiler.open_file(FILE).map_err(failed)?;
    Ok(compiler.file_descriptor_set())
}

/// A request's body that ends at the drain: a client may send questions over one stream without end, which would delay the drain.
struct DrainingBody {
    body: Incoming,
    draining: BoxFuture<'static, ()>,
}

impl HttpBody for DrainingBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if self.draining.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }
}
