//! Readable, stable keys of nodes and edges.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

/// A node's key, which costs nothing to clone: `cart`, `frontend->cart.retry`, `process:web`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct NodeKey(Arc<str>);

/// An edge's key, which costs nothing to clone: `frontend->cart` for calls, `a -wraps-> b` for the others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct EdgeKey(Arc<str>);

impl NodeKey {
    /// The key of the outside world.
    pub const CLIENT: &'static str = "client";

    /// A key from its text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// A service or backend, or the outside world.
    pub fn instance(name: &str) -> Self {
        Self(name.into())
    }

    /// A wrapper or transport that belongs to a call or listener: `frontend->cart.retry`, `cart.grpc.trace`.
    pub fn part(owner: &str, plugin: &str) -> Self {
        Self(format!("{owner}.{plugin}").into())
    }

    /// A process: `process:web`.
    pub fn process(name: &str) -> Self {
        Self(format!("process:{name}").into())
    }

    /// An address: `address:CART_GRPC`.
    pub fn address(name: &str) -> Self {
        Self(format!("address:{name}").into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text after a prefix such as `process:`; the whole text without one.
    pub fn name(&self) -> &str {
        self.0.split_once(':').map_or(&self.0, |(_, name)| name)
    }
}

impl EdgeKey {
    /// The key of calls: `frontend->cart`.
    pub fn calls(from: &str, to: &str) -> Self {
        Self(format!("{from}->{to}").into())
    }

    /// The key of an edge that is not a call.
    pub fn other(from: &NodeKey, kind: &str, to: &NodeKey) -> Self {
        Self(format!("{from} -{kind}-> {to}").into())
    }

    /// A key from its text.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for EdgeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
