//! Starting tasks that keep the caller's context.

use std::future::Future;

use tokio::task::JoinHandle;

use crate::context::Context;
use crate::tasks::Tasks;

/// Starts a task that keeps the caller's context, deadline included, and that the process's drain waits for.
///
/// A panic ends only this task; the handle reports it.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    start(Context::current(), future)
}

/// Runs `future` to its end even when the caller is dropped (deadline, cancellation), within the process's drain.
///
/// It keeps the context without its deadline, because the work must succeed after it too.
pub async fn shielded<F>(future: F) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    let mut context = Context::current();
    context.clear_deadline();
    match start(context, future).await {
        Ok(output) => output,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The task is aborted only when the runtime ends, which ends this one too.
            Err(_) => std::future::pending().await,
        },
    }
}

fn start<F>(context: Context, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let token = context.tasks().map(Tasks::token);
    tokio::spawn(async move {
        let _counted = token;
        context.scope(future).await
    })
}
