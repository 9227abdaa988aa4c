//! The runner, and clients of an interface and of those that extend it.
#![expect(unreachable_pub, reason = "an interface is public")]

use std::sync::Mutex;

use bp_macros::{ServiceError, interface, service};
use futures_util::FutureExt;

use super::*;
use crate::call::{Call, Edge, Reply};
use crate::chain::{Endpoint, Next, Wrapper};
use crate::client::Client;
use crate::method::Method;
use crate::panic::panic_text;
use crate::sync::lock;
use crate::{App, BackendInterface, Codec, Environment, Hosting, Infra, InfraKind};

#[derive(Debug, PartialEq, ServiceError)]
#[service_error(crate = crate)]
pub(crate) enum StackError {
    #[status(failed_precondition, "{0} is too much")]
    Full(u64),
    #[infra]
    Infra(Infra),
}

#[interface(crate = crate)]
pub trait Counted {
    #[idempotent]
    async fn count(&self) -> Result<u64, StackError>;
}

/// What a call of a deprecated method warns of is for its callers, not for the halves.
#[deny(deprecated)]
mod deprecated {
    use super::*;

    #[interface(crate = crate)]
    pub trait Old {
        #[deprecated = "there is a newer one"]
        async fn old(&self) -> Result<(), StackError>;
    }

    #[deprecated = "there is a newer one"]
    #[interface(crate = crate)]
    pub trait Older {
        async fn older(&self) -> Result<(), StackError>;
    }
}

#[interface(crate = crate)]
pub trait Pushed: Counted {
    async fn push(&self, number: u64) -> Result<(), StackError>;
}

#[interface(crate = crate)]
pub trait Popped: Counted {
    async fn pop(&self) -> Result<Option<u64>, StackError>;
}

/// Has `count` from both, once.
#[interface(crate = crate)]
pub trait Stack: Pushed + Popped {
    async fn push_all(&self, numbers: Vec<u64>, front: bool) -> Result<u64, StackError>;
}

#[derive(Default)]
struct Numbers {
    numbers: Mutex<Vec<u64>>,
    calls: Mutex<Vec<&'static str>>,
}

impl Numbers {
    fn note(&self, call: &'static str) {
        lock(&self.calls).push(call);
    }
}

#[service(crate = crate)]
impl Counted for Numbers {
    async fn count(&self) -> Result<u64, StackError> {
        self.note("count");
        Ok(lock(&self.numbers).len() as u64)
    }
}

#[service(crate = crate)]
impl Pushed for Numbers {
    async fn push(&self, number: u64) -> Result<(), StackError> {
        self.note("push");
        if number > 9 {
            return Err(StackError::Full(number));
        }
        lock(&self.numbers).push(number);
        Ok(())
    }
}

#[service(crate = crate)]
impl Popped for Numbers {
    async fn pop(&self) -> Result<Option<u64>, StackError> {
        self.note("pop");
        Ok(lock(&self.numbers).pop())
    }
}

#[service(crate = crate)]
impl Stack for Numbers {
    async fn push_all(&self, numbers: Vec<u64>, front: bool) -> Result<u64, StackError> {
        self.note("push_all");
        let mut kept = lock(&self.numbers);
        let at = if front { 0 } else { kept.len() };
        kept.splice(at..at, numbers);
        Ok(kept.len() as u64)
    }
}

/// Keeps the last store, so that it can be opened again.
#[derive(Default)]
struct Stacks(Mutex<Vec<u64>>);

#[service(crate = crate)]
impl StoreFactory<dyn Stack> for Stacks {
    async fn fresh(&self) -> Result<Arc<dyn Stack>, Failure> {
        Ok(Arc::new(Numbers::default()))
    }

    async fn reopen(&self, store: Arc<dyn Stack>) -> Result<Option<Arc<dyn Stack>>, Failure> {
        expect_equal("holders of a store that is closed", &Arc::strong_count(&store), &1)?;
        let mut kept = Vec::new();
        while let Some(number) = store.pop().await? {
            kept.insert(0, number);
        }
        let numbers = Mutex::new(kept);
        Ok(Some(Arc::new(Numbers { numbers, ..Numbers::default() })))
    }

