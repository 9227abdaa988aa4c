//! `smoke`: the plan's calls, each printed with its answer.

use std::process::ExitCode;

use super::App;
use super::call_mode::{call, print, show};
use super::dial::Outside;
use super::lifecycle::complain;
use crate::call::Class;
use crate::environment::Environment;
use crate::error::{Infra, StartError};
use crate::instance::Outcome;
use crate::plan::SmokePlan;

/// Makes the calls in order. 0 when every one ended as the wiring expects.
pub(super) async fn run(app: App, environment: Environment) -> ExitCode {
    let outside = match Outside::new(app, environment) {
        Ok(outside) => outside,
        Err(error) => return complain(&error.to_string(), 1),
    };
    let mut failures = 0_usize;
    for smoke in &outside.plan().smoke {
        let outcome = call(&outside, &smoke.callee, &smoke.method, &smoke.arguments).await;
        let (answer, problem) = judge(smoke, outcome);
        let mark = if problem.is_none() { "ok  " } else { "FAIL" };
        let arguments = &smoke.arguments;
        print(&format!(
            "{mark} {}: {}.{} {arguments} -> {answer}",
            smoke.name, smoke.callee, smoke.method
        ));
        if let Some(problem) = problem {
            failures += 1;
            print(&format!("     {problem}"));
        }
    }
    let calls = outside.plan().smoke.len();
    print(&format!("{calls} smoke calls, {failures} failed"));
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// What to print of an outcome, and what is wrong with it.
fn judge(
    smoke: &SmokePlan,
    outcome: Result<Result<Outcome, Infra>, StartError>,
) -> (String, Option<String>) {
    let outcome = match outcome {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(infra)) => return (infra.to_string(), Some("no answer".to_owned())),
        Err(error) => return (error.to_string(), Some("no call".to_owned())),
    };
    let problem = match (&outcome, &smoke.expect, &smoke.expect_error) {
        (Outcome::Error { class: Class::Application { code, .. }, .. }, _, Some(expected)) => {
            (code != expected).then(|| format!("expected the error {expected}"))
        }
        (Outcome::Value(_), _, Some(expected)) => Some(format!("expected the error {expected}")),
        (Outcome::Value(value), Some(expected), None) => {
            (value != expected).then(|| format!("expected {expected}"))
        }
        (Outcome::Value(_), None, None) => None,
        (Outcome::Error { .. }, ..) => Some("expected an answer".to_owned()),
    };
    (show(&outcome), problem)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use serde_json::{Value, json};

    use super::*;
    use crate::error::Status;

    fn smoke(more: &Value) -> SmokePlan {
        let mut plan = json!({ "name": "n", "callee": "c", "method": "m" });
        for (name, value) in more.as_object().unwrap() {
            plan[name] = value.clone();
        }
        serde_json::from_value(plan).unwrap()
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
        let fine = |plan: Value, outcome| judge(&smoke(&plan), outcome).1.is_none();
        assert!(fine(json!({}), value(json!(1))));
        assert!(fine(json!({ "expect": 1 }), value(json!(1))));
        assert!(!fine(json!({ "expect": 1 }), value(json!(2))));
        assert!(fine(json!({ "expect": null }), value(json!(null))));
        assert!(!fine(json!({ "expect": null }), value(json!(1))), "null is an expectation");
        assert!(!fine(json!({}), error("gone")));
        assert!(fine(json!({ "expect_error": "gone" }), error("gone")));
        assert!(!fine(json!({ "expect_error": "gone" }), error("other")));
        assert!(!fine(json!({ "expect_error": "gone" }), value(json!(1))));
        assert!(!fine(json!({ "expect_error": "gone" }), Ok(Err(Infra::unavailable("x")))));
    }
}
