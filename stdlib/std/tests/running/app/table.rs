//! A plugin that owns two tables: `lamp`, which processes read, and `probe`, which its mode reads.

use std::process::ExitCode;
use std::sync::Mutex;

use bp_std::rt::*;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lamp {
    on: bool,
    watts: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Probe {
    instance: String,
    method: String,
    arguments: Value,
}

/// What the plugin was asked to do, in order.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    /// What was added since the last time.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

struct Lights(Log);

/// The plugin; each lamp turns the knob of its name.
pub fn plugin(log: Log) -> impl TablePlugin {
    Lights(log)
}

/// Says when it is dropped.
struct Work(Log);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.add("dropped");
    }
}

impl TablePlugin for Lights {
    fn install(&self, cx: &TableContext) -> Result<(), StartError> {
        let mut lines = Vec::new();
        for entry in cx.entries("lamp") {
            let lamp: Lamp = entry.settings.read()?;
            lines.push(format!("{} {} {}", entry.name, lamp.on, lamp.watts));
            knob::set(&entry.name, lamp.on);
        }
        self.0.add(lines.join(", "));
        // What the settings' own rules cannot say.
        let lamps = cx.entries("lamp").iter().map(|entry| entry.settings.read::<Lamp>());
        let watts: u32 = lamps.map(|lamp| lamp.map(|lamp| lamp.watts)).sum::<Result<_, _>>()?;
        if watts > 100 { Err(StartError::new(format!("{watts} W are too many"))) } else { Ok(()) }
    }

    fn after_ready(&self, cx: TableContext) -> BoxFuture<'static, Result<(), StartError>> {
        let work = Work(self.0.clone());
        Box::pin(async move {
            work.0.add(format!("works in {}", cx.surroundings.process));
            let broken = cx.entries("lamp").iter().any(|entry| entry.name == "broken");
            if broken { Err(StartError::new("burnt out")) } else { std::future::pending().await }
        })
    }

    fn mode(&self) -> Option<Mode> {
        Some(Mode::new("probe", probe))
    }
}

/// 0 when every call has a value, 7 otherwise.
async fn probe(cx: ModeContext) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for entry in cx.entries("probe") {
        let probe: Probe = entry.settings.read().unwrap();
        let answer = cx.outside().call(&probe.instance, &probe.method, &probe.arguments).await;
        let (text, fine) = match answer {
            Ok(Ok(outcome)) => (outcome.to_string(), matches!(outcome, Outcome::Value(_))),
            Ok(Err(infra)) => (infra.to_string(), false),
            Err(error) => (error.to_string(), false),
        };
        cx.print(&format!("{}: {text}", entry.name));
        if !fine {
            code = ExitCode::from(7);
        }
    }
    assert!(cx.entries("lamp").is_empty(), "what processes read is not resolved here");
    code
}
