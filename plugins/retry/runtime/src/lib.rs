//! Repeats an attempt that may be repeated, within attempts, budget and deadline, and as the callee says.

mod settings;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bp_runtime::policy::{
    Backoff, ClientRateLimiter, Jitter, RetryBudget, RetryBudgetSettings, obey,
};
use bp_runtime::{
    BoxFuture, Call, Class, Infra, InfraKind, Instant, Live, Next, Reply, RetryAfter, Shed,
    Surroundings, Wrapper, WrapperPlugin, client_wrapper,
};

use settings::{
    AwsQuotaSettings, BackoffRule, BudgetRule, ClientRateSetting, ExponentialSettings,
    GrpcThrottlingSettings, JitterSetting, RetrySettings, ShareSettings,
};

/// The plugin.
pub fn plugin() -> impl WrapperPlugin {
    client_wrapper(|cx| {
        Ok(Retry {
            settings: cx.settings.live()?,
            budget: cx.retry_budget(),
            client_rate: Mutex::default(),
            surroundings: cx.surroundings.clone(),
        })
    })
}

/// How long a call without a deadline waits for its turn at most.
const LONGEST_TURN: Duration = Duration::from_mins(1);

struct Retry {
    settings: Live<RetrySettings>,
    /// The edge's, so that all its methods, and whatever else repeats its calls, stay within it together.
    budget: Arc<Mutex<RetryBudget>>,
    /// Made when a method first asks for it, so that it measures from then on.
    client_rate: Mutex<Option<ClientRateLimiter>>,
    surroundings: Surroundings,
}

impl Retry {
    /// Waits until the callee can be expected to take an attempt; false if that were beyond the deadline.
    async fn wait_for_rate(&self, call: &Call) -> bool {
        if self.settings.of(call.method).client_rate == ClientRateSetting::Unlimited {
            return true;
        }
        let clock = &self.surroundings.clock;
        let now = clock.now();
        let longest = call.context.remaining(now).unwrap_or(LONGEST_TURN).min(LONGEST_TURN);
        let pause = lock(&self.client_rate)
            .get_or_insert_with(|| ClientRateLimiter::new(now))
            .acquire(now, longest);
        if let Some(pause) = pause.filter(|pause| !pause.is_zero()) {
            let give_back = || {
                if let Some(rate) = &mut *lock(&self.client_rate) {
                    rate.give_back();
                }
            };
            // A caller that gives up leaves its turn to others.
            let turn = Undo(Some(give_back));
            clock.sleep(pause).await;
            turn.keep();
        }
        pause.is_some()
    }

    /// Learns from how an attempt ended at which rate the callee takes calls.
    fn record_rate(&self, call: &Call, end: &Result<Reply, Infra>, now: Instant) {
        if self.settings.of(call.method).client_rate == ClientRateSetting::Unlimited {
            return;
        }
        let throttled = matches!(end, Err(Infra { kind: InfraKind::Overloaded, .. }));
        if let Some(rate) = &mut *lock(&self.client_rate) {
            if throttled { rate.record_throttling(now) } else { rate.record_success(now) }
        }
    }
}

