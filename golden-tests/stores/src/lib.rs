//! Real servers and a bad network between them and their clients, for the tests of networked backends.

mod port;
mod proxy;
mod server;

pub use port::free_port;
pub use proxy::{Network, Proxy};
pub use server::{Kind, Server};
