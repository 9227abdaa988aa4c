//! A wrapper that leaves its setting in the baggage, delays calls, and counts those of an instance.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bp_std::rt::*;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    text: String,
    #[serde(default, deserialize_with = "units::optional_duration")]
    after: Option<Duration>,
    #[serde(default)]
    deep: Deep,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Deep {
    #[serde(default)]
    level: u32,
}

struct Tag {
    key: String,
    settings: Live<Settings>,
    /// The calls that came to an instance, and what they are called.
    counter: Option<(String, Arc<AtomicU32>)>,
}

impl Wrapper for Tag {
    fn call<'a>(&'a self, mut call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        let settings = self.settings.of(call.method);
        call.context.set_baggage(&self.key, format!("{}{}", settings.text, settings.deep.level));
        if let Some((name, calls)) = &self.counter {
            let call_number = calls.fetch_add(1, Ordering::Relaxed) + 1;
            call.context.set_baggage(name, call_number.to_string());
        }
        match settings.after {
            None => next.run(call),
            Some(after) => {
                call.context.limit_deadline(Instant::now() + after);
                Box::pin(async move {
                    let late = || Infra::deadline(Processed::Maybe, "tagged");
                    let outcome = tokio::time::timeout(after, next.run(call)).await;
                    outcome.unwrap_or_else(|_| Err(late()))
                })
            }
        }
    }
}

struct Plugin;

pub fn plugin() -> impl WrapperPlugin {
    Plugin
}

impl WrapperPlugin for Plugin {
    fn client(&self, cx: &WrapperContext) -> Result<Option<Arc<dyn Wrapper>>, StartError> {
        let settings = cx.settings.live()?;
        Ok(Some(Arc::new(Tag { key: format!("client {}", cx.edge.key), settings, counter: None })))
    }

    fn server(&self, cx: &WrapperContext) -> Result<Option<Arc<dyn Wrapper>>, StartError> {
        let settings = cx.settings.live()?;
        let counter =
            (format!("calls of {}", cx.edge.callee), cx.shared.get_or_init(AtomicU32::default));
        let key = format!("server {}", cx.edge.callee);
        Ok(Some(Arc::new(Tag { key, settings, counter: Some(counter) })))
    }
}
