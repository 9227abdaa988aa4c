//! A backend that is opened as an interface that extends others, with callers that take what it extends.

use std::sync::Arc;

use bp_std::rt::*;
use serde_json::{Value, json};

use crate::app::plan::monolith;
use crate::app::shelf::{Cupboard, Emptied, Oak, Shelf, ShelfError, Sorted, plugin};

/// What a caller got.
struct Holds<T: ?Sized>(Arc<T>);

fn hold<T: ?Sized + Send + Sync + 'static>(b: Builder) -> Building {
    Box::pin(async move { Ok(Built::new(Arc::new(Holds(b.backend::<T>("store")?)))) })
}

/// The instance `store`, opened as a `Cupboard`, and a caller for each interface that it is.
fn plan() -> Value {
    let mut plan = monolith();
    plan["instances"] = json!({
        "store": { "kind": "backend", "plugin": "oak", "interface": "running::Cupboard", "processes": ["front"] },
    });
    plan["edges"] = json!({});
    plan["listeners"] = json!({});
    for (order, interface) in ["Shelf", "Sorted", "Emptied", "Cupboard"].into_iter().enumerate() {
        let name = interface.to_lowercase();
        let edge = format!("{name}->store");
        plan["instances"][&name] = json!({
            "kind": "service", "implementation": format!("Holds{interface}"), "interface": "running::Holds",
            "process": "front", "component": order, "order": order,
            "parameters": { "store": { "instance": "store", "edge": edge } },
        });
        plan["edges"][&edge] = json!({
            "caller": name, "callee": "store", "interface": format!("running::{interface}"),
            "remote": false, "cyclic": false, "client": [],
        });
    }
    plan["processes"]["front"]["listeners"] = json!([]);
    plan["processes"]["front"]["instances"] = json!(["shelf", "sorted", "emptied", "cupboard"]);
    plan["tables"] = json!({});
    plan
}

fn tag(plan: &mut Value, caller: &str, settings: &Value) {
    plan["edges"][format!("{caller}->store")]["client"] =
        json!([{ "plugin": "tag", "settings": settings }]);
}

fn app_with(plan: &Value, backend: impl BackendPlugin + 'static) -> App {
    App::new(plan.to_string())
        .wrapper("tag", crate::app::tag::plugin())
        .backend("oak", backend)
        .implementation("HoldsShelf", hold::<dyn Shelf>)
        .implementation("HoldsSorted", hold::<dyn Sorted>)
        .implementation("HoldsEmptied", hold::<dyn Emptied>)
        .implementation("HoldsCupboard", hold::<dyn Cupboard>)
}

async fn start(plan: &Value, environment: Environment) -> Running {
    app_with(plan, plugin()).start(environment, Hosting::Embedded).await.unwrap()
}

async fn refused(plan: &Value, backend: impl BackendPlugin + 'static) -> String {
    let started = app_with(plan, backend).start(Environment::default(), Hosting::Embedded).await;
    started.unwrap_err().to_string()
}

fn held<T: ?Sized + Send + Sync + 'static>(running: &Running, caller: &str) -> Arc<T> {
    running.instance::<Holds<T>>(caller).unwrap().0.clone()
}

/// Calls every method, by the interface that declares it, and by those that extend that.
async fn use_all(running: &Running) {
    let shelf = held::<dyn Shelf>(running, "shelf");
    let sorted = held::<dyn Sorted>(running, "sorted");
    let emptied = held::<dyn Emptied>(running, "emptied");
    let cupboard = held::<dyn Cupboard>(running, "cupboard");
    shelf.place("plate".to_owned()).await.unwrap();
    sorted.place("cup".to_owned()).await.unwrap();
    let others = vec!["jug".to_owned(), "pot".to_owned()];
    assert_eq!(cupboard.move_from(others, 1).await, Ok(1));
    assert_eq!(sorted.first().await, Ok(Some("cup".to_owned())));
    assert_eq!(cupboard.first().await, Ok(Some("cup".to_owned())));
    for list in [shelf.list().await, emptied.list().await, cupboard.list().await] {
        assert_eq!(list.unwrap().0, ["plate", "cup", "jug"]);
    }
    let heavy = ShelfError::Heavy("anvil".to_owned());
    assert_eq!(cupboard.place("anvil".to_owned()).await, Err(heavy));
    assert_eq!(emptied.take_all().await, Ok(3));
    assert_eq!(cupboard.take_all().await, Ok(0));
}

#[tokio::test]
async fn callers_take_what_the_instance_is_with_nothing_between() {
    let running = start(&plan(), Environment::default()).await;
    use_all(&running).await;
    // One and the same pointer: the application's, the callers', and this one.
    let cupboard = running.instance::<dyn Cupboard>("store").unwrap();
    assert_eq!(Arc::strong_count(&cupboard), 6);
}

