//! A plugin that owns three tables: `lamp` and `spot`, which processes read, and `probe`, which its mode reads; and one that owns `post`.

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

struct Lights {
    log: Log,
    /// What processes read; each entry turns the knob of its name.
    tables: &'static [&'static str],
}

/// The plugin.
pub fn plugin(log: Log) -> impl TablePlugin {
    Lights { log, tables: &["lamp", "spot"] }
}

/// The plugin of `post`.
pub fn street(log: Log) -> impl TablePlugin {
    Lights { log, tables: &["post"] }
}

impl Lights {
    /// Reads every entry: how it is called, and what is said of it or of one of its methods.
    fn read(&self, cx: &TableContext) -> Result<Vec<(String, Lamp)>, StartError> {
        let mut lamps = Vec::new();
        for entry in self.tables.iter().flat_map(|table| cx.entries(table)) {
            lamps.push((entry.name.clone(), entry.settings.read()?));
            for method in entry.methods.keys().chain(&entry.off) {
                if let Some(settings) = entry.settings_of(method) {
                    lamps.push((format!("{}.{method}", entry.name), settings.read()?));
                }
            }
        }
        Ok(lamps)
    }
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
        let lamps = self.read(cx)?;
        let lines = lamps.iter().map(|(name, lamp)| format!("{name} {} {}", lamp.on, lamp.watts));
        self.log.add(lines.collect::<Vec<_>>().join(", "));
        for (name, lamp) in &lamps {
            knob::set(name, lamp.on);
        }
        // What the settings' own rules cannot say.
        let watts: u32 = lamps.iter().map(|(_, lamp)| lamp.watts).sum();
        if watts > 100 { Err(StartError::new(format!("{watts} W are too many"))) } else { Ok(()) }
    }

    fn after_ready(&self, cx: TableContext) -> BoxFuture<'static, Result<(), StartError>> {
        let work = Work(self.log.clone());
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
