//! The measured application: what generated code assembles, and the run plans that the compiler would write.

use bp_std::rt::{App, Arc, BoxFuture, Builder, Built, StartError};
use serde_json::{Value, json};

use crate::interfaces;
use crate::workflow::{Desk, DeskImpl, Rates, RatesImpl};

/// What wraps the calls of `desk` on `rates`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Wrapped {
    /// No wrapper: only the transport.
    Bare,
    /// Trace at this share of traces, metrics, timeout and retry on the caller's side; trace and metrics on the callee's.
    Sampling(f64),
}

pub(crate) fn app(plan: &Value) -> App {
    let mut app = App::new(plan.to_string());
    app = app.transport("grpc", bp_rt_grpc::plugin());
    app = app.wrapper("metrics", bp_rt_metrics::plugin());
    app = app.wrapper("retry", bp_rt_retry::plugin());
    app = app.wrapper("timeout", bp_rt_timeout::plugin());
    app = app.wrapper("trace", bp_rt_trace::plugin());
    app = app.interface(interfaces::desk());
    app = app.interface(interfaces::rates());
    app = app.implementation("DeskImpl", desk_impl);
    app = app.implementation("RatesImpl", rates_impl);
    app
}

fn desk_impl(b: Builder) -> BoxFuture<'static, Result<Built, StartError>> {
    Box::pin(async move {
        let rates: Arc<dyn Rates> = b.service("rates")?;
        let made = DeskImpl::new(rates);
        let made: Arc<dyn Desk> = Arc::new(made);
        Ok(Built::new(made))
    })
}

fn rates_impl(_: Builder) -> BoxFuture<'static, Result<Built, StartError>> {
    Box::pin(async move {
        let made: Arc<dyn Rates> = Arc::new(RatesImpl { factor: 3 });
        Ok(Built::new(made))
    })
}

/// The settings of a wrapper, complete as the compiler writes them.
pub(crate) fn settings(plugin: &str, sampling: f64, collector: &str) -> Value {
    match plugin {
        "trace" => json!({
            "exporter": "otlp", "endpoint": collector, "sampling": sampling, "service_name": "instance",
        }),
        "timeout" => json!({ "after": "2s" }),
        "retry" => json!({
            "attempts": 3,
            "backoff": { "init": "50ms", "jitter": "full", "max": "1s", "multiplier": 2.0 },
            "budget": { "min_per_sec": 10, "ratio": 0.1, "ttl": "10s" },
        }),
        _ => json!({}),
    }
}

/// `desk` and `rates` in a process each.
pub(crate) fn remote(wrapped: Wrapped, collector: &str) -> Value {
    let list = |plugins: &[&str]| {
        match wrapped {
        Wrapped::Bare => json!([]),
        Wrapped::Sampling(sampling) => plugins
            .iter()
            .map(|plugin| json!({ "plugin": plugin, "settings": settings(plugin, sampling, collector) }))
            .collect(),
    }
    };
    let process = |name: &str, listeners: Value, address: &str| {
        json!({
            "instances": [name], "listeners": listeners, "admin": { "address": address, "port": 0 },
            "replicas": 1, "drain": { "delay_ms": 0, "limit_ms": 2000 },
        })
    };
    let mut plan = frame();
    plan["edges"] = json!({ "desk->rates": {
        "caller": "desk", "callee": "rates", "interface": "bench::Rates", "remote": true, "cyclic": false,
        "client": list(&["trace", "metrics", "timeout", "retry"]),
        "transport": { "plugin": "grpc", "settings": {} }, "listener": "rates.grpc",
    } });
    plan["listeners"] = json!({ "rates.grpc": {
        "process": "rates", "transport": "grpc", "settings": {}, "address": "RATES_GRPC", "port": 0, "entry": false,
        "serves": { "rates": { "interface": "bench::Rates", "server": list(&["trace", "metrics"]), "settings": {} } },
    } });
    plan["processes"] = json!({
        "desk": process("desk", json!([]), "DESK_ADMIN"),
        "rates": process("rates", json!(["rates.grpc"]), "RATES_ADMIN"),
    });
    plan
}

/// Both in one process, with nothing between.
pub(crate) fn monolith() -> Value {
    let mut plan = frame();
    plan["edges"] = json!({ "desk->rates": {
        "caller": "desk", "callee": "rates", "interface": "bench::Rates", "remote": false, "cyclic": false, "client": [],
    } });
    plan["listeners"] = json!({});
    plan["processes"] = json!({ "one": {
        "instances": ["rates", "desk"], "listeners": [], "admin": { "address": "ONE_ADMIN", "port": 0 },
        "replicas": 1, "drain": { "delay_ms": 0, "limit_ms": 2000 },
    } });
    for instance in ["desk", "rates"] {
        plan["instances"][instance]["process"] = json!("one");
    }
    plan
}

fn frame() -> Value {
    let wrapper =
        |key: &str| json!({ "key": key, "kind": "wrapper", "shorthand": null, "settings": {} });
    json!({
        "version": 1, "app": "bench", "wiring": "bench", "runtime": "0.1.0",
        "plugins": {
            "grpc": { "key": "rpc", "kind": "transport", "shorthand": null, "settings": {} },
            "metrics": wrapper("metrics"), "retry": wrapper("retry"),
            "timeout": wrapper("timeout"), "trace": wrapper("trace"),
        },
        "instances": {
            "desk": {
                "kind": "service", "implementation": "DeskImpl", "interface": "bench::Desk", "process": "desk",
                "component": 1, "order": 1,
                "parameters": { "rates": { "instance": "rates", "edge": "desk->rates" } },
            },
            "rates": {
                "kind": "service", "implementation": "RatesImpl", "interface": "bench::Rates", "process": "rates",
                "component": 0, "order": 0, "parameters": {},
            },
        },
        "wire": { "types": {}, "methods": {} },
    })
}