    async fn pass(&self, time: Duration) {
        lock(&self.0).push(time.as_secs());
    }

    fn granularity(&self) -> Duration {
        Duration::from_secs(7)
    }
}

type Factory = Arc<dyn StoreFactory<dyn Stack>>;

cases! {
    /// What holds.
    const GOOD: dyn Stack = [every_method_answers, an_error_is_its_own, a_store_is_opened_again]
}

cases! { const BAD: dyn Stack = [every_method_answers, fails, panics] }

async fn every_method_answers(stores: Factory) -> Verdict {
    let stack = stores.fresh().await?;
    stack.push(1).await?;
    expect_equal("push_all", &stack.push_all(vec![3, 4], true).await?, &3)?;
    expect_equal("count", &stack.count().await?, &3)?;
    expect_equal("pop", &stack.pop().await?, &Some(1))?;
    let counted: Arc<dyn Counted> = stack;
    expect_equal("count of what is extended", &counted.count().await?, &2)?;
    stores.pass(stores.granularity()).await;
    Ok(())
}

async fn an_error_is_its_own(stores: Factory) -> Verdict {
    let stack = stores.fresh().await?;
    expect_holds("10 is refused", stack.push(10).await == Err(StackError::Full(10)))
}

async fn a_store_is_opened_again(stores: Factory) -> Verdict {
    let stack = stores.fresh().await?;
    stack.push(5).await?;
    let Some(stack) = stores.reopen(stack).await? else { return Ok(()) };
    expect_equal("pop", &stack.pop().await?, &Some(5))
}

async fn fails(_: Factory) -> Verdict {
    expect_equal("the number", &1, &2)
}

async fn panics(stores: Factory) -> Verdict {
    let none = stores.fresh().await?.pop().await?;
    none.expect("a number");
    Ok(())
}

#[tokio::test]
async fn a_suite_is_passed_directly_and_through_the_client() {
    let stores = Arc::new(Stacks::default());
    run_cases(GOOD, stores.clone()).await;
    assert_eq!(*lock(&stores.0), [7]);
    run_cases_through_client(GOOD, stores.clone()).await;
    assert_eq!(*lock(&stores.0), [7; 4]);
}

#[tokio::test]
async fn every_case_that_fails_is_listed() {
    let run = |through: bool| async move {
        let stores = Arc::new(Stacks::default());
        let outcome = if through {
            std::panic::AssertUnwindSafe(run_cases_through_client(BAD, stores)).catch_unwind().await
        } else {
            std::panic::AssertUnwindSafe(run_cases(BAD, stores)).catch_unwind().await
        };
        panic_text(&*outcome.unwrap_err()).to_owned()
    };
    let text = run(false).await;
    assert!(
        text.starts_with(
            "2 of 3 cases failed:\n  fails: the number: found 1, expected 2\n  panics: "
        ),
        "{text}"
    );
    let text = run(true).await;
    assert!(text.starts_with("6 of 9 cases failed:\n  (not encoded) fails: "), "{text}");
    assert!(text.contains("(application/json) fails: the number"), "{text}");
}

#[tokio::test]
async fn a_store_of_another_factory_is_not_opened_again() {
    let through = ThroughClient::<dyn Stack>::new(Arc::new(Stacks::default()), None, Vec::new());
    let error = through.reopen(Arc::new(Numbers::default())).await.err().unwrap();
    assert_eq!(error.to_string(), "the store is not one of this factory");
}

