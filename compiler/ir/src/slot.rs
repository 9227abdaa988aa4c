//! Slots: where in a chain of wrappers each kind of wrapper sits.
//!
//! The compiler owns the order, so that no wiring can put a retry inside a breaker by accident.
//! Retry sits outside balance so that an attempt can land elsewhere.
//! A breaker outside retry would count one call as one failure.
//! A deadline inside retry would multiply the wait.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Which end of a call a wrapper runs at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// At the caller.
    Client,
    /// At the callee's listener.
    Server,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
    }
}

macro_rules! slots {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// Every slot, outermost first.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in messages and dumps.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

slots! {
    /// Slots at the caller, outermost first; the derived order is the chain's order.
    ClientSlot {
        /// A span around the whole call.
        Trace = "trace",
        /// Counts and latencies of the whole call.
        Metrics = "metrics",
        /// Switched by a knob.
        Knob = "knob",
        /// Another answer when the call fails.
        Fallback = "fallback",
        /// The time that the whole call may take.
        Deadline = "deadline",
        /// Further attempts.
        Retry = "retry",
        /// A second attempt beside the first.
        Hedge = "hedge",
        /// Choice of a shard or locality.
        Select = "select",
        /// Choice of an endpoint.
        Balance = "balance",
        /// Stops calling an endpoint that fails.
        Breaker = "breaker",
        /// Most calls at once.
        Cap = "cap",
        /// The time that one attempt may take.
        Attempt = "attempt",
        /// Carries the call; always innermost.
        Transport = "transport",
    }
}

slots! {
    /// Slots at a listener, outermost first; the derived order is the chain's order.
    ServerSlot {
        /// A span around the handling.
        Trace = "trace",
        /// Counts and latencies of the handling.
        Metrics = "metrics",
        /// Who calls, for whom.
        Authenticate = "authenticate",
        /// Drops what cannot be answered in time.
        Deadline = "deadline",
        /// Drops by importance.
        Criticality = "criticality",
        /// Queues by flow.
        FairQueue = "fair_queue",
        /// Limits what is handled at once.
        Limit = "limit",
        /// Faults made on purpose.
        Fault = "fault",
        /// The implementation; always innermost.
        Handler = "handler",
    }
}

/// A place in the chain of one side.
///
/// Slots of one side are ordered outermost first; client slots come before server slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// At the caller.
    Client(ClientSlot),
    /// At the callee's listener.
    Server(ServerSlot),
}

impl Slot {
    /// The end of the call it runs at.
    pub const fn side(self) -> Side {
        match self {
            Self::Client(_) => Side::Client,
            Self::Server(_) => Side::Server,
        }
    }

    /// Whether a wrapper here sits inside the choice of an endpoint, so that every endpoint has one for itself.
    pub fn is_for_each_endpoint(self) -> bool {
        matches!(self, Self::Client(slot) if slot > ClientSlot::Balance)
    }

    /// Its name in messages and dumps.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client(slot) => slot.name(),
            Self::Server(slot) => slot.name(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_the_designed_one() {
        let names: Vec<_> = ClientSlot::ALL.iter().map(|s| s.name()).collect();
        assert_eq!(
            names.join(" "),
            "trace metrics knob fallback deadline retry hedge select balance breaker cap attempt transport"
        );
        let names: Vec<_> = ServerSlot::ALL.iter().map(|s| s.name()).collect();
        assert_eq!(
            names.join(" "),
            "trace metrics authenticate deadline criticality fair_queue limit fault handler"
        );
        let inside = ClientSlot::ALL.iter().filter(|s| Slot::Client(**s).is_for_each_endpoint());
        let inside: Vec<_> = inside.map(|s| s.name()).collect();
        assert_eq!(inside, ["breaker", "cap", "attempt", "transport"]);
        assert!(ServerSlot::ALL.iter().all(|s| !Slot::Server(*s).is_for_each_endpoint()));
        assert!(ClientSlot::ALL.is_sorted());
        assert!(ServerSlot::ALL.is_sorted());
    }
}
