//! Values that change without a rebuild.

use bp_std::rt::*;
use serde_json::json;

use crate::app::plan::{monolith, remote};
use crate::app::workflow::Front;
use crate::app::{embedded, refused};

static LOUD: bp_std::Knob = bp_std::knob!("loud");

/// Wrapped, in one process.
pub fn wrapped() -> serde_json::Value {
    let mut plan = monolith();
    for callee in ["back", "other_back"] {
        let client = &mut plan["edges"][format!("front->{callee}")]["client"];
        *client = json!([{ "plugin": "tag", "settings": { "text": "plain", "deep": {} } }]);
    }
    plan
}

fn set(text: &str) -> Environment {
    Environment::default().with("BP_SET", text)
}

/// The text that the wrapper on `front->back` left.
pub async fn tag(running: &Running) -> String {
    let front = running.instance::<dyn Front>("front").unwrap();
    let described = front.describe("x".to_owned()).await.unwrap();
    described.baggage["client front->back"].clone()
}

async fn tagged(text: &str) -> String {
    tag(&embedded(&wrapped(), set(text)).await).await
}

#[tokio::test]
async fn the_more_specific_selector_wins_whatever_the_order() {
    assert_eq!(tagged("edge.\"*\".tag = \"a\"").await, "a0");
    assert_eq!(tagged("edge.\"* -> b*\".tag = \"b\"\nedge.\"*\".tag = \"a\"").await, "b0");
    assert_eq!(
        tagged("edge.\"front -> *\".tag = \"c\"\nedge.\"* -> back\".tag = \"d\"").await,
        "d0",
        "the callee counts before the caller"
    );
    assert_eq!(
        tagged("edge.\"* -> *.describe\".tag = \"m\"\nedge.\"front -> back\".tag = \"e\"").await,
        "m0",
        "the method counts before both"
    );
    assert_eq!(
        tagged("edge.\"* -> back.wait\".tag = \"w\"").await,
        "plain0",
        "another method keeps its own"
    );
    assert_eq!(tagged("edge.\"* -> other-back\".tag = \"o\"").await, "plain0");
    assert_eq!(
        tagged("edge.\"*\".tag.deep = 3\nedge.\"* -> back\".tag.text = \"t\"").await,
        "t3",
        "leaf by leaf"
    );
}

#[tokio::test]
async fn a_compiled_method_keeps_its_own_settings_until_configured() {
    let mut plan = wrapped();
    plan["edges"]["front->back"]["client"][0]["methods"] =
        json!({ "describe": { "text": "method" } });
    assert_eq!(tag(&embedded(&plan, Environment::default()).await).await, "method0");
    assert_eq!(tag(&embedded(&plan, set("edge.\"*\".tag = \"a\"")).await).await, "a0");
    plan["edges"]["front->back"]["client"][0]["off"] = json!(["describe"]);
    let running = embedded(&plan, Environment::default()).await;
    let front = running.instance::<dyn Front>("front").unwrap();
    assert!(front.describe("x".to_owned()).await.unwrap().baggage.is_empty(), "switched off");
}

#[tokio::test]
async fn set_beats_the_file_at_the_same_specificity_only() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bp.toml");
    std::fs::write(&file, "edge.\"* -> back\".tag = \"file\"\n").unwrap();
    let with = |text: &str| set(text).with("BP_CONFIG", file.to_str().unwrap());
    let running = embedded(&wrapped(), with("edge.\"* -> back\".tag = \"set\"")).await;
    assert_eq!(tag(&running).await, "set0");
    let running = embedded(&wrapped(), with("edge.\"*\".tag = \"set\"")).await;
    assert_eq!(tag(&running).await, "file0");
}

