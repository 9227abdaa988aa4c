//! Tables that plugins own.

use std::sync::Arc;

use bp_std::Cache;
use bp_std::rt::*;
use serde_json::{Value, json};

use crate::app::plan::{cyclic, monolith, remote};
use crate::app::table::{self, Log};
use crate::app::workflow::Back;
use crate::app::{PATIENCE, app};
use crate::configuration::{tag, wrapped};

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
async fn a_refused_change_leaves_the_settings_of_others_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bp.toml");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    write("edge.\"*\".tag = \"before\"");
    let environment = Environment::default().with("BP_CONFIG", file.to_str().unwrap());
    let mut plan = wrapped();
    plan["tables"]["lamp"]["entries"] = json!([
        { "name": "hall", "settings": lamp(true, 40) },
        { "name": "stairs", "settings": lamp(true, 60) },
    ]);
    let (_, running) = embedded(&plan, environment).await;
    assert_eq!(tag(&running).await, "before0");
    write("edge.\"*\".tag = \"after\"\nlamp.hall.watts = 50");
    assert_eq!(running.reload().unwrap_err().to_string(), "110 W are too many");
    assert_eq!(tag(&running).await, "before0");
    write("edge.\"*\".tag = \"after\"\nlamp.hall.watts = 30");
    assert_eq!(running.reload(), Ok(true));
    assert_eq!(tag(&running).await, "after0");
}

/// The plan with the table `post` of the plugin `street`, and lamps.
fn plan_with_posts(lamps: &Value, posts: Value) -> Value {
    let mut plan = plan(lamps);
    let mut table = plan["tables"]["lamp"].clone();
    table["plugin"] = json!("street");
    table["entries"] = posts;
    plan["tables"]["post"] = table;
    plan
}

#[tokio::test]
async fn every_plugin_installs_again_when_one_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bp.toml");
    let write = |text: &str| std::fs::write(&file, text).unwrap();
    write("");
    let gate = json!([
        { "name": "gate", "settings": lamp(true, 60) },
        { "name": "door", "settings": lamp(true, 40) },
    ]);
    let plan = plan_with_posts(&json!({ "hall": lamp(true, 40), "stairs": lamp(true, 40) }), gate);
    let log = Log::default();
    let app = app(&plan).table("lights", table::plugin(log.clone()));
    let app = app.table("street", table::street(log.clone()));
    let environment = Environment::default().with("BP_CONFIG", file.to_str().unwrap());
    let running = app.start(environment, Hosting::Embedded).await.unwrap();
    tokio::task::yield_now().await;
    let before = ["hall true 40, stairs true 40", "gate true 60, door true 40"];
    assert_eq!(log.take()[..2], before);

    // The second refuses, when the first has installed its own already.
    write("lamp.hall.watts = 41\npost.gate.watts = 61");
    assert_eq!(running.reload().unwrap_err().to_string(), "101 W are too many");
    let tried = ["hall true 41, stairs true 40", "gate true 61, door true 40"];
    assert_eq!(log.take(), [tried, before].concat());

    // The first refuses, so that the second is not asked until everything is put back.
    write("lamp.hall.watts = 100\nlamp.stairs.watts = 1");
    assert_eq!(running.reload().unwrap_err().to_string(), "101 W are too many");
    assert_eq!(log.take(), ["hall true 100, stairs true 1", before[0], before[1]]);

    write("lamp.hall.watts = 41\npost.gate.watts = 60");
    assert_eq!(running.reload(), Ok(true));
    assert_eq!(log.take(), ["hall true 41, stairs true 40", before[1]]);
}

