//! A rolling deploy: a client and a server of two versions, `apps/evolve/v1` and `v2`, which differ by a field, an argument and a variant.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use store_tests::free_port;

use crate::bp;
use crate::running::{eventually, one_at_a_time, trial};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for wiring in ["local", "http"] {
        for (front, shelf) in [("v1", "v2"), ("v2", "v1")] {
            let name = format!("evolve::{wiring}::{front}_calls_{shelf}");
            trials.push(trial(name, move || deploy(wiring, front, shelf)));
        }
    }
    trials
}

fn folder(version: &str) -> PathBuf {
    bp::root().join("golden-tests/apps/evolve").join(version)
}

/// A process of one version.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Builds a version and returns its output folder.
fn build(version: &str, wiring: &str) -> Result<PathBuf> {
    let folder = folder(version);
    // Numbers are kept in the lock: a version that would change them could not be deployed beside the other.
    bp::run(&folder, &["build", &format!("wiring/{wiring}.toml"), "--locked"])?;
    let out = folder.join("build").join(wiring);
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet"])
        .current_dir(out.join("rust"))
        .env("CARGO_TARGET_DIR", bp::generated()?)
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Both versions' binaries have the same name.
    std::fs::copy(bp::generated()?.join("debug/evolve-app"), out.join("evolve-app"))?;
    Ok(out)
}

fn start(
    version: &str,
    out: &Path,
    process: &str,
    environment: &[(String, String)],
) -> Result<Process> {
    let child = Command::new(out.join("evolve-app"))
        .env("BP_PROCESS", process)
        .env("BP_PLAN", out.join("rust/app/plan.json"))
        .env("BP_DATA", out.join("data"))
        .envs(environment.iter().cloned())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{version}'s {process}"))?;
    Ok(Process(child))
}

fn deploy(wiring: &str, front: &str, shelf: &str) -> Result<()> {
    let _one = one_at_a_time();
    let (front_out, shelf_out) = (build(front, wiring)?, build(shelf, wiring)?);
    let transport = if wiring == "local" { "GRPC" } else { "HTTP" };
    let ports = [free_port()?, free_port()?, free_port()?, free_port()?];
    let at = |port: u16| format!("127.0.0.1:{port}");
    let bind = |name: &str, port: u16| (format!("BP_BIND_{name}"), at(port));
    let shelf_environment =
        [bind(&format!("SHELF_{transport}"), ports[0]), bind("SHELF_ADMIN", ports[1])];
    let front_environment = [
        bind("FRONT_HTTP", ports[2]),
        bind("FRONT_ADMIN", ports[3]),
        (format!("BP_ADDR_SHELF_{transport}"), at(ports[0])),
    ];
    let _shelf = start(shelf, &shelf_out, "shelf", &shelf_environment)?;
    let _front = start(front, &front_out, "front", &front_environment)?;
    for admin in [ports[1], ports[3]] {
        eventually(Duration::from_mins(1), "readiness", || {
            Ok(ureq::get(format!("http://{}/bp/ready", at(admin))).call().is_ok())
        })?;
    }
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let call = |method: &str, item: Value| -> Result<(u16, Option<String>, Value)> {
        let mut response = agent
            .post(format!("http://{}/front/{method}", at(ports[2])))
            .send_json(json!({ "item": item }))?;
        let infra =
            response.headers().get("bp-infra").and_then(|v| v.to_str().ok()).map(str::to_owned);
        Ok((response.status().as_u16(), infra, response.body_mut().read_json()?))
    };
    if front == "v1" {
        // The newer shelf's remark is a field that the older front skips; the argument that the front does not send is empty.
        ensure!(
            call("put", json!({ "name": "cup", "count": 2 }))?
                == (200, None, json!({ "name": "cup", "count": 4 }))
        );
        // A variant that the front does not know is a typed error, not a wrong answer.
        let (status, infra, body) = call("kind", json!({ "name": "cup", "count": 10 }))?;
        ensure!(status >= 500 && infra.as_deref() == Some("decode"), "{status} {infra:?} {body}");
    } else {
        // The older shelf skips the argument and the field that it does not know, and answers without the field.
        let kept = call("put", json!({ "name": "cup", "remarks": ["blue"], "count": 2 }))?;
        ensure!(
            kept == (200, None, json!({ "name": "cup", "remarks": [], "count": 4 })),
            "{kept:?}"
        );
        ensure!(
            call("kind", json!({ "name": "cup", "remarks": [], "count": 10 }))?
                == (200, None, json!({ "Marked": "cup" }))
        );
    }
    ensure!(
        call("kind", json!({ "name": "cup", "count": 2 }))?
            == (200, None, json!({ "Marked": "cup" }))
    );
    ensure!(call("kind", json!({ "name": "cup", "count": 1 }))? == (200, None, json!("Plain")));
    Ok(())
}
