//! Client and server halves of `leaf::Front`.
use bp_std::rt::*;

use super::super::workflow;

/// `leaf::Front` as transports and wrappers see it.
pub static INTERFACE: Interface = Interface::new(
    "leaf::Front",
    "leaf.Front",
    &[
        Method::new(0, "describe", &["name"]).idempotent(),
        Method::new(1, "all", &[]),
        Method::new(2, "wait", &["ms"]),
        Method::new(3, "echo", &["text"]),
    ],
);

/// Calls a `Front` through an edge's chain.
pub struct FrontClient(pub Client);

#[bp_std::service]
impl workflow::Front for FrontClient {
    async fn describe(&self, name: String) -> Result<workflow::Described, workflow::FrontError> {
        self.0.call(0, (name,)).await
    }
    async fn all(&self) -> Result<Vec<String>, workflow::FrontError> {
        self.0.call(1, ()).await
    }
    async fn wait(&self, ms: u64) -> Result<(), workflow::FrontError> {
        self.0.call(2, (ms,)).await
    }
    async fn echo(&self, text: String) -> Result<String, workflow::FrontError> {
        self.0.call(3, (text,)).await
    }
}

/// Answers calls on a `Front`.
pub struct FrontServer(pub Arc<dyn workflow::Front>);

impl Dispatch for FrontServer {
    fn dispatch(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async move {
            match call.method.index {
                0 => {
                    let (name,) = call.take()?;
                    Reply::of(self.0.describe(name).await)
                }
                1 => {
                    let () = call.take()?;
                    Reply::of(self.0.all().await)
                }
                2 => {
                    let (ms,) = call.take()?;
                    Reply::of(self.0.wait(ms).await)
                }
                3 => {
                    let (text,) = call.take()?;
                    Reply::of(self.0.echo(text).await)
                }
                _ => Err(Infra::unknown_method(&call)),
            }
        })
    }
}

/// How the app makes both halves.
pub fn interface() -> InterfaceGlue {
    let mut glue = InterfaceGlue::new::<dyn workflow::Front>(
        &INTERFACE,
        |client| Arc::new(FrontClient(client)),
        |service| Arc::new(FrontServer(service)),
    );
    glue = glue.method::<(String,), workflow::Described, workflow::FrontError>();
    glue = glue.method::<(), Vec<String>, workflow::FrontError>();
    glue = glue.method::<(u64,), (), workflow::FrontError>();
    glue = glue.method::<(String,), String, workflow::FrontError>();
    glue
}
