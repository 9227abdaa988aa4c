//! The compile halves of the plugins that come with `bp`: one folder, and one module, a plugin.
//!
//! `cargo xtask plugins` writes this list; a plugin's runtime half is a crate of its own, in its `runtime` folder.

use bp_plugin::Plugin;

mod autoscale;
mod balance;
mod cache;
mod compose;
mod docker;
mod document_store;
mod embedded;
mod grpc;
mod http;
mod knob;
mod kubernetes;
mod memcached;
mod memory;
mod metrics;
mod mongodb;
mod postgres;
mod process;
mod redis;
mod retry;
mod smoke;
mod sorted_sets;
mod timeout;
mod trace;

#[cfg(test)]
mod fixture;

/// Every plugin, by id.
pub static PLUGINS: &[&Plugin] = &[
    &autoscale::PLUGIN,
    &balance::PLUGIN,
    &cache::PLUGIN,
    &compose::PLUGIN,
    &docker::PLUGIN,
    &document_store::PLUGIN,
    &embedded::PLUGIN,
    &grpc::PLUGIN,
    &http::PLUGIN,
    &knob::PLUGIN,
    &kubernetes::PLUGIN,
    &memcached::PLUGIN,
    &memory::PLUGIN,
    &metrics::PLUGIN,
    &mongodb::PLUGIN,
    &postgres::PLUGIN,
    &process::PLUGIN,
    &redis::PLUGIN,
    &retry::PLUGIN,
    &smoke::PLUGIN,
    &sorted_sets::PLUGIN,
    &timeout::PLUGIN,
    &trace::PLUGIN,
];
