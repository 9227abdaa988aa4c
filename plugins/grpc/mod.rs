//! The compile half of `grpc`: its settings, and the `.proto` that stock clients use.

mod check;
mod model;
mod names;
mod proto;
#[path = "runtime/src/settings.rs"]
mod settings;

use bp_plugin::{Description, Plan, Plugin, Protocol, Settings, Value, transport};

use settings::GrpcSettings;

/// `rpc = "grpc"`.
pub(crate) static PLUGIN: Plugin = transport::<GrpcSettings>("grpc")
    .entry()
    .speaks(Protocol::Http2)
    .check_plan(check::check)
    .about(include_str!("README.md"))
    .needs(&[
        "fast calls between processes",
        "clients that other languages generate from a `.proto`",
    ])
    .describe(
        ("proto/<app>.proto", "messages and services of every method that crosses over gRPC"),
        describe,
    )
    .declare();

fn describe(plan: &Plan) -> Option<Description> {
    let text = proto::write(plan)?;
    let mut listeners = plan.listeners.values().filter(|l| l.transport == PLUGIN.id);
    // A reference to the environment is read at start-up, so the text must be there.
    let reflects = |settings: &Settings| {
        settings.get(GrpcSettings::REFLECTION.name()).and_then(Value::as_bool) != Some(false)
    };
    Some(Description {
        path: format!("proto/{}.proto", plan.app.name),
        text,
        at_run_time: listeners.any(|listener| reflects(&listener.settings)),
    })
}
