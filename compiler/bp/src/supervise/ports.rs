//! Free ports on this machine.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};

/// Ports to choose from: above those that need rights, below those that the system gives to outgoing connections (32768 on Linux), which could take one between the choice and its use.
pub(super) const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// Gives out free ports, each only once.
#[derive(Debug)]
pub(crate) struct Ports {
    next: u16,
    taken: BTreeSet<u16>,
}

impl Ports {
    /// Starts at a point in the range that `seed` picks, so that two runs at once rarely try the same ports.
    pub(crate) fn new(seed: u32) -> Self {
        let span = u32::from(RANGE.end - RANGE.start);
        let offset = u16::try_from(seed.wrapping_mul(397) % span).unwrap_or(0);
        Self { next: RANGE.start + offset, taken: BTreeSet::new() }
    }

    /// `wanted` if it is free, else another one; `None` if the whole range is taken.
    pub(crate) fn take(&mut self, wanted: Option<u16>) -> Option<u16> {
        if let Some(port) = wanted
            && port != 0
            && !self.taken.contains(&port)
            && is_free(port)
        {
            self.taken.insert(port);
            return Some(port);
        }
        for _ in RANGE {
            let port = self.next;
            self.next = if port + 1 < RANGE.end { port + 1 } else { RANGE.start };
            if self.taken.insert(port) && is_free(port) {
                return Some(port);
            }
        }
        None
    }

    /// Marks a port as unused, so that it may be given out again.
    pub(crate) fn release(&mut self, port: u16) {
        self.taken.remove(&port);
    }
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_handed_out_twice_or_while_it_is_in_use() {
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = held.local_addr().expect("an address").port();
        let mut ports = Ports::new(std::process::id());
        let all: Vec<_> = (0..20).filter_map(|_| ports.take(Some(port))).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 20);
        assert!(!all.contains(&port));
        drop(held);
        assert_eq!(ports.take(Some(port)), Some(port));
        assert_ne!(ports.take(Some(port)), Some(port));
        ports.release(port);
        assert_eq!(ports.take(Some(port)), Some(port));
    }
}
