#![expect(clippy::float_cmp, reason = "small numbers of tokens add up exactly")]

use super::*;

const SHARE: RetryBudgetSettings =
    RetryBudgetSettings::Share { ratio: 0.1, min_per_sec: 0.0, ttl: Duration::from_secs(10) };

/// How many further attempts there may be at once.
fn drain(budget: &mut RetryBudget, at: Instant, settings: &RetryBudgetSettings) -> usize {
    (0..100).take_while(|_| budget.withdraw(at, settings, false).is_some()).count()
}

fn succeed(budget: &mut RetryBudget, at: Instant, settings: &RetryBudgetSettings, times: u32) {
    for _ in 0..times {
        budget.deposit(at, settings, None);
    }
}

#[test]
fn ten_successes_pay_for_one_further_attempt_and_failures_for_none() {
    let now = Instant::now();
    let mut budget = RetryBudget::new(now);
    budget.record_failure(now, &SHARE);
    succeed(&mut budget, now, &SHARE, 9);
    assert_eq!(drain(&mut budget, now, &SHARE), 0);
    succeed(&mut budget, now, &SHARE, 1);
    assert_eq!(drain(&mut budget, now, &SHARE), 1);
}

#[test]
fn credit_and_debit_of_a_share_expire() {
    let now = Instant::now();
    let mut budget = RetryBudget::new(now);
    succeed(&mut budget, now, &SHARE, 100);
    let later = now + Duration::from_millis(9_999);
    assert!(budget.withdraw(later, &SHARE, false).is_some());
    let end = now + Duration::from_secs(10);
    assert_eq!(drain(&mut budget, end, &SHARE), 0, "the debit outlives the credit");
    let rest = now + Duration::from_secs(30);
    assert!(budget.left(rest, &SHARE).abs() < ROUNDING, "nothing is owed");
}

#[test]
fn the_floor_of_a_share_refills() {
    let settings =
        RetryBudgetSettings::Share { ratio: 0.0, min_per_sec: 0.5, ttl: Duration::from_secs(10) };
    let now = Instant::now();
    let mut budget = RetryBudget::new(now);
    assert_eq!(drain(&mut budget, now, &settings), 5, "0.5 a second for 10 s");
    assert_eq!(drain(&mut budget, now + Duration::from_secs(9), &settings), 0);
    assert_eq!(drain(&mut budget, now + Duration::from_secs(10), &settings), 5);
}

#[test]
fn a_long_silence_costs_no_time() {
    let now = Instant::now();
    let mut budget = RetryBudget::new(now);
    succeed(&mut budget, now, &SHARE, 1);
    assert_eq!(drain(&mut budget, now + Duration::from_hours(24 * 365), &SHARE), 0);
}

#[test]
fn a_rate_refills_with_time_alone() {
    let settings = RetryBudgetSettings::Rate { per_sec: 2.0, burst: 3.0 };
    let now = Instant::now();
    let mut budget = RetryBudget::new(now);
    assert_eq!(drain(&mut budget, now, &settings), 3);
    succeed(&mut budget, now, &settings, 50);
    assert_eq!(drain(&mut budget, now, &settings), 0);
    assert_eq!(drain(&mut budget, now + Duration::from_millis(1_100), &settings), 2);
    assert_eq!(drain(&mut budget, now + Duration::from_hours(1), &settings), 3);
}

#[test]
fn a_bucket_gets_back_what_successes_give() {
    let settings =
        RetryBudgetSettings::TokenBucket { capacity: 10.0, retry_cost: 5.0, success_refund: 1.0 };
    let now = Instant::now();
    let mut budget = RetryBudget::new(now);
    assert_eq!(drain(&mut budget, now, &settings), 2);
    succeed(&mut budget, now, &settings, 4);
    assert_eq!(drain(&mut budget, now + Duration::from_hours(1), &settings), 0);
    succeed(&mut budget, now, &settings, 1);
    assert_eq!(drain(&mut budget, now, &settings), 1);
    succeed(&mut budget, now, &settings, 1_000);
    assert_eq!(budget.left(now, &settings), 10.0);
}

#[test]
fn the_quota_of_aws_gives_back_what_the_last_attempt_took() {
    let settings = RetryBudgetSettings::AwsQuota {
        capacity: 500.0,
        retry_cost: 14.0,
        throttled_cost: 5.0,
        success_refund: 1.0,
    };
    let now = Instant::now();
    let mut budget = RetryBudget::new(now);
    let first = budget.withdraw(now, &settings, false);
    let second = budget.withdraw(now, &settings, true);
    assert_eq!(budget.left(now, &settings), 481.0);
    budget.deposit(now, &settings, second);
    assert_eq!(budget.left(now, &settings), 486.0);
    budget.deposit(now, &settings, first);
    budget.deposit(now, &settings, None);
    assert_eq!(budget.left(now, &settings), 500.0, "never more than the capacity");
}

#[test]
fn grpc_stops_at_half_of_its_tokens() {
    let settings = RetryBudgetSettings::GrpcThrottling { max_tokens: 10.0, token_ratio: 0.5 };
    let now = Instant::now();
    let mut budget = RetryBudget::new(now);
    for failures in 1..=5 {
        budget.record_failure(now, &settings);
        let may = budget.withdraw(now, &settings, false).is_some();
        assert_eq!(may, failures < 5, "after {failures}");
    }
    succeed(&mut budget, now, &settings, 1);
    assert!(budget.withdraw(now, &settings, false).is_some());
    for _ in 0..20 {
        budget.record_failure(now, &settings);
    }
    assert_eq!(budget.left(now, &settings), 0.0);
    succeed(&mut budget, now, &settings, 1_000);
    assert_eq!(budget.left(now, &settings), 10.0);
}

#[test]
fn settings_that_change_hold_at_once_and_another_kind_is_another_budget() {
    let bucket = |capacity| RetryBudgetSettings::TokenBucket {
        capacity,
        retry_cost: 1.0,
        success_refund: 1.0,
    };
    let now = Instant::now();
    let mut budget = RetryBudget::new(now);
    assert_eq!(budget.left(now, &bucket(10.0)), 10.0);
    assert_eq!(budget.left(now, &bucket(4.0)), 4.0);
    assert_eq!(budget.left(now, &bucket(10.0)), 4.0);
    assert_eq!(drain(&mut budget, now, &SHARE), 0);
    assert_eq!(budget.left(now, &bucket(10.0)), 10.0);
}

#[test]
fn an_attempt_that_is_not_made_is_refunded() {
    let settings =
        RetryBudgetSettings::TokenBucket { capacity: 10.0, retry_cost: 5.0, success_refund: 1.0 };
    let now = Instant::now();
    let mut budget = RetryBudget::new(now);
    for settings in [settings, SHARE] {
        succeed(&mut budget, now, &settings, 10);
        let before = budget.left(now, &settings);
        let withdrawal = budget.withdraw(now, &settings, false).unwrap();
        assert!(budget.left(now, &settings) < before);
        budget.refund(now, &settings, withdrawal);
        assert!((budget.left(now, &settings) - before).abs() < ROUNDING);
    }
}
