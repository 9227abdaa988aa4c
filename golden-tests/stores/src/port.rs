//! Free ports for servers under test.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below the ports that `bp run` and the system choose for other uses, which could take a port between its choice and its use.
const RANGE: Range<u16> = 10_000..20_000;

/// A free port of this machine; this process gets each port only once.
///
/// # Errors
/// All are in use.
pub fn free_port() -> io::Result<u16> {
    static DRAWN: AtomicU32 = AtomicU32::new(0);
    for _ in RANGE {
        let drawn = DRAWN.fetch_add(1, Ordering::Relaxed);
        // Processes that draw at the same time begin at different places.
        let place = std::process::id().wrapping_mul(397).wrapping_add(drawn);
        let offset = place % u32::from(RANGE.end - RANGE.start);
        let port = RANGE.start + u16::try_from(offset).unwrap_or(0);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}
