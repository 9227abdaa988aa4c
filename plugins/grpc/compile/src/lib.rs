//! The compile half of `grpc`: its settings, and the `.proto` that stock clients use.
//!
//! Main type: [`Grpc`].

mod check;
mod model;
mod names;
mod proto;

use bp_plugin::{
    Description, Literal, Metadata, Plan, PlanContext, Plugin, Setting, SettingKind, Settings,
    Value,
};

/// The setting that a listener's reflection follows.
const REFLECTION: &str = "reflection";

/// `rpc = "grpc"`.
pub static PLUGIN: Grpc = Grpc;

/// The plugin.
#[derive(Debug)]
pub struct Grpc;

static METADATA: Metadata = Metadata::transport(
    "grpc",
    true,
    &[],
    "Carries calls over gRPC, and describes them in a .proto.",
)
.settings(&[
    Setting::new(
        "max_message",
        SettingKind::Size,
        "The largest encoded message, arguments or answer, at both ends.",
    )
    .default(Literal::Text("4MiB"))
    .bounds(Literal::Text("1KiB"), Literal::Text("256MiB")),
    Setting::new(
        REFLECTION,
        SettingKind::Bool,
        "Whether the listener tells its services, methods and types to any client that asks (gRPC server reflection).",
    )
    .default(Literal::Bool(true)),
])
.about(include_str!("../../README.md"))
.needs(&["fast calls between processes", "clients that other languages generate from a `.proto`"])
.emits(&[("proto/<app>.proto", "messages and services of every method that crosses over gRPC")])
.runtime("bp-rt-grpc", "plugins/grpc/runtime");

impl Plugin for Grpc {
    fn metadata(&self) -> &Metadata {
        &METADATA
    }

    fn check_plan(&self, cx: &mut PlanContext<'_>) {
        check::check(cx);
    }

    fn describe(&self, plan: &Plan) -> Option<Description> {
        let text = proto::write(plan)?;
        let mut listeners = plan.listeners.values().filter(|l| l.transport == METADATA.id);
        let reflects =
            |settings: &Settings| settings.get(REFLECTION).and_then(Value::as_bool) != Some(false);
        Some(Description {
            path: format!("proto/{}.proto", plan.app.name),
            text,
            at_run_time: listeners.any(|listener| reflects(&listener.settings)),
        })
    }
}
