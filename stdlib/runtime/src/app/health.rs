//! Asks the process's own admin listener for its health, for containers that hold no other program to do so.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use bp_contract::variable;

use super::App;
use super::choose_process::choose_process;
use crate::console::complain;
use crate::environment::Environment;
use crate::error::StartError;

/// The longest time for each step of the exchange, which stays on this machine.
const PATIENCE: Duration = Duration::from_secs(1);

/// What may be asked.
const PROBES: [&str; 3] = ["live", "ready", "startup"];

/// Exits with 0 when the admin listener answers 200, with 1 when it answers otherwise or not at all.
pub(super) fn run(app: &App, environment: &Environment, probe: &str) -> ExitCode {
    if !PROBES.contains(&probe) {
        return complain(&format!("`{probe}` is not a probe; known: {}", PROBES.join(", ")), 2);
    }
    match ask(app, environment, probe) {
        Ok(200) => ExitCode::SUCCESS,
        Ok(status) => complain(&format!("/bp/{probe} answers {status}"), 1),
        Err(error) => complain(&error.to_string(), 1),
    }
}

fn ask(app: &App, environment: &Environment, probe: &str) -> Result<u16, StartError> {
    let plan = app.plan(environment)?;
    let name = choose_process(app, environment)?;
    let process = plan
        .processes
        .get(&name)
        .ok_or_else(|| StartError::new(format!("BP_PROCESS: there is no process `{name}`")))?;
    let address = find_admin_address(environment, &process.admin.address, process.admin.port)?;
    let failed = |error: std::io::Error| {
        StartError::because(format!("the admin listener {address}"), &error)
    };
    fetch_status(address, probe).map_err(failed)
}

/// How the admin listener is reached from here: at its address, or at loopback when it listens on all addresses.
fn find_admin_address(
    environment: &Environment,
    name: &str,
    port: u16,
) -> Result<SocketAddr, StartError> {
    let variable = variable::bind(name);
    let text =
        environment.get(&variable).map_or_else(|| format!("127.0.0.1:{port}"), str::to_owned);
    let mut found = text.to_socket_addrs().map_err(|e| StartError::because(&variable, &e))?;
    let mut address = found
        .next()
        .ok_or_else(|| StartError::new(format!("{variable}: `{text}` has no address")))?;
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    Ok(address)
}

/// The status of one answer, from its first line.
fn fetch_status(address: SocketAddr, probe: &str) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /bp/{probe} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    // `HTTP/1.1 200`
    let mut line = [0; 12];
    stream.read_exact(&mut line)?;
    let code = std::str::from_utf8(&line).ok().and_then(|l| l.strip_prefix("HTTP/1.1 "));
    code.and_then(|c| c.parse().ok()).ok_or_else(|| std::io::Error::other("the answer is not HTTP"))
}