#[tokio::test]
async fn callers_take_what_the_instance_is_through_wrappers() {
    let mut plan = plan();
    for caller in ["shelf", "sorted", "emptied", "cupboard"] {
        tag(&mut plan, caller, &json!({ "text": caller }));
    }
    let running = start(&plan, Environment::default()).await;
    use_all(&running).await;
    let (_, baggage) = held::<dyn Shelf>(&running, "shelf").list().await.unwrap();
    assert_eq!(baggage["client shelf->store"], "shelf0");
    let (_, baggage) = held::<dyn Cupboard>(&running, "cupboard").list().await.unwrap();
    assert_eq!(baggage["client cupboard->store"], "cupboard0");
}

#[tokio::test]
async fn one_caller_has_a_wrapper_and_another_none() {
    let mut plan = plan();
    tag(&mut plan, "sorted", &json!({ "text": "t" }));
    let running = start(&plan, Environment::default()).await;
    use_all(&running).await;
    let (_, baggage) = held::<dyn Cupboard>(&running, "cupboard").list().await.unwrap();
    assert!(baggage.is_empty());
}

#[tokio::test]
async fn methods_that_are_inherited_have_their_own_settings_on_every_edge() {
    let mut plan = plan();
    for caller in ["shelf", "cupboard"] {
        tag(&mut plan, caller, &json!({ "text": "all" }));
        plan["edges"][format!("{caller}->store")]["client"][0]["methods"] =
            json!({ "list": { "text": "listed" } });
    }
    let running = start(&plan, Environment::default()).await;
    let (_, baggage) = held::<dyn Shelf>(&running, "shelf").list().await.unwrap();
    assert_eq!(baggage["client shelf->store"], "listed0");
    let (_, baggage) = held::<dyn Cupboard>(&running, "cupboard").list().await.unwrap();
    assert_eq!(baggage["client cupboard->store"], "listed0");

    let set =
        "edge.\"cupboard -> store.list\".tag = \"set\"\nedge.\"* -> store.take_all\".tag = \"x\"";
    let running = start(&plan, Environment::default().with("BP_SET", set)).await;
    let (_, baggage) = held::<dyn Cupboard>(&running, "cupboard").list().await.unwrap();
    assert_eq!(baggage["client cupboard->store"], "set0");

    plan["edges"]["cupboard->store"]["client"][0]["off"] = json!(["list"]);
    let running = start(&plan, Environment::default()).await;
    let (_, baggage) = held::<dyn Cupboard>(&running, "cupboard").list().await.unwrap();
    assert!(baggage.is_empty(), "{baggage:?}");
}

#[tokio::test]
async fn a_test_finds_the_instance_as_all_that_it_is() {
    let running = start(&plan(), Environment::default()).await;
    running.instance::<dyn Shelf>("store").unwrap().place("cup".to_owned()).await.unwrap();
    let sorted = running.instance::<dyn Sorted>("store").unwrap();
    assert_eq!(sorted.first().await, Ok(Some("cup".to_owned())));
    assert!(running.instance::<dyn bp_std::Cache>("store").is_none());
}

#[tokio::test]
async fn a_caller_that_takes_what_the_instance_is_not_is_named() {
    let mut wrong = plan();
    wrong["instances"]["store"]["interface"] = json!("running::Sorted");
    let offers = || {
        let open = |_| std::future::ready(Ok(Arc::new(Oak::default()) as Arc<dyn Sorted>));
        // So that the application knows the others too.
        Offers::new()
            .interface(open)
            .interface(|_| async { Ok(Arc::new(Oak::default()) as Arc<dyn Cupboard>) })
    };
    let expected = "`emptied` takes `store` as `running::Emptied`, which `running::Sorted`, the interface of `store`, does not extend";
    assert_eq!(refused(&wrong, offers()).await, expected);
    tag(&mut wrong, "emptied", &json!({}));
    assert_eq!(refused(&wrong, offers()).await, expected);
}

/// Opens a `Shelf`, whatever it is asked for.
struct Careless;

impl BackendPlugin for Careless {
    fn interfaces(&self) -> Vec<InterfaceGlue> {
        vec![<dyn Cupboard>::glue()]
    }

    fn open(&self, _: BackendContext) -> BoxFuture<'_, Result<AnyInstance, StartError>> {
        let opened: Arc<dyn Shelf> = Arc::new(Oak::default());
        Box::pin(std::future::ready(Ok(AnyInstance::new::<dyn Shelf>(opened))))
    }
}

#[tokio::test]
async fn an_instance_that_is_not_what_the_plan_says_is_named() {
    assert_eq!(
        refused(&plan(), Careless).await,
        "backend `store` (kind `oak`): the plan opens it as `running::Cupboard`, but the plugin opened a dyn running::app::shelf::Shelf"
    );
}
