//! The networked backends against real servers: the conformance suites, then a network and servers that fail.
//!
//! One test for each backend, with a server of its own; a server that is not installed fails the test in CI and skips it elsewhere, and the message says what to install.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a failed step of a test ends it; a skipped one says so"
)]

mod failures;
mod instances;
mod subject;

use std::sync::Arc;

use bp_backend::conformance;
use store_tests::{Kind, Server};

use instances::Instances;
use subject::{Caches, Documents, Sets};

/// The server, unless it is not installed.
fn server(kind: Kind) -> Option<Server> {
    match kind.program() {
        Ok(_) => Some(Server::start(kind).unwrap()),
        Err(missing) if std::env::var_os("BP_CI").is_none() => {
            eprintln!("skipped: {missing}");
            None
        }
        Err(missing) => panic!("{missing}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memcached() {
    let Some(mut server) = server(Kind::Memcached) else { return };
    let instances = Instances::of(Kind::Memcached, server.port());
    conformance::check_cache(Arc::new(instances.clone())).await;
    failures::check_all(&Caches { instances, keeps: false }, &mut server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis() {
    let Some(mut server) = server(Kind::Redis) else { return };
    let instances = Instances::of(Kind::Redis, server.port());
    conformance::check_cache(Arc::new(instances.clone())).await;
    conformance::check_sorted_sets(Arc::new(instances.clone())).await;
    let caches = Caches { instances: instances.clone(), keeps: true };
    failures::check_all(&caches, &mut server).await;
    failures::check_all(&Sets { instances }, &mut server).await;
    subject::passwords(Kind::Redis).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mongodb() {
    let Some(mut server) = server(Kind::Mongodb) else { return };
    let instances = Instances::of(Kind::Mongodb, server.port());
    conformance::check_document_store(Arc::new(instances.clone())).await;
    failures::check_all(&Documents { instances }, &mut server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let Some(mut server) = server(Kind::Postgres) else { return };
    let instances = Instances::of(Kind::Postgres, server.port());
    conformance::check_document_store(Arc::new(instances.clone())).await;
    failures::check_all(&Documents { instances }, &mut server).await;
    subject::passwords(Kind::Postgres).await;
}
