//! How an edge's calls are spread over its callee's endpoints, as the wiring says.
//!
//! The choice itself is [`bp_runtime::balance`], which every edge to another process has; this plugin only tells it what to do.

mod settings;

use std::sync::Arc;

use bp_runtime::balance::{Choice, P2c, Random, RoundRobin};
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
        let choice: Arc<dyn Choice> = match settings.choice {
            ChoiceSetting::P2c => Arc::new(P2c),
            ChoiceSetting::RoundRobin => Arc::<RoundRobin>::default(),
            ChoiceSetting::Random => Arc::new(Random),
        };
        let BalanceSettings { failover, slow_start, .. } = settings;
        Ok(Some(Balance { choice, failover, slow_start }))
    }
}

#[cfg(test)]
mod tests {
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
            endpoint: None,
            settings: Settings::of("edge a->b: balance", settings),
            shared: SharedState::default(),
            surroundings: Surroundings::default(),
        })
    }

    fn describe(settings: serde_json::Value) -> String {
        format!("{:?}", read(settings).unwrap().unwrap())
    }

    #[test]
    fn every_word_is_a_choice_and_the_defaults_are_those_of_an_edge_that_says_nothing() {
        for (word, choice) in [("p2c", "P2c"), ("round_robin", "RoundRobin"), ("random", "Random")]
        {
            let told = json!({ "choice": word, "failover": 5, "slow_start": "30s" });
            let balance = read(told).unwrap().unwrap();
            assert_eq!((balance.failover, balance.slow_start.as_secs()), (5, 30));
            assert!(format!("{:?}", balance.choice).starts_with(choice), "{balance:?}");
        }
        let plain = json!({ "choice": "p2c", "failover": 2, "slow_start": "0s" });
        assert_eq!(describe(plain), format!("{:?}", Balance::default()));
        let wrong = json!({ "choice": "best", "failover": 2, "slow_start": "0s" });
        let error = read(wrong).unwrap_err();
        assert!(error.to_string().contains("a->b"), "{error}");
    }
}
