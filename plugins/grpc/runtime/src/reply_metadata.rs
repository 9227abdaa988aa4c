//! What a callee says beside its answer or its refusal, in gRPC's own words where it has some:
//! `grpc-retry-pushback-ms` (proposal A6) and ORCA's `endpoint-load-metrics-bin` (A51), which stock clients and servers know too.

use bp_runtime::{Load, ReplyMetadata, headers};
use prost::Message;
use tonic::metadata::{KeyRef, MetadataMap, MetadataValue};

const PUSHBACK_MS: &str = "grpc-retry-pushback-ms";
const LOAD: &str = "endpoint-load-metrics-bin";

/// The fields of `xds.data.orca.v3.OrcaLoadReport` that say how busy an endpoint is; others are skipped.
#[derive(Clone, PartialEq, Message)]
struct OrcaLoadReport {
    #[prost(double, tag = "1")]
    cpu_utilization: f64,
    #[prost(double, tag = "6")]
    rps_fractional: f64,
    #[prost(double, tag = "7")]
    eps: f64,
    #[prost(double, tag = "9")]
    application_utilization: f64,
}

impl OrcaLoadReport {
    fn load(&self) -> Option<Load> {
        Load::of_report(
            self.application_utilization,
            self.cpu_utilization,
            self.rps_fractional,
            self.eps,
        )
    }
}

/// Adds what is said to the metadata of a status, or to trailers.
pub(crate) fn write(said: &ReplyMetadata, metadata: &mut MetadataMap) {
    for (name, text) in said.to_headers() {
        let name = match name {
            headers::RETRY_AFTER_MS => PUSHBACK_MS,
            headers::LOAD => continue,
            name => name,
        };
        // `to_headers` writes visible ASCII, so this does not fail.
        if let Ok(value) = MetadataValue::try_from(text) {
            metadata.insert(name, value);
        }
    }
    if let Some(load) = said.load() {
        let report = OrcaLoadReport {
            cpu_utilization: 0.0,
            rps_fractional: load.calls_per_sec(),
            eps: load.errors_per_sec(),
            application_utilization: load.utilization(),
        };
        metadata.insert_bin(LOAD, MetadataValue::from_bytes(&report.encode_to_vec()));
    }
}

/// What a callee said, whoever made it.
pub(crate) fn read(metadata: &MetadataMap) -> ReplyMetadata {
    // Most replies say nothing, and looking at each name is cheaper than looking for ours.
    let is_said = |key: KeyRef<'_>| match key {
        KeyRef::Ascii(key) => key == PUSHBACK_MS || key == headers::SHED,
        KeyRef::Binary(key) => key == LOAD,
    };
    if !metadata.keys().any(is_said) {
        return ReplyMetadata::default();
    }
    let mut said = ReplyMetadata::from_headers(|name| {
        let name = match name {
            headers::RETRY_AFTER_MS => PUSHBACK_MS,
            headers::LOAD => return None,
            name => name,
        };
        // A value that is not text is a pushback that cannot be read.
        metadata.get(name).map(|value| value.to_str().unwrap_or_default())
    });
    let report = metadata.get_bin(LOAD).and_then(|value| value.to_bytes().ok());
    let report = report.and_then(|bytes| OrcaLoadReport::decode(bytes).ok());
    if let Some(load) = report.and_then(|report| report.load()) {
        said.set_load(load);
    }
    said
}
