//! A plugin that decides about endpoints, in a running application.

use bp_std::rt::balance::{
    CallOutcome, EndpointEntry, EndpointPolicy, EndpointSet, Refused, Selection, Selector,
    SetPolicy, Ticket,
};
use bp_std::rt::*;
use serde::Deserialize;
use serde_json::json;

use crate::app::plan::remote;
use crate::app::workflow::{Front, FrontError};
use crate::app::{app, free_port};

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Steer {
    /// Calls go to this zone.
    zone: Option<String>,
    /// Endpoints of this version take no calls.
    closed: Option<String>,
}

impl Selector for Steer {
    fn select(&self, _: &Call, endpoints: &EndpointSet, selection: &mut Selection) {
        selection.retain(|position| {
            let endpoint = endpoints.get(position).unwrap();
            self.zone.is_none() || endpoint.attributes().zone.as_deref() == self.zone.as_deref()
        });
    }
}

impl SetPolicy for Steer {
    fn endpoint(&self, entry: &EndpointEntry, _: Instant) -> Arc<dyn EndpointPolicy> {
        let version = entry.attributes.version.as_deref();
        Arc::new(Gate { closed: self.closed.is_some() && version == self.closed.as_deref() })
    }
}

struct Gate {
    closed: bool,
}

impl EndpointPolicy for Gate {
    fn admit(&self, now: Instant) -> Result<Ticket, Refused> {
        if self.closed { Err(Refused::unavailable("closed")) } else { Ok(Ticket::new(now)) }
    }

    fn finish(&self, _: Ticket, _: CallOutcome<'_>, _: Instant) {}
}

struct Plugin;

impl WrapperPlugin for Plugin {
    fn selector(&self, cx: &WrapperContext) -> Result<Option<Arc<dyn Selector>>, StartError> {
        assert_eq!(cx.endpoint, None, "it is for all of them");
        Ok(Some(Arc::new(cx.settings.read::<Steer>()?)))
    }

    fn set_policy(&self, cx: &WrapperContext) -> Result<Option<Arc<dyn SetPolicy>>, StartError> {
        Ok(Some(Arc::new(cx.settings.read::<Steer>()?)))
    }
}

/// The answers of ten calls over two copies of `back`, "one" in zone x and "two" in zone y.
async fn ask(steer: serde_json::Value) -> Vec<Result<String, FrontError>> {
    let mut plan = remote();
    plan["plugins"]["steer"] = json!({ "key": "steer", "kind": "wrapper", "shorthand": null, "settings": {
        "zone": { "type": "text", "tunable": false }, "closed": { "type": "text", "tunable": false },
    } });
    plan["edges"]["front->back"]["client"] = json!([{ "plugin": "steer", "settings": steer }]);
    plan["edges"]["front->other_back"]["client"] = json!([]);
    let mut environment = Environment::default();
    for address in ["OTHER_BACK_LINE", "FRONT_LINE"] {
        let port = free_port();
        environment = environment
            .with(format!("BP_ADDR_{address}"), port.clone())
            .with(format!("BP_BIND_{address}"), port);
    }
    let ports = [free_port(), free_port()];
    let both = format!("{};zone=x;version=v1,{};zone=y;version=v2", ports[0], ports[1]);
    environment = environment.with("BP_ADDR_BACK_LINE", both);
    let mut processes = Vec::new();
    for (label, port) in [("one", &ports[0]), ("two", &ports[1])] {
        let mut plan = plan.clone();
        plan["instances"]["back"]["parameters"]["label"]["value"] = json!(label);
        let environment = environment.clone().with("BP_BIND_BACK_LINE", port.clone());
        let app = app(&plan).wrapper("steer", Plugin);
        processes.push(app.start(environment, Hosting::Process("back".into())).await.unwrap());
    }
    let hosting = Hosting::Process("front".into());
    let front = app(&plan).wrapper("steer", Plugin).start(environment, hosting).await.unwrap();
    let client = front.instance::<dyn Front>("front").unwrap();
    let mut answers = Vec::new();
    for _ in 0..10 {
        answers.push(client.describe("x".to_owned()).await.map(|described| described.label));
    }
    drop(client);
    for process in processes.into_iter().chain([front]) {
        assert!(process.stop(std::future::pending()).await.drained);
    }
    answers
}

#[tokio::test]
async fn a_plugin_selects_by_the_attributes_of_addresses() {
    for (zone, label) in [("x", "one"), ("y", "two")] {
        for answer in ask(json!({ "zone": zone })).await {
            assert_eq!(answer.unwrap(), label);
        }
    }
}

#[tokio::test]
async fn a_plugin_refuses_endpoints_before_they_are_chosen() {
    for (version, label) in [("v1", "two"), ("v2", "one")] {
        for answer in ask(json!({ "closed": version })).await {
            assert_eq!(answer.unwrap(), label);
        }
    }
    for answer in ask(json!({ "zone": "x", "closed": "v1" })).await {
        let Err(FrontError::Infra(infra)) = answer else { panic!("{answer:?}") };
        assert_eq!(infra.kind, InfraKind::Unavailable);
        assert_eq!(infra.message, "edge front->back: every endpoint is refused: closed");
    }
}
