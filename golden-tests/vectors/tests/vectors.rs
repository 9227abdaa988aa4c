//! The files of the repository, and what a file that is wrong gives.

use std::path::Path;
use std::process::Command;

use bp_vectors::{replay_file, replay_text};

fn data(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data").join(name)
}

#[test]
fn retries_are_those_of_aws() {
    let replay = replay_file(&data("retry/aws_retry_cases.json")).unwrap();
    assert_eq!((replay.steps, replay.mismatches, replay.skipped), (99, 0, 0), "{replay}");
}

#[test]
fn retries_are_throttled_as_grpc_says() {
    let replay = replay_file(&data("retry/grpc_retry_cases.json")).unwrap();
    assert_eq!((replay.steps, replay.mismatches, replay.skipped), (84, 0, 2), "{replay}");
}

#[test]
fn a_number_that_differs_is_a_mismatch_and_ends_the_program_with_one() {
    let run = |file: &Path| {
        let output = Command::new(env!("CARGO_BIN_EXE_bp-vectors")).arg(file).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    for (name, right, wrong) in [
        ("aws_retry_cases.json", "\"retry_quota\": 458", "\"retry_quota\": 459"),
        ("aws_retry_cases.json", "\"expected_final_quota\": 486", "\"expected_final_quota\": 487"),
        ("aws_retry_cases.json", "\"delay\": 5.05", "\"delay\": 5.04"),
        ("aws_retry_cases.json", "10.453284520772092", "10.45328"),
        ("aws_retry_cases.json", "3.821874", "3.82188"),
        ("grpc_retry_cases.json", "\"token_count\": 5.1", "\"token_count\": 5.2"),
        ("grpc_retry_cases.json", "\"delay_ms\": 800", "\"delay_ms\": 801"),
    ] {
        let path = data("retry").join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(right), "{name} has no {right}");
        let changed = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&changed, text.replacen(right, wrong, 1)).unwrap();
        let (code, output) = run(&changed);
        assert_eq!(code, Some(1), "{wrong}:\n{output}");
        let lines = output.lines().filter(|line| line.contains("MISMATCH: expected "));
        assert_eq!(lines.count(), 1, "{wrong}:\n{output}");
        let (code, output) = run(&path);
        assert_eq!((code, output.contains("MISMATCH")), (Some(0), false), "{output}");
    }
}

#[test]
fn a_file_of_no_known_format_names_those_that_are() {
    let error = replay_text(r#"{"source": "elsewhere", "series": []}"#).unwrap_err().to_string();
    for format in ["aws_retry: `new_standard`", "grpc_retry: `retry_throttling`"] {
        assert!(error.contains(format), "{error}");
    }
}

#[test]
fn what_a_format_does_not_know_is_an_error() {
    for (text, unknown) in [
        (r#"{"adaptive": {}, "newer_standard": {}}"#, "newer_standard"),
        (r#"{"retry_backoff": [], "retry_jitter": []}"#, "retry_jitter"),
        (
            r#"{"new_standard": {"group": {"case": {"given": {"exponential_base": 1, "vip": true}}}}}"#,
            "vip",
        ),
    ] {
        let error = format!("{:#}", replay_text(text).unwrap_err());
        assert!(error.contains(&format!("unknown field `{unknown}`")), "{error}");
    }
}

/// What AWS's specifications say besides, of which their tables have no case.
#[test]
fn time_outs_cost_ten_of_the_old_quota_and_dynamodb_waits_less_and_tries_four_times() {
    let failure = |code: &str, outcome: &str, quota: u32, delay: &str| {
        format!(
            r#"{{"response": {{"status_code": 500{code}}},
                "expected": {{"outcome": "{outcome}", "retry_quota": {quota}, "delay": {delay}}}}}"#
        )
    };
    let timeout = failure(r#", "error_code": "RequestTimeout""#, "retry_request", 490, "1");
    let dynamo = [
        failure("", "retry_request", 486, "0.025"),
        failure("", "retry_request", 472, "0.05"),
        failure("", "retry_request", 458, "0.1"),
        failure("", "max_attempts_exceeded", 458, "null"),
    ]
    .join(",");
    let replay = replay_text(&format!(
        r#"{{"old_standard": {{"": {{"time-out": {{
                "given": {{"exponential_base": 1}}, "responses": [{timeout}]}}}}}},
            "new_standard": {{"": {{"dynamodb": {{
                "given": {{"exponential_base": 1, "service": "dynamodb"}},
                "responses": [{dynamo}]}}}}}}}}"#
    ))
    .unwrap();
    assert_eq!((replay.steps, replay.mismatches), (5, 0), "{replay}");
}
