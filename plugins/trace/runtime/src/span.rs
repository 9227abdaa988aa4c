//! One span a call, named and attributed as OpenTelemetry's conventions for RPC and for databases have it.

use std::str::FromStr;
use std::sync::Arc;

use bp_runtime::{
    BoxFuture, Call, Class, Database, Infra, InfraKind, Live, Method, Next, Reply, Rng, Side,
    StartError, System, TraceContext, TriedEndpoints, Wrapper, WrapperContext,
};
use opentelemetry::trace::{
    Span, SpanContext, SpanId, SpanKind, Status as SpanStatus, TraceContextExt, TraceFlags,
    TraceId, TraceState, Tracer,
};
use opentelemetry::{Context, KeyValue, StringValue};
use opentelemetry_sdk::trace::{SdkTracer, Span as SdkSpan};

use crate::settings::TraceSettings;

/// Bit 0 of a trace's flags.
const SAMPLED: u8 = 1;

pub(crate) struct Trace {
    tracer: SdkTracer,
    side: Side,
    /// A call inside a process has one span, because there is no server side to make another.
    kind: SpanKind,
    settings: Live<TraceSettings>,
    rng: Arc<dyn Rng>,
    /// Whether the callee is a backend, whose calls have no status.
    stored: bool,
    /// What every span of a method has, by method index.
    methods: Vec<SpanTemplate>,
}

struct SpanTemplate {
    name: StringValue,
    attributes: Vec<KeyValue>,
    /// Whether the first argument names the collection.
    collection: bool,
}

/// A backend's method, as OpenTelemetry's conventions for databases have it.
fn describe_backend(cx: &WrapperContext, method: &Method, database: &Database) -> SpanTemplate {
    let mut attributes = vec![
        KeyValue::new("db.system.name", database.system),
        KeyValue::new("db.namespace", cx.edge.callee.clone()),
        KeyValue::new("db.operation.name", method.name),
        KeyValue::new("bp.edge", cx.edge.key.clone()),
    ];
    if let Some((host, port)) = &database.server {
        attributes.extend(server_attributes(host, Some(*port)));
    }
    SpanTemplate {
        name: format!("{} {}", method.name, cx.edge.callee).into(),
        attributes,
        collection: method.arguments.first() == Some(&"collection"),
    }
}

/// A service's method, as OpenTelemetry's conventions for RPC have it.
fn describe_service(cx: &WrapperContext, method: &Method, system: &'static str) -> SpanTemplate {
    let name = format!("{}/{}", cx.interface.wire_name, method.name);
    SpanTemplate {
        attributes: vec![
            KeyValue::new("rpc.system.name", system),
            KeyValue::new("rpc.method", name.clone()),
            KeyValue::new("bp.edge", cx.edge.key.clone()),
        ],
        name: name.into(),
        collection: false,
    }
}

/// Where a call went.
fn server_attributes(host: &str, port: Option<u16>) -> impl Iterator<Item = KeyValue> {
    let port = port.map(|port| KeyValue::new("server.port", i64::from(port)));
    [KeyValue::new("server.address", host.to_owned())].into_iter().chain(port)
}

impl Trace {
    pub(crate) fn new(cx: &WrapperContext, tracer: SdkTracer) -> Result<Self, StartError> {
        let methods = cx.interface.methods.iter().map(|method| match &cx.system {
            System::Rpc(system) => describe_service(cx, method, system),
            System::Database(database) => describe_backend(cx, method, database),
        });
        let leaves = match &cx.system {
            System::Rpc(_) => cx.edge.remote,
            System::Database(database) => database.server.is_some(),
        };
        let kind = match cx.side {
            Side::Client if leaves => SpanKind::Client,
            Side::Client => SpanKind::Internal,
            Side::Server => SpanKind::Server,
        };
        Ok(Self {
            tracer,
            side: cx.side,
            kind,
            settings: cx.settings.live()?,
            rng: cx.surroundings.rng.clone(),
            stored: matches!(cx.system, System::Database(_)),
            methods: methods.collect(),
        })
    }

    /// A position for a trace that is not recorded, so that everything further down does not record it either.
    fn unrecorded(&self, parent: Option<&TraceContext>) -> TraceContext {
        let nonzero = || self.rng.next_u64().max(1);
        match parent {
            Some(parent) => TraceContext { span_id: nonzero(), ..parent.clone() },
            None => TraceContext {
                trace_id: u128::from(self.rng.next_u64()) << 64 | u128::from(nonzero()),
                span_id: nonzero(),
                flags: 0,
                state: None,
            },
        }
    }

