//! How an edge's calls are spread over its callee's endpoints, as the wiring says.
//!
//! The choice itself is [`bp_runtime::balance`], which every edge to another process has; this plugin only tells it what to do.

mod settings;

use bp_runtime::balance::Choice;
use bp_runtime::{Balance, StartError, WrapperContext, WrapperPlugin};

use settings::{BalanceSettings, ChoiceSetting};

/// The plugin.
pub fn plugin() -> impl WrapperPlugin {
    Plugin
}

#[derive(Debug)]
struct Plugin;

impl WrapperPlugin for Plugin {
    fn balance(&self, cx: &WrapperContext) -> Result<Option<Balance>, StartError> {
        let settings: BalanceSettings = cx.settings.read()?;
        let choice = match settings.choice {
            ChoiceSetting::P2c => Choice::P2c,
            ChoiceSetting::RoundRobin => Choice::RoundRobin,
            ChoiceSetting::Random => Choice::Random,
        };
        Ok(Some(Balance { choice, failover: settings.failover }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bp_runtime::{Edge, Interface, Settings, SharedState, Side, Surroundings, System};
    use serde_json::json;

    use super::*;

    static INTERFACE: Interface = Interface::new("t::T", "t.T", &[]);

    fn read(settings: serde_json::Value) -> Result<Option<Balance>, StartError> {
        let edge = Edge {
            key: "a->b".to_owned(),
            caller: "a".to_owned(),
            callee: "b".to_owned(),
            cyclic: false,
            remote: true,
            server: false,
        };
        plugin().balance(&WrapperContext {
            edge: Arc::new(edge),
            side: Side::Client,
            interface: &INTERFACE,
            system: System::default(),
            settings: Settings::of("edge a->b: balance", settings),
            shared: SharedState::default(),
            surroundings: Surroundings::default(),
        })
    }

    #[test]
    fn every_word_is_a_choice_and_the_defaults_are_those_of_an_edge_that_says_nothing() {
        for (word, choice) in
            [("p2c", Choice::P2c), ("round_robin", Choice::RoundRobin), ("random", Choice::Random)]
        {
            let balance = read(json!({ "choice": word, "failover": 5 })).unwrap();
            assert_eq!(balance, Some(Balance { choice, failover: 5 }));
        }
        let plain = read(json!({ "choice": "p2c", "failover": 2 })).unwrap();
        assert_eq!(plain, Some(Balance::default()));
        let error = read(json!({ "choice": "best", "failover": 2 })).unwrap_err();
        assert!(error.to_string().contains("a->b"), "{error}");
    }
}