/// Undoes something when it is dropped, unless it is kept: when a caller gives up.
struct Undo<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Undo<F> {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl<F: FnOnce()> Drop for Undo<F> {
    fn drop(&mut self) {
        if let Some(undo) = self.0.take() {
            undo();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Wrapper for Retry {
    fn call<'a>(&'a self, mut call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        let budget = || lock(&self.budget);
        let clock = &self.surroundings.clock;
        // So that no attempt goes where one was, while another endpoint is left.
        call.context.track_endpoints();
        Box::pin(async move {
            let (mut attempt, mut paid) = (0, None);
            if !self.wait_for_rate(&call).await {
                return Err(refuse(&call));
            }
            loop {
                let mut this = call.clone();
                this.context.set_attempt(attempt);
                let end = next.run(this).await;
                let (now, settings) = (clock.now(), self.settings.of(call.method).clone());
                self.record_rate(&call, &end, now);
                let rule = settings.budget.rule.get();
                let error = match end {
                    Err(error) if error.may_retry(call.method.idempotent) => error,
                    Ok(reply) => {
                        if is_success(&reply) {
                            budget().deposit(now, &rule, paid);
                        }
                        return Ok(reply);
                    }
                    Err(error) => {
                        // gRPC counts these as failures, too: what must not be repeated, by the method's nature or by the callee's word.
                        let forbidden = error.metadata.retry_after() == Some(RetryAfter::Never);
                        if forbidden || error.kind.is_retryable() {
                            budget().record_failure(now, &rule);
                        }
                        return Err(error);
                    }
                };
                budget().record_failure(now, &rule);
                let throttled = error.kind == InfraKind::Overloaded;
                let own = settings.backoff.rule.get(throttled);
                let own = own.pause(attempt, self.surroundings.rng.unit());
                attempt += 1;
                let Some(pause) = obey(own, error.metadata.retry_after()) else {
                    return Err(error);
                };
                // An attempt beyond the deadline would only make the failure later.
                let in_time = call.context.remaining(now).is_none_or(|left| left > pause);
                if attempt >= settings.attempts || !in_time {
                    return Err(error);
                }
                let Some(withdrawal) = budget().withdraw(now, &rule, throttled) else {
                    return Err(error);
                };
                // An attempt that is not made is not paid: the caller gives up, or there is no turn for it in time.
                let refund = || budget().refund(clock.now(), &rule, withdrawal);
                let payment = Undo(Some(refund));
                clock.sleep(pause).await;
                if !self.wait_for_rate(&call).await {
                    return Err(error);
                }
                payment.keep();
                paid = Some(withdrawal);
            }
        })
    }
}

/// The failure of a call that was not sent, because it would have had to wait for its turn beyond its deadline, or for more than a minute.
fn refuse(call: &Call) -> Infra {
    let message = format!(
        "`{}`: the callee refuses so many calls that this one would wait too long for its turn",
        call.edge.key
    );
    Infra::overloaded(message)
        .with_shed(Shed::new(call.context.criticality().as_str(), "client_rate"))
}

/// Whether a reply shows that the callee works. An error of the application's own that is the callee's fault, such as `unavailable`, pays for nothing: a callee that fails fast would pay for more of its load.
fn is_success(reply: &Reply) -> bool {
    match reply.class() {
        Class::Ok => true,
        Class::Application { status, .. } => !status.is_callees_fault(),
    }
}

impl BudgetRule {
    fn get(&self) -> RetryBudgetSettings {
        match *self {
            Self::Share(ShareSettings { ratio, min_per_sec, ttl }) => RetryBudgetSettings::Share {
                ratio: ratio.get(),
                min_per_sec: f64::from(min_per_sec),
                ttl,
            },
            Self::Rate { per_sec, burst } => {
                RetryBudgetSettings::Rate { per_sec, burst: f64::from(burst) }
            }
            Self::TokenBucket { capacity, retry_cost, success_refund } => {
                RetryBudgetSettings::TokenBucket {
                    capacity: f64::from(capacity),
                    retry_cost,
                    success_refund,
                }
            }
            Self::AwsQuota(AwsQuotaSettings { quota, transient_cost, throttled_cost, refund }) => {
                RetryBudgetSettings::AwsQuota {
                    capacity: f64::from(quota),
                    retry_cost: f64::from(transient_cost),
                    throttled_cost: f64::from(throttled_cost),
                    success_refund: f64::from(refund),
                }
            }
            Self::GrpcThrottling(GrpcThrottlingSettings { max_tokens, token_ratio }) => {
                RetryBudgetSettings::GrpcThrottling { max_tokens, token_ratio }
            }
        }
    }
}

impl BackoffRule {
    /// The backoff after a failure, or after a refusal because of load.
    fn get(&self, throttled: bool) -> Backoff {
        match *self {
            Self::Exponential(ExponentialSettings {
                init,
                throttled_init,
                max,
                multiplier,
                jitter,
            }) => Backoff {
                init: throttled_init.filter(|_| throttled).unwrap_or(init),
                max,
                multiplier,
                jitter: match jitter {
                    JitterSetting::Full => Jitter::Full,
                    JitterSetting::None => Jitter::None,
                },
            },
            Self::Fixed { pause } => {
                Backoff { init: pause, max: pause, multiplier: 1.0, jitter: Jitter::None }
            }
        }
    }
}

#[cfg(test)]
mod tests;