#[tokio::test]
async fn what_is_wrong_stops_the_start_and_says_what_is_known() {
    for (text, expected) in [
        (
            "egde.\"*\".tag = \"a\"",
            "nothing to configure in `egde`; known: edge, server, backend, service, lamp",
        ),
        ("edge.\"*\".tga = \"a\"", "unknown key `tga`; known: rpc, tag"),
        ("edge.\"*\".tag.txt = \"a\"", "unknown setting `txt`; known: after, deep, fixed, text"),
        ("edge.\"*\".tag.deep.x = 1", "unknown setting `deep.x`; known: level"),
        ("edge.\"* -> bcak\".tag = \"a\"", "there is no `bcak`; known: back, front, other_back"),
        ("edge.\"* -> back.wiat\".tag = \"a\"", "no such method; known: describe, wait"),
        ("edge.\"back -> front\".tag = \"a\"", "nothing that it selects has `tag`"),
        (
            "edge.back.tag = \"a\"",
            "an edge has two ends, joined by `->`; write it as in `[edge.\"* -> back\"]`",
        ),
        ("edge.\"*\".tag = true", "`text`: expected text in quotes, found true"),
        ("edge.\"*\".tag.after = \"2h\"", "`after`: expected at most 1h, found \"2h\""),
        ("edge.\"*\".tag.after = 5", "`after`: expected a duration such as \"500ms\", found 5"),
        ("edge.\"*\".tag.deep = 10", "`deep.level`: expected at most 9, found 10"),
        ("edge.\"*\".tag.fixed = 1", "`fixed` can be changed only by a new build"),
        ("service.back.lable = \"x\"", "unknown parameter `lable`; known: label"),
        ("service.bcak.label = \"x\"", "there is no `bcak`; known: back, front, other_back"),
        ("service.back.label = 1", "1 is a number, `label` is text"),
        ("probe.echo.arguments = 1", "there is nothing to configure in `probe`; known: edge"),
        ("lamp.lout = false", "BP_SET: lamp.lout: there is no `lout` in `lamp`; known: loud"),
        ("lamp.\"q*\" = false", "lamp.\"q*\": it selects nothing in `lamp`; known: loud"),
        ("lamp.loud = 1", "BP_SET: lamp.loud: `on`: expected true or false, found 1"),
        ("lamp.loud.watt = 1", "unknown setting `watt`; known: on, watts"),
        ("lamp.loud.watts = 101", "`watts`: expected at most 100, found 101"),
        (
            "lamp.\"l*\" = true\nlamp.\"*d\" = false",
            "BP_SET: lamp.\"*d\" and BP_SET: lamp.\"l*\" are equally specific and set `on` differently",
        ),
        ("edge = 1", "`edge` is a table"),
        ("edge.\"*\".tag = ", "BP_SET: TOML parse error"),
        (
            "edge.\"front -> b*\".tag = \"a\"\nedge.\"front -> *k\".tag = \"b\"",
            "are equally specific and set `text` differently",
        ),
    ] {
        let error = refused(&remote(), set(text)).await;
        assert!(error.contains(expected), "{text}\n{error}");
    }
    let error = refused(&remote(), Environment::default().with("BP_ADDR_BACK_LIEN", "a:1")).await;
    assert!(error.contains("BP_ADDR_BACK_LIEN: the wiring has no such address"), "{error}");
    assert!(error.contains("BP_ADDR_BACK_LINE"), "{error}");
    let error = refused(&remote(), Environment::default().with("BP_CONFIG", "/nowhere")).await;
    assert!(error.contains("BP_CONFIG: /nowhere"), "{error}");
}

#[tokio::test]
async fn parameters_and_tables_are_values_too() {
    let text =
        "service.\"*back\".label = \"changed\"\nservice.back.label = \"own\"\nlamp.\"*\" = false";
    assert!(LOUD.is_on());
    let running = embedded(&wrapped(), set(text)).await;
    let front = running.instance::<dyn Front>("front").unwrap();
    assert_eq!(front.all().await.unwrap(), ["own", "changed"]);
    assert!(!LOUD.is_on());
}

#[tokio::test]
async fn an_edit_takes_effect_while_running_and_a_bad_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bp.toml");
    std::fs::write(&file, "").unwrap();
    let environment = Environment::default().with("BP_CONFIG", file.to_str().unwrap());
    let running = embedded(&wrapped(), environment).await;
    assert_eq!(tag(&running).await, "plain0");
    std::fs::write(&file, "edge.\"*\".tag = { text = \"new\", deep = 1 }").unwrap();
    assert_eq!(running.reload(), Ok(true));
    assert_eq!(tag(&running).await, "new1");
    assert_eq!(running.reload(), Ok(false));
    std::fs::write(&file, "edge.\"*\".tag = { text = \"newer\", deep = 99 }").unwrap();
    assert!(running.reload().unwrap_err().to_string().contains("expected at most 9, found 99"));
    assert_eq!(tag(&running).await, "new1", "all or nothing");
    std::fs::remove_file(&file).unwrap();
    assert!(running.reload().is_err());
    assert_eq!(tag(&running).await, "new1");
}

#[tokio::test(start_paused = true)]
async fn the_file_is_watched() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bp.toml");
    std::fs::write(&file, "").unwrap();
    let environment = Environment::default().with("BP_CONFIG", file.to_str().unwrap());
    let running = embedded(&wrapped(), environment).await;
    std::fs::write(&file, "edge.\"*\".tag = \"seen\"").unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(tag(&running).await, "seen0");
}
