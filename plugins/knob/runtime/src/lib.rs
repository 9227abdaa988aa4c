//! Turns the knobs of the workflow to what the wiring and the configuration say.

mod settings;

use bp_runtime::{StartError, TableContext, TablePlugin, knob};

use settings::{KnobSettings, NAME};

/// The plugin.
pub fn plugin() -> impl TablePlugin {
    Knobs
}

struct Knobs;

impl TablePlugin for Knobs {
    fn install(&self, cx: &TableContext) -> Result<(), StartError> {
        let read = |entry: &bp_runtime::TableEntry| {
            entry.settings.read::<KnobSettings>().map(|settings| settings.default)
        };
        let entries = cx.entries(NAME);
        // All are read before any is turned, so that an error turns none.
        let values = entries.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        for (entry, on) in entries.iter().zip(values) {
            knob::set(&entry.name, on);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bp_runtime::{Knob, Settings, Surroundings, TableEntry};
    use serde_json::{Value, json};

    use super::*;

    static ADS: Knob = Knob::new("ads");
    static TIPS: Knob = Knob::new("tips");

    fn install(ads: Value, tips: Value) -> Result<(), StartError> {
        let entry = |name: &str, settings| {
            TableEntry::new(name, Settings::of(format!("knob.{name}"), settings))
        };
        let tables =
            BTreeMap::from([("knob".to_owned(), vec![entry("ads", ads), entry("tips", tips)])]);
        plugin().install(&TableContext::new(tables, Surroundings::default()))
    }

    #[test]
    fn knobs_are_turned_all_or_none() {
        let on = |on: bool| json!({ "default": on });
        install(on(false), on(true)).unwrap();
        assert!(!ADS.is_on() && TIPS.is_on());
        // A reference gives text.
        install(json!({ "default": "true" }), on(false)).unwrap();
        assert!(ADS.is_on() && !TIPS.is_on());
        let error = install(on(false), json!({ "default": "dim" })).unwrap_err().to_string();
        assert!(error.contains("knob.tips: `default`: expected true or false"), "{error}");
        assert!(ADS.is_on(), "nothing changes");
    }
}
