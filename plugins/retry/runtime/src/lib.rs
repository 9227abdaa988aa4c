//! Repeats an attempt that may be repeated, within attempts, budget and deadline.

mod settings;

use std::sync::{Mutex, PoisonError};

use bp_runtime::policy::{Backoff, Jitter, RetryBudget, RetryBudgetSettings};
use bp_runtime::{
    BoxFuture, Call, Infra, Live, Next, Reply, Surroundings, Wrapper, WrapperPlugin, client_wrapper,
};

use settings::{BackoffSettings, BudgetSettings, JitterSetting, RetrySettings};

/// The plugin.
pub fn plugin() -> impl WrapperPlugin {
    client_wrapper(|cx| {
        let (settings, surroundings) = (cx.settings.live()?, cx.surroundings.clone());
        let budget = Mutex::new(RetryBudget::new(surroundings.clock.now()));
        Ok(Retry { settings, budget, surroundings })
    })
}

struct Retry {
    settings: Live<RetrySettings>,
    /// One budget for the whole edge, so that all methods together stay within the share.
    budget: Mutex<RetryBudget>,
    surroundings: Surroundings,
}

impl Wrapper for Retry {
    fn call<'a>(&'a self, call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        let budget = || self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        let clock = &self.surroundings.clock;
        budget().deposit(clock.now(), &self.settings.of(call.method).budget.get());
        Box::pin(async move {
            let mut attempt = 0;
            loop {
                let mut this = call.clone();
                this.context.set_attempt(attempt);
                let error = match next.run(this).await {
                    Err(error) if error.may_retry(call.method.idempotent) => error,
                    end => return end,
                };
                let (now, settings) = (clock.now(), self.settings.of(call.method).clone());
                let pause = settings.backoff.get().pause(attempt, self.surroundings.rng.unit());
                attempt += 1;
                // A pause beyond the deadline would only make the failure later.
                let in_time = call.context.remaining(now).is_none_or(|left| left > pause);
                if attempt >= settings.attempts
                    || !in_time
                    || !budget().withdraw(now, &settings.budget.get())
                {
                    return Err(error);
                }
                clock.sleep(pause).await;
            }
        })
    }
}

impl BudgetSettings {
    fn get(&self) -> RetryBudgetSettings {
        RetryBudgetSettings {
            ratio: self.ratio.get(),
            min_per_sec: f64::from(self.min_per_sec),
            ttl: self.ttl,
        }
    }
}

impl BackoffSettings {
    fn get(&self) -> Backoff {
        let jitter = match self.jitter {
            JitterSetting::Full => Jitter::Full,
            JitterSetting::None => Jitter::None,
        };
        Backoff { init: self.init, max: self.max, multiplier: self.multiplier, jitter }
    }
}

#[cfg(test)]
mod tests;
