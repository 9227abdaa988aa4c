//! Asks the process's own admin listener for its health, for containers that hold no other program to do so.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::App;
use super::addresses::find_bind_address;
use super::choose_process::choose_process;
use crate::console::complain;
use crate::environment::Environment;
use crate::error::StartError;
use crate::surroundings::Surroundings;

/// The longest time for the exchange, which stays on this machine.
const PATIENCE: Duration = Duration::from_secs(1);

/// What may be asked.
const PROBES: [&str; 3] = ["live", "ready", "startup"];

/// Exits with 0 when the admin listener answers 200, with 1 when it answers otherwise or not at all.
pub(super) fn run(app: &App, environment: &Environment, probe: &str) -> ExitCode {
    if !PROBES.contains(&probe) {
        return complain(&format!("`{probe}` is not a probe; known: {}", PROBES.join(", ")), 2);
    }
    // One thread, this one, is enough.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("the async runtime: {error}"), 1),
    };
    match runtime.block_on(ask(app, environment, probe)) {
        Ok(200) => ExitCode::SUCCESS,
        Ok(status) => complain(&format!("/bp/{probe} answers {status}"), 1),
        Err(error) => complain(&error.to_string(), 1),
    }
}

async fn ask(app: &App, environment: &Environment, probe: &str) -> Result<u16, StartError> {
    let plan = app.plan(environment)?;
    let name = choose_process(app, environment)?;
    let process = plan
        .processes
        .get(&name)
        .ok_or_else(|| StartError::new(format!("BP_PROCESS: there is no process `{name}`")))?;
    let address = find_admin_address(environment, &process.admin.address, process.admin.port);
    let answer = tokio::time::timeout(PATIENCE, fetch_status(&app.surroundings, &address, probe));
    let answer = answer.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    answer.map_err(|error| StartError::because(format!("the admin listener {address}"), &error))
}

/// How the admin listener is reached from here: at its address, or at loopback when it listens on all addresses.
fn find_admin_address(environment: &Environment, name: &str, port: u16) -> String {
    let text = find_bind_address(environment, name, port);
    let Ok(mut address) = text.parse::<SocketAddr>() else { return text };
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    address.to_string()
}

/// The status of one answer, from its first line.
async fn fetch_status(surroundings: &Surroundings, address: &str, probe: &str) -> io::Result<u16> {
    let mut stream = surroundings.connect(address).await?;
    let request =
        format!("GET /bp/{probe} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    // `HTTP/1.1 200`
    let mut line = [0; 12];
    stream.read_exact(&mut line).await?;
    let code = std::str::from_utf8(&line).ok().and_then(|l| l.strip_prefix("HTTP/1.1 "));
    code.and_then(|c| c.parse().ok()).ok_or_else(|| io::Error::other("the answer is not HTTP"))
}