    fn start(&self, call: &Call, described: &SpanTemplate) -> SdkSpan {
        let mut attributes = described.attributes.clone();
        if call.context.attempt() > 0 {
            attributes.push(KeyValue::new("bp.attempt", i64::from(call.context.attempt())));
        }
        let mut name = described.name.as_str().to_owned();
        if described.collection
            && let Some(collection) = call.arguments.first_text()
        {
            name = format!("{} {collection}", call.method.name);
            attributes.push(KeyValue::new("db.collection.name", collection.to_owned()));
        }
        let builder =
            self.tracer.span_builder(name).with_kind(self.kind.clone()).with_attributes(attributes);
        let parent = match call.context.trace() {
            Some(parent) => Context::new().with_remote_span_context(SpanContext::new(
                TraceId::from(parent.trace_id),
                SpanId::from(parent.span_id),
                TraceFlags::new(parent.flags),
                self.side == Side::Server,
                parent.state.as_deref().map_or_else(TraceState::default, |state| {
                    TraceState::from_str(state).unwrap_or_default()
                }),
            )),
            None => Context::new(),
        };
        self.tracer.build_with_context(builder, &parent)
    }
}

impl Wrapper for Trace {
    fn call<'a>(&'a self, mut call: Call, next: Next<'a>) -> BoxFuture<'a, Result<Reply, Infra>> {
        let sampled = match call.context.trace() {
            Some(parent) => parent.is_sampled(),
            None => self.rng.unit() < self.settings.of(call.method).sampling.get(),
        };
        let described = self.methods.get(usize::from(call.method.index)).filter(|_| sampled);
        let Some(described) = described else {
            let position = self.unrecorded(call.context.trace());
            call.context.set_trace(Some(position));
            return next.run(call);
        };
        let span = self.start(&call, described);
        let position = span.span_context();
        let parent = call.context.trace();
        let position = TraceContext {
            trace_id: u128::from_be_bytes(position.trace_id().to_bytes()),
            span_id: u64::from_be_bytes(position.span_id().to_bytes()),
            flags: parent.map_or(0, |parent| parent.flags) | SAMPLED,
            state: parent.and_then(|parent| parent.state.clone()),
        };
        call.context.set_trace(Some(position));
        let endpoints =
            (self.kind == SpanKind::Client && !self.stored).then(|| call.context.track_endpoints());
        let mut running =
            OpenSpan { span, side: self.side, stored: self.stored, endpoints, ended: false };
        let answer = next.run(call);
        Box::pin(async move {
            let answer = answer.await;
            running.end(&answer);
            answer
        })
    }
}

/// A span whose call is under way; dropped before its end the call was cancelled.
struct OpenSpan {
    span: SdkSpan,
    side: Side,
    stored: bool,
    endpoints: Option<TriedEndpoints>,
    ended: bool,
}

impl OpenSpan {
    fn end(&mut self, answer: &Result<Reply, Infra>) {
        self.ended = true;
        match answer {
            Ok(reply) => match reply.class() {
                Class::Ok => self.status("OK"),
                Class::Application { status, code, message } => {
                    self.status(&status.as_str().to_ascii_uppercase());
                    if self.side == Side::Client || status.is_callees_fault() {
                        self.fail(code.to_string(), message.clone());
                    }
                }
            },
            Err(infra) => self.fail_infra(infra.kind, infra.message.clone().into_owned()),
        }
        self.tell_endpoint();
        self.span.end();
    }

    fn status(&mut self, code: &str) {
        if !self.stored {
            self.span.set_attribute(KeyValue::new("rpc.response.status_code", code.to_owned()));
        }
    }

    fn fail(&mut self, kind: impl Into<StringValue>, message: String) {
        self.span.set_attribute(KeyValue::new("error.type", kind.into()));
        self.span.set_status(SpanStatus::error(message));
    }

    fn fail_infra(&mut self, kind: InfraKind, message: String) {
        self.status(&kind.status().as_str().to_ascii_uppercase());
        self.fail(kind.as_str(), message);
    }

    fn tell_endpoint(&mut self) {
        let Some(address) = self.endpoints.as_ref().and_then(TriedEndpoints::last) else {
            return;
        };
        let (host, port) = address.rsplit_once(':').unwrap_or((&address, ""));
        let host = host.trim_start_matches('[').trim_end_matches(']');
        self.span.set_attributes(server_attributes(host, port.parse().ok()));
    }
}

impl Drop for OpenSpan {
    fn drop(&mut self) {
        if !self.ended {
            self.fail_infra(InfraKind::Cancelled, "the caller gave up".to_owned());
            self.tell_endpoint();
        }
    }
}