/// Notes the methods of calls, with their index.
#[derive(Default)]
struct Noted(Mutex<Vec<(u16, &'static str)>>);

impl Wrapper for Arc<Noted> {
    fn call<'a>(&'a self, call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        lock(&self.0).push((call.method.index, call.method.name));
        next.run(call)
    }
}

#[tokio::test]
async fn calls_of_all_that_is_extended_pass_the_wrappers_of_one_client() {
    let noted = Arc::new(Noted::default());
    let store = Arc::new(Numbers::default());
    let stack: Arc<dyn Stack> =
        connect(store.clone() as Arc<dyn Stack>, None, vec![Arc::new(noted.clone())]).unwrap();
    stack.push_all(vec![1, 2], false).await.unwrap();
    assert_eq!(stack.pop().await, Ok(Some(2)));
    stack.push(3).await.unwrap();
    let counted: Arc<dyn Counted> = stack;
    assert_eq!(counted.count().await, Ok(2));
    assert_eq!(*lock(&noted.0), [(3, "push_all"), (2, "pop"), (1, "push"), (0, "count")]);
    assert_eq!(*lock(&store.calls), ["push_all", "pop", "push", "count"]);
}

#[tokio::test]
async fn only_an_idempotent_call_is_repeated() {
    let store = Arc::new(Numbers::default());
    let repeat: Arc<dyn Wrapper> = Arc::new(RepeatIdempotent);
    let stack = connect(store.clone() as Arc<dyn Stack>, Some(Codec::Json), vec![repeat]).unwrap();
    stack.push(1).await.unwrap();
    stack.count().await.unwrap();
    assert_eq!(*lock(&store.calls), ["push", "count", "count"]);
}

#[test]
fn an_interface_has_what_it_extends_first_and_each_method_once() {
    let interface = <dyn Stack>::glue().interface();
    assert_eq!((interface.path, interface.wire_name), ("bp_runtime::Stack", "bp_runtime.Stack"));
    let expected = [
        Method::new(0, "count", &[]).idempotent(),
        Method::new(1, "push", &["number"]),
        Method::new(2, "pop", &[]),
        Method::new(3, "push_all", &["numbers", "front"]),
    ];
    assert_eq!(interface.methods, expected);
}

struct Nowhere;

impl Endpoint for Nowhere {
    fn send(&self, _: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(std::future::ready(Err(Infra::internal("sent"))))
    }
}

#[tokio::test]
async fn a_client_of_an_edge_without_the_method_says_so() {
    let edge = Edge {
        key: "a->b".into(),
        caller: "a".into(),
        callee: "b".into(),
        cyclic: false,
        remote: false,
        server: false,
    };
    let interface = <dyn Popped>::glue().interface();
    let client = Client::new(edge, interface, Vec::new(), Arc::new(Nowhere));
    let Err(StackError::Infra(infra)) = client.push(1).await else { panic!("answered") };
    assert_eq!(infra.kind, InfraKind::Unimplemented);
    assert_eq!(infra.message, "`bp_runtime::Popped` has no method `push`");
    let Err(StackError::Infra(infra)) = client.pop().await else { panic!("answered") };
    assert_eq!(infra.message, "sent");
    // No glue made this client, and it calls what its interface extends all the same.
    let Err(StackError::Infra(infra)) = client.count().await else { panic!("answered") };
    assert_eq!(infra.message, "sent");
}

mod namesake {
    use super::*;

    /// Has the path of another interface, and a method of the same name.
    #[interface(crate = crate)]
    pub trait Popped {
        async fn pop(&self) -> Result<Option<u64>, StackError>;
    }
}

#[tokio::test]
async fn an_application_with_two_interfaces_of_one_path_does_not_start() {
    let start = |app: App| app.start(Environment::default(), Hosting::Embedded);
    let once = App::new("no plan").interface(<dyn Stack>::glue()).interface(<dyn Popped>::glue());
    let error = start(once).await.unwrap_err().to_string();
    assert!(!error.contains("two interfaces"), "{error}");
    let twice = App::new("no plan")
        .interface(<dyn Stack>::glue())
        .interface(<dyn namesake::Popped>::glue());
    let version = env!("CARGO_PKG_VERSION");
    let tests = "bp_runtime::conformance::tests";
    assert_eq!(
        start(twice).await.unwrap_err().to_string(),
        format!(
            "two interfaces have the path `bp_runtime::Popped`: `{tests}::Popped` of version {version}, and `{tests}::namesake::Popped` of version {version}; give one of them another name, or link one version of their crate"
        )
    );
}
