//! Tables that plugins own.

use bp_std::rt::*;
use serde_json::{Value, json};

use crate::app::plan::{cyclic, monolith, remote};
use crate::app::table::{self, Log};
use crate::app::workflow::Back;
use crate::app::{PATIENCE, app};

static LIT: bp_std::Knob = bp_std::knob!("lit");

/// One process, with these lamps.
fn plan(lamps: &Value) -> Value {
    let mut plan = monolith();
    let entries = lamps.as_object().unwrap().iter();
    plan["tables"]["lamp"]["entries"] =
        entries.map(|(name, settings)| json!({ "name": name, "settings": settings })).collect();
    plan
}

fn lamp(on: bool, watts: u32) -> Value {
    json!({ "on": on, "watts": watts })
}

async fn start(
    plan: &Value,
    environment: Environment,
    hosting: Hosting,
) -> (Log, Result<Running, StartError>) {
    let log = Log::default();
    let app = app(plan).table("lights", table::plugin(log.clone()));
    (log, app.start(environment, hosting).await)
}

async fn embedded(plan: &Value, environment: Environment) -> (Log, Running) {
    let (log, running) = start(plan, environment, Hosting::Embedded).await;
    (log, running.unwrap())
}

#[tokio::test]
async fn entries_are_in_force_before_any_instance_is_built() {
    let mut plan = plan(&json!({ "lit": lamp(true, 5) }));
    plan["instances"]["back"]["implementation"] = json!("LitImpl");
    plan["instances"]["back"]["parameters"] = json!({});
    let environment = Environment::default().with("BP_SET", "lamp.lit = false");
    let (log, running) = embedded(&plan, environment).await;
    let back = running.instance::<dyn Back>("back").unwrap();
    assert_eq!(back.describe().await.unwrap().label, "false", "as the constructor saw it");
    assert!(!LIT.is_on());
    tokio::task::yield_now().await;
    assert_eq!(log.take(), ["lit false 5", "works in *"]);
}

#[tokio::test]
async fn entries_are_installed_again_after_a_change_and_not_after_a_refused_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bp.toml");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    write("");
    let environment = Environment::default().with("BP_CONFIG", file.to_str().unwrap());
    let plan = plan(&json!({ "hall": lamp(true, 40), "stairs": lamp(true, 60) }));
    let (log, running) = embedded(&plan, environment).await;
    tokio::task::yield_now().await;
    assert_eq!(log.take(), ["hall true 40, stairs true 60", "works in *"]);

    write("lamp.\"*\" = false\nlamp.hall = { on = true, watts = 10 }\n");
    assert_eq!(running.reload(), Ok(true));
    assert_eq!(log.take(), ["hall true 10, stairs false 60"]);
    assert_eq!(running.reload(), Ok(false));

    write("lamp.hall.watts = 99\nlamp.stairs.watts = 101\n");
    let error = running.reload().unwrap_err().to_string();
    assert_eq!(error, "BP_CONFIG: lamp.stairs: `watts`: expected at most 100, found 101");
    // The plugin's own type is compared too, before anything is in force.
    write("lamp.stairs.watts = { env = \"WATTS\" }\n");
    let error = running.reload().unwrap_err().to_string();
    assert_eq!(error, "lamp.stairs: the environment variable WATTS is not set");
    assert_eq!(log.take(), [""; 0], "nothing was installed");

    // What only the plugin can refuse leaves what was in force.
    write("lamp.hall.watts = 90\n");
    let error = running.reload().unwrap_err().to_string();
    assert_eq!(error, "150 W are too many");
    assert_eq!(log.take(), ["hall true 90, stairs true 60", "hall true 10, stairs false 60"]);
    write("lamp.hall.watts = 30\n");
    assert_eq!(running.reload(), Ok(true));
    assert_eq!(log.take(), ["hall true 30, stairs true 60"]);
    assert!(running.stop(std::future::pending()).await.drained);
    assert_eq!(log.take(), ["dropped"]);
}

