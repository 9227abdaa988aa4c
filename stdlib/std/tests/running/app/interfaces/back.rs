//! Client and server halves of `leaf::Back`.
use bp_std::rt::*;

use super::super::workflow;

/// `leaf::Back` as transports and wrappers see it.
pub static INTERFACE: Interface = Interface::new(
    "leaf::Back",
    "leaf.Back",
    &[
        Method::new(0, "describe", &[]).idempotent(),
        Method::new(1, "wait", &["ms"]),
        Method::new(2, "crash", &[]),
        Method::new(3, "later", &["ms", "shielded"]),
        Method::new(4, "around", &["text"]),
    ],
);

/// Calls a `Back` through an edge's chain.
pub struct BackClient(pub Client);

#[bp_std::service]
impl workflow::Back for BackClient {
    async fn describe(&self) -> Result<workflow::Described, workflow::BackError> {
        self.0.call(0, ()).await
    }
    async fn wait(&self, ms: u64) -> Result<(), workflow::BackError> {
        self.0.call(1, (ms,)).await
    }
    async fn crash(&self) -> Result<(), workflow::BackError> {
        self.0.call(2, ()).await
    }
    async fn later(&self, ms: u64, shielded: bool) -> Result<(), workflow::BackError> {
        self.0.call(3, (ms, shielded)).await
    }
    async fn around(&self, text: String) -> Result<String, workflow::BackError> {
        self.0.call(4, (text,)).await
    }
}

/// Answers calls on a `Back`.
pub struct BackServer(pub Arc<dyn workflow::Back>);

impl Dispatch for BackServer {
    fn dispatch(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(async move {
            match call.method.index {
                0 => {
                    let () = call.take()?;
                    Reply::of(self.0.describe().await)
                }
                1 => {
                    let (ms,) = call.take()?;
                    Reply::of(self.0.wait(ms).await)
                }
                2 => {
                    let () = call.take()?;
                    Reply::of(self.0.crash().await)
                }
                3 => {
                    let (ms, shielded) = call.take()?;
                    Reply::of(self.0.later(ms, shielded).await)
                }
                4 => {
                    let (text,) = call.take()?;
                    Reply::of(self.0.around(text).await)
                }
                _ => Err(Infra::unknown_method(&call)),
            }
        })
    }
}

/// How the app makes both halves.
pub fn interface() -> InterfaceGlue {
    let mut glue = InterfaceGlue::new::<dyn workflow::Back>(
        &INTERFACE,
        |client| Arc::new(BackClient(client)),
        |service| Arc::new(BackServer(service)),
    );
    glue = glue.method::<(), workflow::Described, workflow::BackError>();
    glue = glue.method::<(u64,), (), workflow::BackError>();
    glue = glue.method::<(), (), workflow::BackError>();
    glue = glue.method::<(u64, bool), (), workflow::BackError>();
    glue = glue.method::<(String,), String, workflow::BackError>();
    glue
}
