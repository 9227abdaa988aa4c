//! The plugins that come with `bp`, as an explicit list.

use bp_plugin::{Plugin, Registry};

/// Every plugin in this repository; an out-of-tree compiler adds its own with [`Registry::with`].
pub fn builtin() -> Registry {
    let plugins: [&'static dyn Plugin; 17] = [
        &bp_plugin_balance::PLUGIN,
        &bp_plugin_compose::PLUGIN,
        &bp_plugin_docker::PLUGIN,
        &bp_plugin_embedded::PLUGIN,
        &bp_plugin_grpc::PLUGIN,
        &bp_plugin_http::PLUGIN,
        &bp_plugin_kubernetes::PLUGIN,
        &bp_plugin_memcached::PLUGIN,
        &bp_plugin_memory::PLUGIN,
        &bp_plugin_metrics::PLUGIN,
        &bp_plugin_mongodb::PLUGIN,
        &bp_plugin_postgres::PLUGIN,
        &bp_plugin_process::PLUGIN,
        &bp_plugin_redis::PLUGIN,
        &bp_plugin_retry::PLUGIN,
        &bp_plugin_timeout::PLUGIN,
        &bp_plugin_trace::PLUGIN,
    ];
    Registry::new(plugins)
}
