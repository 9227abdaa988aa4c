//! Servers for the networked backends of a wiring, which `bp run` does not start.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;
use store_tests::{Kind, Server};

use crate::bp;
use crate::running::file;

/// The value of every secret of an example.
const PASSWORD: &str = "swordfish";

/// A server of each kind that a wiring needs, with nothing in it, until this value is dropped.
pub(crate) struct Servers {
    running: Vec<(Kind, Server)>,
    environment: Vec<(String, String)>,
}

impl Servers {
    /// Starts what a wiring needs; nothing, if its backends live in their processes.
    pub(crate) fn start(application: &Path, wiring: &str) -> Result<Self> {
        let output = bp::run(application, &["ir", &file(wiring), "--plan", "--format", "json"])?;
        let plan: Value = serde_json::from_slice(&output.stdout)?;
        let mut all = Self { running: Vec::new(), environment: Vec::new() };
        for instance in plan["instances"].as_object().context("instances")?.values() {
            let backend = &instance["kind"]["backend"];
            let Some(address) = backend["server"]["address"]["name"].as_str() else { continue };
            let plugin = backend["plugin"].as_str().context("a plugin")?;
            let kind = Kind::of_plugin(plugin).with_context(|| format!("no server {plugin}"))?;
            let settings = &backend["settings"]["values"];
            let port = all.server(kind, settings)?;
            all.set(format!("BP_ADDR_{address}"), format!("127.0.0.1:{port}"));
            if let Some(secret) = settings["password"]["secret"].as_str() {
                let variable = format!("BP_SECRET_{}", secret.to_uppercase().replace('-', "_"));
                all.set(variable, PASSWORD.to_owned());
            }
        }
        Ok(all)
    }

    /// The port of the server of a kind, which the first instance starts.
    fn server(&mut self, kind: Kind, settings: &Value) -> Result<u16> {
        if let Some((_, server)) = self.running.iter().find(|(other, _)| *other == kind) {
            return Ok(server.port());
        }
        let server = Server::start(kind).map_err(anyhow::Error::msg)?;
        if let Some(user) = settings["user"].as_str() {
            server.add_user(user, PASSWORD).map_err(anyhow::Error::msg)?;
        }
        let port = server.port();
        self.running.push((kind, server));
        Ok(port)
    }

    fn set(&mut self, variable: String, value: String) {
        self.environment.push((variable, value));
    }

    /// Where the servers are, and the secrets that open them.
    pub(crate) fn environment(&self) -> Vec<(&str, String)> {
        self.environment.iter().map(|(name, value)| (name.as_str(), value.clone())).collect()
    }
}
