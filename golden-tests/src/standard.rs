//! What operators ask of a running process without knowing its application: gRPC's health and reflection, and metrics.

use anyhow::{Context as _, Result, bail, ensure};
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

/// The services that a gRPC listener's reflection names, all of which its health says are served.
///
/// # Errors
/// When one of the two answers otherwise.
pub fn list_services(address: &str) -> Result<Vec<String>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let channel = Endpoint::new(format!("http://{address}"))?.connect().await?;
        let services = list_reflected(channel.clone()).await?;
        let mut client = HealthClient::new(channel);
        for service in services.iter().map(String::as_str).chain([""]) {
            let service = service.to_owned();
            let status = client.check(HealthCheckRequest { service }).await?.into_inner().status();
            ensure!(status == ServingStatus::Serving, "{address} is {status:?}");
        }
        Ok(services)
    })
}

/// What a listener serves beside gRPC's own services.
async fn list_reflected(channel: Channel) -> Result<Vec<String>> {
    let question = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(channel);
    let stream = client.server_reflection_info(tokio_stream::iter([question])).await?;
    let answer = stream.into_inner().message().await?.context("reflection says nothing")?;
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        bail!("reflection answers something else: {answer:?}");
    };
    let names = list.service.into_iter().map(|service| service.name);
    Ok(names.filter(|name| !name.starts_with("grpc.")).collect())
}

/// A process's metrics, in Prometheus' text form.
///
/// # Errors
/// When its admin port does not answer.
pub fn fetch_metrics(admin: &str) -> Result<String> {
    Ok(ureq::get(format!("http://{admin}/metrics")).call()?.body_mut().read_to_string()?)
}