#[tokio::test]
async fn a_plugin_has_several_tables_that_processes_read() {
    let mut plan = plan(&json!({ "hall": lamp(true, 10), "stairs": lamp(true, 20) }));
    plan["tables"]["spot"] = plan["tables"]["lamp"].clone();
    let environment = Environment::default()
        .with("BP_SET", "lamp.hall = false\nspot.\"*\".watts = 7\nspot.stairs = false");
    let (log, _running) = embedded(&plan, environment).await;
    assert_eq!(log.take()[0], "hall false 10, stairs true 20, hall true 7, stairs false 7");
    let environment = Environment::default().with("BP_SET", "post.hall = false");
    let (_, refused) = start(&plan, environment, Hosting::Embedded).await;
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("lamp, spot"), "{error}");
}

#[tokio::test]
async fn an_entry_about_an_edge_has_settings_by_method() {
    let mut plan = monolith();
    plan["tables"]["lamp"]["place"] = json!("edge");
    plan["tables"]["lamp"]["entries"] = json!([{
        "name": "front->back", "settings": lamp(true, 1), "off": ["echo"],
        "methods": { "describe": lamp(false, 2) },
    }]);
    let (log, _running) = embedded(&plan, Environment::default()).await;
    assert_eq!(log.take()[0], "front->back true 1, front->back.describe false 2");
}

fn open_nothing(_: BackendContext) -> std::future::Ready<Result<Arc<dyn Cache>, StartError>> {
    std::future::ready(Err(StartError::new("no room")))
}

#[tokio::test]
async fn a_process_gets_the_entries_of_what_it_holds() {
    let process = |name: &str| Hosting::Process(name.to_owned());
    let fill = || Hosting::Init("fill".to_owned());
    for (place, hosting, here, elsewhere) in [
        ("top_level", process("back"), Some("any"), None),
        ("app", process("back"), Some("app"), None),
        ("process", process("back"), Some("back"), Some("front")),
        ("backend", process("back"), Some("board_db"), Some("front_db")),
        ("server", process("back"), Some("back"), Some("front")),
        ("edge", process("back"), Some("back->front"), Some("front->back")),
        // The process of a published service carries out what is said of its callers.
        ("edge", process("front"), Some("client->front"), Some("back->front")),
        ("top_level", fill(), Some("any"), None),
        ("app", fill(), Some("app"), None),
        ("process", fill(), None, Some("back")),
        ("backend", fill(), Some("board_db"), Some("front_db")),
        ("server", fill(), Some("seed"), Some("back")),
        ("edge", fill(), Some("seed->board_db"), Some("client->front")),
    ] {
        let mut plan = cyclic(remote());
        plan["instances"]["seed"] = plan["instances"]["other_back"].clone();
        plan["instances"]["seed"]["process"] = json!("fill");
        plan["inits"] = json!({ "fill": { "callee": "seed", "method": "describe" } });
        let holders = [("board_db", json!(["back", "fill"])), ("front_db", json!(["front"]))];
        for (name, processes) in holders {
            plan["instances"][name] = json!({
                "kind": "backend", "plugin": "bare", "interface": "bp_backend::Cache",
                "processes": processes,
            });
        }
        let entry = |name: &str, settings| json!({ "name": name, "settings": settings });
        let lost = json!({ "on": true, "watts": { "env": "UNSET" } });
        let own = here.map(|name| entry(name, lamp(true, 1)));
        let others = elsewhere.map(|name| entry(name, lost));
        plan["tables"]["lamp"]["entries"] = own.into_iter().chain(others).collect();
        plan["tables"]["lamp"]["place"] = json!(place);
        let log = Log::default();
        let app = app(&plan).table("lights", table::plugin(log.clone()));
        let app = app.backend("bare", Offers::new().interface(open_nothing));
        let what = format!("{place} {hosting:?}");
        // The tables are in force before the backends are opened, which fails.
        let error = app.start(Environment::default(), hosting).await.unwrap_err().to_string();
        assert!(error.ends_with("(kind `bare`): no room"), "{what}: {error}");
        let expected = here.map(|name| format!("{name} true 1")).unwrap_or_default();
        assert_eq!(log.take(), [expected], "{what}");
    }
}
