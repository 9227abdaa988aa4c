use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bp_runtime::{ManualClock, Settings};
use serde_json::{Value, json};

use super::*;

fn context(settings: Value) -> TableContext {
    let entry = TableEntry::new("alive", Settings::of("sample.alive", settings));
    let tables = BTreeMap::from([(NAME.to_owned(), vec![entry])]);
    TableContext::new(tables, Surroundings::default())
}

#[tokio::test]
async fn a_line_comes_after_its_pause_and_then_again_and_again() {
    let clock = ManualClock::new();
    let mut cx = context(json!({ "text": "still here", "every": "10s", "pause": "30s" }));
    cx.surroundings.clock = Arc::new(clock.clone());
    let metrics = cx.surroundings.metrics.clone();
    let written = |count: u32| {
        let line = format!("bp_sample_lines_total{{bp_line=\"alive\"}} {count}\n");
        metrics.encode().contains(&line)
    };
    let writing = tokio::spawn(plugin().after_ready(cx));
    tokio::task::yield_now().await;
    for (seconds, count) in [(29, 0), (1, 1), (9, 1), (1, 2), (10, 3)] {
        clock.advance(Duration::from_secs(seconds));
        tokio::task::yield_now().await;
        assert!(written(count), "{seconds}: {}", metrics.encode());
    }
    assert!(!writing.is_finished(), "it goes on until the process stops");
}

#[test]
fn settings_that_break_the_rule_stop_start_up() {
    let start = |settings| plugin().install(&context(settings));
    let error = start(json!({ "text": "late", "every": "1h", "pause": "10s" })).unwrap_err();
    assert!(error.to_string().contains("it is below `every`"), "{error}");
    start(json!({ "text": "late", "every": "1h", "pause": "1h" })).unwrap();
}
