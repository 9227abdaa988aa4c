//! A network and files that exist in memory alone.

mod directory;
mod endpoint;
mod files;
mod host;
mod network;
mod pipe;

pub use files::MemoryFiles;
pub use host::MemoryHost;
pub use network::MemoryNetwork;

#[cfg(test)]
mod tests;
