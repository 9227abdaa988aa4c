//! The application under test.

pub mod interfaces;
pub mod plan;
pub mod shelf;
pub mod table;
pub mod tag;
pub mod transport;
pub mod workflow;

use bp_std::rt::*;

use workflow::{Back, BackImpl, EagerImpl, Front, FrontImpl, WorkerImpl};

/// Like generated `app()`, with a plan made by [`plan`].
pub fn app(plan: &serde_json::Value) -> App {
    let mut app = App::new(plan.to_string());
    app = app.transport("line", transport::plugin());
    app = app.wrapper("tag", tag::plugin());
    app = app.table("lights", table::plugin(table::Log::default()));
    app = app.interface(interfaces::front::interface());
    app = app.interface(interfaces::back::interface());
    app = app.implementation("FrontImpl", front_impl);
    app = app.implementation("BackImpl", back_impl);
    app = app.implementation("EagerImpl", eager_impl);
    app = app.implementation("WorkerImpl", worker_impl);
    app = app.implementation("LitImpl", lit_impl);
    app
}

fn front_impl(b: Builder) -> BoxFuture<'static, Result<Built, StartError>> {
    Box::pin(async move {
        let back: Arc<dyn Back> = b.service("back")?;
        let others: Vec<Arc<dyn Back>> = b.list("others")?;
        let made = FrontImpl::new(back, others);
        let made: Arc<dyn Front> = Arc::new(made);
        Ok(Built::new(made))
    })
}

fn back_impl(b: Builder) -> BoxFuture<'static, Result<Built, StartError>> {
    Box::pin(async move {
        let label: String = b.value("label")?;
        let front: Option<Arc<dyn Front>> = b.optional("front")?;
        let made = BackImpl::new(label, front);
        let made: Arc<dyn Back> = Arc::new(made);
        Ok(Built::new(made))
    })
}

fn eager_impl(b: Builder) -> BoxFuture<'static, Result<Built, StartError>> {
    Box::pin(async move {
        let front: Arc<dyn Front> = b.service("front")?;
        let made = EagerImpl::new(front).await;
        let made = b.constructed(made)?;
        let made: Arc<dyn Back> = Arc::new(made);
        Ok(Built::new(made))
    })
}

fn worker_impl(b: Builder) -> BoxFuture<'static, Result<Built, StartError>> {
    Box::pin(async move {
        let fails: bool = b.value("fails")?;
        let made = WorkerImpl::new(fails);
        let task = Arc::new(made);
        let made: Arc<dyn Back> = task.clone();
        Ok(Built::new(made).background(async move { task.run().await }))
    })
}

/// Is labelled with what its constructor sees of a knob.
fn lit_impl(_: Builder) -> BoxFuture<'static, Result<Built, StartError>> {
    static LIT: Knob = Knob::new("lit");
    Box::pin(async move {
        let made = BackImpl::new(LIT.is_on().to_string(), None);
        let made: Arc<dyn Back> = Arc::new(made);
        Ok(Built::new(made))
    })
}

/// Started processes of a plan, which reach each other at the ports that they chose.
pub struct System {
    pub processes: Vec<Running>,
    pub environment: Environment,
    pub plan: serde_json::Value,
}

impl System {
    /// Starts `processes` in turn; each knows the addresses of all, because the ports are taken first.
    pub async fn start(plan: serde_json::Value, names: &[&str], environment: Environment) -> Self {
        let mut environment = environment;
        for listener in plan["listeners"].as_object().unwrap().values() {
            let address = listener["address"].as_str().unwrap();
            let port = free_port();
            environment = environment
                .with(format!("BP_ADDR_{address}"), port.clone())
                .with(format!("BP_BIND_{address}"), port);
        }
        let mut processes = Vec::new();
        for name in names {
            let hosting = Hosting::Process((*name).to_owned());
            processes.push(app(&plan).start(environment.clone(), hosting).await.unwrap());
        }
        Self { processes, environment, plan }
    }

    /// The front, where it runs.
    pub fn front(&self) -> Arc<dyn Front> {
        self.processes.iter().find_map(|p| p.instance::<dyn Front>("front")).unwrap()
    }

    pub async fn stop(self) {
        for process in self.processes {
            assert!(process.stop(std::future::pending()).await.drained);
        }
    }
}

/// A free address on this machine; each is drawn once.
///
/// It is below those that the system gives to outgoing connections, which could take one between its choice and its use.
pub fn free_port() -> String {
    static DRAWN: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    loop {
        let drawn = DRAWN.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let offset = std::process::id().wrapping_mul(397).wrapping_add(drawn) % 10_000;
        let address = format!("127.0.0.1:{}", 10_000 + offset);
        if std::net::TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}

/// Starts everything in one process without listeners.
pub async fn embedded(plan: &serde_json::Value, environment: Environment) -> Running {
    app(plan).start(environment, Hosting::Embedded).await.unwrap()
}

/// The message of a start that fails.
pub async fn refused(plan: &serde_json::Value, environment: Environment) -> String {
    app(plan).start(environment, Hosting::Embedded).await.unwrap_err().to_string()
}

/// Longer than any step takes, even on a machine that does other things too.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_mins(1);

/// Waits until `condition` holds, for a minute at most.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "still not: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}
