//! Logs on standard error, as lines for people or as JSON, with the trace that they belong to.

use std::fmt;
use std::io::Write;
use std::time::SystemTime;

use bp_contract::variable;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context as LayerContext, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::context::Context;
use crate::environment::Environment;
use crate::error::StartError;

/// What is logged when `BP_LOG` is not set.
const DEFAULT: &str = "info";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Pretty,
    Json,
}

/// Installs the process's log: `BP_LOG` filters (`info,leaf_workflow=debug`), `BP_LOG_FORMAT` is `pretty` or `json`.
///
/// # Errors
/// One of the variables is wrong.
pub(crate) fn install(environment: &Environment) -> Result<(), StartError> {
    let format = match environment.get(variable::LOG_FORMAT) {
        None | Some("pretty") => Format::Pretty,
        Some("json") => Format::Json,
        Some(other) => {
            return Err(StartError::new(format!(
                "BP_LOG_FORMAT: expected `pretty` or `json`, found `{other}`"
            )));
        }
    };
    let filter = EnvFilter::builder()
        .parse(environment.get(variable::LOG).unwrap_or(DEFAULT))
        .map_err(|error| StartError::because(variable::LOG, &error))?;
    let process = environment.get(variable::PROCESS).unwrap_or_default().to_owned();
    let lines = LineLayer { format, process, write: write_to_stderr };
    // A subscriber that is installed already, as in a test, is left in place.
    let _ = Registry::default().with(lines.with_filter(filter)).try_init();
    Ok(())
}

struct LineLayer {
    format: Format,
    process: String,
    write: fn(&str),
}

fn write_to_stderr(line: &str) {
    // When the log cannot be written, there is no place to report it.
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

impl<S: Subscriber> Layer<S> for LineLayer {
    fn on_event(&self, event: &Event<'_>, _: LayerContext<'_, S>) {
        (self.write)(&self.format_line(event, SystemTime::now()));
    }
}

impl LineLayer {
    fn format_line(&self, event: &Event<'_>, now: SystemTime) -> String {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let time = DateTime::<Utc>::from(now).to_rfc3339_opts(SecondsFormat::Millis, true);
        let trace = Context::with_current(|context| context.trace().cloned()).flatten();
        match self.format {
            Format::Json => {
                let mut entries = Map::new();
                let mut put = |name: &str, value: Value| entries.insert(name.to_owned(), value);
                put("time", time.into());
                put("level", metadata.level().as_str().to_lowercase().into());
                put("target", metadata.target().into());
                if !self.process.is_empty() {
                    put("process", self.process.as_str().into());
                }
                put("message", fields.message.into());
                if let Some(trace) = trace {
                    put("trace_id", format!("{:032x}", trace.trace_id).into());
                    put("span_id", format!("{:016x}", trace.span_id).into());
                }
                if !fields.others.is_empty() {
                    put("fields", Value::Object(fields.others));
                }
                format!("{}\n", Value::Object(entries))
            }
            Format::Pretty => {
                let mut line = format!(
                    "{time} {:>5} {}: {}",
                    metadata.level(),
                    metadata.target(),
                    fields.message
                );
                for (name, value) in &fields.others {
                    // Text is shown as JSON, so that a line break in it cannot forge a line.
                    line.push_str(&format_field(name, value));
                }
                if let Some(trace) = trace {
                    line.push_str(&format_field(
                        "trace",
                        &format!("{:032x}", trace.trace_id).into(),
                    ));
                }
                line.replace('\n', "\\n") + "\n"
            }
        }
    }
}

fn format_field(name: &str, value: &Value) -> String {
    match value.as_str() {
        Some(text) if text.chars().all(|c| c.is_ascii_graphic()) && !text.is_empty() => {
            format!(" {name}={text}")
        }
        _ => format!(" {name}={value}"),
    }
}

/// An event's fields.
#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        if field.name() == "message" {
            self.message = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        } else {
            self.others.insert(field.name().to_owned(), value);
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::trace_context::TraceContext;
    use bp_contract::Secret;

    static WRITTEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

    #[tokio::test]
    async fn lines_carry_the_trace_and_no_secret() {
        for format in [Format::Json, Format::Pretty] {
            let write = |line: &str| WRITTEN.lock().unwrap().push(line.to_owned());
            let lines = LineLayer { format, process: "cart".to_owned(), write };
            let _installed = Registry::default().with(lines).set_default();
            let mut context = Context::empty();
            context.set_trace(TraceContext::parse(
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                None,
            ));
            let key = Secret::new("hunter2");
            context.scope(async { tracing::warn!(n = 3, ?key, "two\nlines") }).await;
            tracing::info!("no call");
        }
        let written = WRITTEN.lock().unwrap();
        let json: Value = serde_json::from_str(&written[0]).unwrap();
        assert_eq!(json["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(json["span_id"], "00f067aa0ba902b7");
        assert_eq!((&json["level"], &json["process"]), (&"warn".into(), &"cart".into()));
        assert_eq!((&json["message"], &json["fields"]["n"]), (&"two\nlines".into(), &3.into()));
        assert!(!written[1].contains("trace_id"));
        assert!(
            written[2].contains("two\\nlines") && written[2].contains(" n=3"),
            "{}",
            written[2]
        );
        assert!(written[2].contains("trace=4bf92f3577b34da6a3ce929d0e0e4736"));
        assert!(written.iter().all(|line| !line.contains("hunter2") && line.ends_with('\n')));
        assert!(written.iter().all(|line| line.matches('\n').count() == 1));
    }
}
