//! Makes the wiring's smoke calls on the running system, and prints each with its answer.

mod settings;

use std::process::ExitCode;

use bp_contract::{EXPECTED_CALL, parse_call};
use bp_runtime::{
    Class, DecodeError, Infra, Mode, ModeContext, Outcome, StartError, TablePlugin,
    find_json_differences,
};
use serde_json::Value;

use settings::{NAME, SmokeSettings};

/// How much of an expected value and of an answer is shown beside each other.
const LONGEST: usize = 200;

/// The plugin.
pub fn plugin() -> impl TablePlugin {
    Smoke
}

struct Smoke;

impl TablePlugin for Smoke {
    fn mode(&self) -> Option<Mode> {
        Some(Mode::new(NAME, run))
    }
}

/// Makes the calls in order. 0 when every one ended as the wiring expects.
async fn run(cx: ModeContext) -> ExitCode {
    let mut failures = 0_usize;
    let entries = cx.entries(NAME);
    for entry in entries {
        let (line, problems) = match entry.settings.read::<SmokeSettings>() {
            Ok(smoke) => make(&cx, &smoke).await,
            Err(error) => (error.to_string(), vec!["no call".to_owned()]),
        };
        let mark = if problems.is_empty() { "ok  " } else { "FAIL" };
        cx.print(&format!("{mark} {}: {line}", entry.name));
        failures += usize::from(!problems.is_empty());
        for problem in problems {
            cx.print(&format!("     {problem}"));
        }
    }
    cx.print(&format!("{} smoke calls, {failures} failed", entries.len()));
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Makes a call: what to print of it and its answer, and what is wrong, one line each.
async fn make(cx: &ModeContext, smoke: &SmokeSettings) -> (String, Vec<String>) {
    let Some((callee, method)) = parse_call(&smoke.call) else {
        return (format!("{}: {EXPECTED_CALL}", smoke.call), vec!["no call".to_owned()]);
    };
    let arguments: Value = smoke.arguments.clone().into_iter().collect();
    let outside = cx.outside();
    let outcome = outside.call(callee, method, &arguments).await;
    let (answer, problems) = judge(smoke, outcome, &|value| {
        // Without the method there is no answer either.
        let found = outside.canonicalize(callee, method, value.clone());
        found.unwrap_or_else(|| Ok(value.clone()))
    });
    (format!("{} {arguments} -> {answer}", smoke.call), problems)
}

/// What to print for an outcome, and what is wrong with it, one line each.
fn judge(
    smoke: &SmokeSettings,
    outcome: Result<Result<Outcome, Infra>, StartError>,
    canonical: &dyn Fn(&Value) -> Result<Value, DecodeError>,
) -> (String, Vec<String>) {
    let outcome = match outcome {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(infra)) => return (infra.to_string(), vec!["no answer".to_owned()]),
        Err(error) => return (error.to_string(), vec!["no call".to_owned()]),
    };
    let problems = match (&outcome, &smoke.expect, &smoke.expect_error) {
        (Outcome::Error { class: Class::Application { code, .. }, .. }, _, Some(expected))
            if code == expected =>
        {
            Vec::new()
        }
        (Outcome::Error { class: Class::Application { code, .. }, .. }, _, Some(expected)) => {
            vec![format!("expected the error {expected}, got {code}")]
        }
        (_, _, Some(expected)) => vec![format!("expected the error {expected}, got an answer")],
        (Outcome::Value(value), Some(expected), None) => compare(expected, value, canonical),
        (Outcome::Value(_), None, None) => Vec::new(),
        (Outcome::Error { .. }, ..) => vec!["expected an answer".to_owned()],
    };
    (outcome.to_string(), problems)
}

/// How an answer differs from what is expected: both are read as the method's type, so that values are compared, not their spelling.
fn compare(
    expected: &Value,
    got: &Value,
    canonical: &dyn Fn(&Value) -> Result<Value, DecodeError>,
) -> Vec<String> {
    let (wanted, found) = match (canonical(expected), canonical(got)) {
        (Ok(wanted), Ok(found)) => (wanted, found),
        (Err(error), _) => {
            return vec![format!("the expected value does not fit the method's answer: {error}")];
        }
        (_, Err(error)) => return vec![format!("the answer cannot be read again: {error}")],
    };
    if wanted == found {
        return Vec::new();
    }
    let mut lines = vec![format_line("expected", &wanted), format_line("got", &found)];
    // Two short values that are not objects or lists are shown completely.
    let has_parts = wanted.is_object() || wanted.is_array();
    let differences = find_json_differences(&wanted, &found);
    if has_parts || differences.iter().any(|text| text.contains('…')) {
        lines.extend(differences);
    }
    lines
}

