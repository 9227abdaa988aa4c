//! The client: unary calls, framed by tonic, over the connections of [`connection`](crate::connection).

use std::sync::Arc;

use bp_contract::transport::ConnectionSettings;
use bp_runtime::{
    BoxFuture, Call, Class, Codec, ConnectContext, Context, Dialer, Endpoint, Infra, Instant,
    MessageLimit, Reply, StartError, Surroundings, headers,
};
use http::uri::PathAndQuery;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};

use crate::codec::BytesCodec;
use crate::connection::Target;
use crate::connections::Connections;
use crate::settings::GrpcSettings;
use crate::{
    INSTANCE, PREVIOUS_ATTEMPTS, TIMEOUT, largest_header_list, method_path, reply_metadata, status,
    timeout_header,
};

const USER_AGENT: &str = "user-agent";
/// The name that gRPC asks every client to send.
const AGENT: &str = concat!("grpc-bp/", env!("CARGO_PKG_VERSION"));

/// Makes clients for the endpoints of one edge's callee.
pub(crate) struct GrpcDialer {
    shared: Arc<EdgeState>,
}

/// What an edge's clients have in common.
struct EdgeState {
    edge: String,
    /// By method index.
    paths: Vec<PathAndQuery>,
    instance: MetadataValue<Ascii>,
    limit: MessageLimit,
    connections: ConnectionSettings,
    surroundings: Surroundings,
}

/// A client of one endpoint.
struct EndpointClient {
    shared: Arc<EdgeState>,
    address: String,
    connections: Connections,
}

impl GrpcDialer {
    pub(crate) fn new(cx: ConnectContext) -> Result<Self, StartError> {
        let ConnectContext { edge, interface, settings, limit, surroundings, .. } = cx;
        let GrpcSettings { connections, .. } = settings.read()?;
        let at = |error: &dyn std::error::Error, what: &str| {
            StartError::because(format!("edge {}: {what}", edge.key), error)
        };
        let paths = interface.methods.iter().map(|method| {
            let path = method_path(interface, method);
            path.parse().map_err(|error| at(&error, &format!("`{path}` is not a path")))
        });
        let paths = paths.collect::<Result<_, StartError>>()?;
        let instance = edge
            .callee
            .parse()
            .map_err(|error| at(&error, &format!("`{}` cannot be a header", edge.callee)))?;
        let edge = edge.key.clone();
        let shared = EdgeState { edge, paths, instance, limit, connections, surroundings };
        Ok(Self { shared: Arc::new(shared) })
    }
}

impl Dialer for GrpcDialer {
    fn dial(&self, address: &str) -> Result<Arc<dyn Endpoint>, StartError> {
        let shared = self.shared.clone();
        let settings = shared.connections;
        let largest = largest_header_list(shared.limit);
        let target = Target::new(address, largest, settings, &shared.surroundings)
            .map_err(|error| error.at(format!("edge {}", shared.edge)))?;
        let connections = Connections::new(target, settings.calls_per_connection);
        Ok(Arc::new(EndpointClient { shared, address: address.to_owned(), connections }))
    }
}

impl EndpointClient {
    async fn unary(&self, call: Call) -> Result<Reply, Infra> {
        let EdgeState { paths, instance, limit, surroundings, .. } = &*self.shared;
        let arguments = call.encode(Codec::Protobuf)?;
        limit.check_arguments(arguments.len())?;
        let path = paths.get(usize::from(call.method.index));
        let path = path.cloned().ok_or_else(|| Infra::unknown_method(&call))?;
        let mut request = tonic::Request::new(arguments);
        write_context(request.metadata_mut(), &call.context, surroundings.clock.now())?;
        request.metadata_mut().insert(INSTANCE, instance.clone());
        let sender = self.connections.sender().await?;
        let answer = tonic::client::Grpc::with_origin(sender, self.connections.origin().clone())
            .max_decoding_message_size(limit.bytes)
            .unary(request, path, BytesCodec)
            .await;
        let (class, body, said) = match answer {
            Ok(answer) => {
                let said = reply_metadata::read(answer.metadata());
                (Class::Ok, answer.into_inner(), said)
            }
            Err(status) => status::read(&status, &self.address)?,
        };
        Ok(Reply::encoded(class, Codec::Protobuf, body).with_metadata(said))
    }
}

impl Endpoint for EndpointClient {
    fn send(&self, call: Call) -> BoxFuture<'_, Result<Reply, Infra>> {
        Box::pin(self.unary(call))
    }
}

/// Writes the context as metadata; the deadline and the number of the attempt in gRPC's own way.
fn write_context(metadata: &mut MetadataMap, context: &Context, now: Instant) -> Result<(), Infra> {
    for (name, value) in context.to_headers_without_deadline() {
        let name = match name {
            headers::ATTEMPT => PREVIOUS_ATTEMPTS,
            name => name,
        };
        // `to_headers` writes visible ASCII, so this fails only for a `tracestate` that was invalid when it arrived.
        if let Ok(mut value) = MetadataValue::try_from(value) {
            value.set_sensitive(name == headers::TRACEPARENT);
            metadata.insert(name, value);
        }
    }
    if let Some(left) = context.remaining(now) {
        let text = timeout_header::write(left);
        let mut value = MetadataValue::try_from(text.as_str())
            .map_err(|_| Infra::internal(format!("`{text}` is not a timeout")))?;
        // "Sensitive" keeps HPACK from indexing it: a value that differs in every call would only push recurring values out of the table.
        value.set_sensitive(true);
        metadata.insert(TIMEOUT, value);
    }
    metadata.insert(USER_AGENT, MetadataValue::from_static(AGENT));
    Ok(())
}
