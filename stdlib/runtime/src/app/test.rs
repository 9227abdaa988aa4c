//! What `#[bp_test]` expands to: a test against instances, in this process or in the running system.

use std::sync::Arc;

use bp_contract::variable;

use super::App;
use super::outside::OutsideCaller;
use super::prepare::Hosting;
use super::running::Running;
use crate::environment::Environment;
use crate::error::StartError;

/// The instances that a test gets.
pub struct TestInstances {
    system: TestSystem,
}

enum TestSystem {
    Embedded(Running),
    Outside(OutsideCaller),
}

impl TestInstances {
    /// The instance named `name`.
    ///
    /// # Panics
    /// There is none of that name and trait; in a running system also when nothing outside can call it.
    #[expect(clippy::panic, reason = "the way a test fails")]
    pub fn service<T: ?Sized + Send + Sync + 'static>(&self, name: &str) -> Arc<T> {
        let found = match &self.system {
            TestSystem::Embedded(running) => running.instance::<T>(name).ok_or_else(|| {
                let wanted = std::any::type_name::<T>();
                StartError::new(format!("there is no instance `{name}` of {wanted}"))
            }),
            TestSystem::Outside(outside) => outside.connect(name).and_then(|(glue, client)| {
                let wanted = std::any::type_name::<T>();
                glue.build_client(client)?
                    .get::<T>()
                    .ok_or_else(|| StartError::new(format!("`{name}` is not a {wanted}")))
            }),
        };
        found.unwrap_or_else(|error| panic!("{error}"))
    }
}

impl std::fmt::Debug for TestInstances {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestInstances").finish_non_exhaustive()
    }
}

/// Runs a test: every instance in this process over fresh data, or, with `BP_TEST_TARGET=running`, the system at `BP_ADDR_…`.
///
/// # Panics
/// The application does not start, the test panics, or a background task fails.
pub fn run<T>(app: App, name: &str, body: impl AsyncFnOnce(TestInstances) -> T) -> T {
    run_in(app, name, Environment::of_process(), body)
}

/// As [`run`], in the environment given.
///
/// # Panics
/// As [`run`].
#[expect(clippy::panic, reason = "the way a test fails")]
pub fn run_in<T>(
    app: App,
    name: &str,
    environment: Environment,
    body: impl AsyncFnOnce(TestInstances) -> T,
) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap_or_else(|error| panic!("{name}: the async runtime: {error}"));
    let running = environment.get(variable::TEST_TARGET) == Some("running");
    let folder = tempfile::Builder::new()
        .prefix("bp-test-")
        .tempdir()
        .unwrap_or_else(|error| panic!("{name}: a folder for its data: {error}"));
    let output = runtime.block_on(async {
        let system = if running {
            OutsideCaller::new(app, environment).map(TestSystem::Outside)
        } else {
            let data = folder.path().to_string_lossy();
            let environment = environment.with(variable::DATA, data);
            app.start(environment, Hosting::Embedded).await.map(TestSystem::Embedded)
        };
        let system = system.unwrap_or_else(|error| panic!("{name}: {error}"));
        body(TestInstances { system }).await
    });
    // Background work ends with the runtime, before its data goes.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    drop(folder);
    output
}