/// A value after a word, cut where it is long; the whole answer is above it.
fn format_line(word: &str, value: &Value) -> String {
    let text = value.to_string();
    let part: String = text.chars().take(LONGEST).collect();
    let cut = if part.len() < text.len() { "…" } else { "" };
    format!("{word:8} {part}{cut}")
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use bp_contract::setting::Settings;
    use bp_runtime::Status;
    use serde_json::json;

    use super::*;

    fn smoke(more: &Value) -> SmokeSettings {
        let mut call = json!({ "call": "c.m" });
        for (name, value) in more.as_object().unwrap() {
            call[name] = value.clone();
        }
        Settings::read(&call).unwrap()
    }

    #[test]
    fn every_outcome_is_judged() {
        let value = |value: Value| Ok(Ok(Outcome::Value(value)));
        let error = |code: &'static str| {
            let class = Class::Application {
                status: Status::NotFound,
                code: Cow::Borrowed(code),
                message: String::new(),
            };
            Ok(Ok(Outcome::Error { class, detail: Value::Null }))
        };
        let as_written = |value: &Value| Ok(value.clone());
        let fine = |plan: Value, outcome| judge(&smoke(&plan), outcome, &as_written).1.is_empty();
        assert!(fine(json!({}), value(json!(1))));
        assert!(fine(json!({ "expect": 1 }), value(json!(1))));
        assert!(!fine(json!({ "expect": 1 }), value(json!(2))));
        assert!(!fine(json!({}), error("gone")));
        assert!(fine(json!({ "expect_error": "gone" }), error("gone")));
        assert!(!fine(json!({ "expect_error": "gone" }), error("other")));
        assert!(!fine(json!({ "expect_error": "gone" }), value(json!(1))));
        assert!(!fine(json!({ "expect_error": "gone" }), Ok(Err(Infra::unavailable("x")))));
    }

    /// By the type that a method answers with.
    fn lines<T: bp_data::Data>(expected: &Value, got: &T) -> Vec<String> {
        let canonical = |value: &Value| {
            T::from_json(value.clone()).map(|value| bp_data::json::to_canonical(&value))
        };
        compare(expected, &got.to_json(), &canonical)
    }

    #[test]
    fn values_are_compared_and_not_their_writing() {
        use std::collections::{BTreeMap, HashSet};
        use std::time::Duration;

        use bp_data::rust_decimal::Decimal;

        let same = |lines: Vec<String>| assert_eq!(lines, [""; 0]);
        assert_eq!(lines(&json!("2"), &1_u8), ["expected 2", "got      1"]);
        same(lines(&json!(18_446_744_073_709_551_615_u64), &u64::MAX));
        same(lines(&json!("7"), &7_i64));
        same(lines(&json!("7"), &7_u8));
        same(lines(&json!(1), &1.0_f64));
        same(lines(&json!("1.50s"), &Duration::from_millis(1500)));
        same(lines(&json!("1.500"), &Decimal::new(15, 1)));
        same(lines(&json!(["b", "a"]), &HashSet::from(["a".to_owned(), "b".to_owned()])));
        same(lines(&json!([[2, "b"], [1, "a"]]), &BTreeMap::from([(1_u8, 'a'), (2, 'b')])));
        same(lines(&json!("aGk"), &b"hi".to_vec()));
        same(lines(
            &json!("2026-01-31T13:00:00+01:00"),
            &bp_data::chrono::DateTime::<bp_data::chrono::Utc>::from_timestamp(1_769_860_800, 0)
                .unwrap(),
        ));
        assert_eq!(
            lines(&json!([1, 2]), &vec![1_u64, 3]),
            ["expected [\"1\",\"2\"]", "got      [\"1\",\"3\"]", "[1]: expected \"2\", got \"3\""]
        );
        assert_eq!(
            lines(&json!("x"), &1_u8),
            [
                "the expected value does not fit the method's answer: expected an integer from 0 to 255, found \"x\""
            ]
        );
    }
}