#[tokio::test]
async fn a_reference_in_an_entry_is_looked_up_and_compared_with_its_type() {
    let plan = plan(&json!({ "hall": { "on": true, "watts": { "env": "WATTS" } } }));
    let with = |watts: &str| Environment::default().with("WATTS", watts);
    let (_, refused) = start(&plan, Environment::default(), Hosting::Embedded).await;
    let error = refused.unwrap_err().to_string();
    assert_eq!(error, "lamp.hall: the environment variable WATTS is not set");
    let (log, refused) = start(&plan, with("many"), Hosting::Embedded).await;
    let error = refused.unwrap_err().to_string();
    assert!(error.starts_with("lamp.hall: invalid type: string \"many\""), "{error}");
    assert_eq!(log.take(), [""; 0]);
}

#[tokio::test]
async fn work_begins_when_the_process_takes_calls_and_its_failure_ends_the_process() {
    let (log, running) =
        embedded(&plan(&json!({ "broken": lamp(true, 1) })), Environment::default()).await;
    let failed = tokio::time::timeout(PATIENCE, running.failed()).await;
    assert_eq!(failed.unwrap(), "plugin `lights`: its background work failed: burnt out");
    assert_eq!(log.take(), ["broken true 1", "works in *", "dropped"]);

    // A process that does not get ready does no work.
    let mut never = plan(&json!({ "hall": lamp(true, 1) }));
    never["instances"]["front"]["implementation"] = json!("Nothing");
    let (log, refused) = start(&never, Environment::default(), Hosting::Embedded).await;
    assert!(refused.unwrap_err().to_string().contains("implementation `Nothing`"));
    assert_eq!(log.take(), ["hall true 1"]);

    // Nor does an init, which takes no calls.
    let mut init = plan(&json!({ "hall": lamp(true, 1) }));
    init["instances"]["seed"] = init["instances"]["back"].clone();
    init["instances"]["seed"]["process"] = json!("fill");
    init["inits"] = json!({ "fill": { "callee": "seed", "method": "describe" } });
    let (log, running) =
        start(&init, Environment::default(), Hosting::Init("fill".to_owned())).await;
    assert!(running.unwrap().stop(std::future::pending()).await.drained);
    assert_eq!(log.take(), ["hall true 1"]);
}

#[tokio::test]
async fn a_table_whose_plugin_is_not_linked_stops_the_start() {
    let mut plan = monolith();
    plan["tables"]["lamp"]["plugin"] = json!("lanterns");
    let (_, refused) = start(&plan, Environment::default(), Hosting::Embedded).await;
    let error = refused.unwrap_err().to_string();
    let expected = "the plan names the table plugin `lanterns`, which this binary does not hold (it holds: lights)";
    assert!(error.contains(expected), "{error}");
    // A process does not read the table of a mode.
    plan = monolith();
    plan["tables"]["probe"]["plugin"] = json!("lanterns");
    let (_, running) = start(&plan, Environment::default(), Hosting::Embedded).await;
    assert!(running.is_ok());
}

#[tokio::test]
async fn a_process_gets_the_entries_of_what_it_holds() {
    for (place, process, here, elsewhere) in [
        ("app", "back", "app", None),
        ("process", "back", "back", Some("front")),
        ("server", "back", "back", Some("front")),
        ("edge", "back", "back->front", Some("front->back")),
        // The process of a published service carries out what is said of its callers.
        ("edge", "front", "client->front", Some("back->front")),
    ] {
        let mut plan = cyclic(remote());
        let entry = |name: &str, settings| json!({ "name": name, "settings": settings });
        let lost = json!({ "on": true, "watts": { "env": "UNSET" } });
        let others = elsewhere.map(|name| entry(name, lost));
        let entries = std::iter::once(entry(here, lamp(true, 1))).chain(others);
        plan["tables"]["lamp"]["entries"] = entries.collect();
        plan["tables"]["lamp"]["place"] = json!(place);
        let hosting = Hosting::Process(process.to_owned());
        let (log, running) = start(&plan, Environment::default(), hosting).await;
        assert!(running.is_ok(), "{place}: {:?}", running.err());
        assert_eq!(log.take()[0], format!("{here} true 1"), "{place}");
    }
}
