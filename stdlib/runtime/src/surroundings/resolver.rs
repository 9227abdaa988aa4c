//! What names stand for.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, Record};

/// Looks names up.
pub trait Resolver: Send + Sync + fmt::Debug {
    /// The addresses of a host, in any order.
    ///
    /// # Errors
    /// There is no such name, or nobody answers.
    fn look_up_host(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;

    /// The service records of a name, such as `_grpc._tcp.cart.shop`, in any order.
    ///
    /// # Errors
    /// There is no such name, or nobody answers.
    fn look_up_service(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<ServiceRecord>>>;
}

/// One record of a service (SRV, RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRecord {
    /// Of the records that can be reached, those with the lowest number are used.
    pub priority: u16,
    /// The share among records of one priority; 0 where shares do not matter.
    pub weight: u16,
    /// The host's name.
    pub target: Arc<str>,
    /// The port there.
    pub port: u16,
}

/// Looks names up as the system is configured.
///
/// Hosts go through the system's resolver: with `/etc/hosts`, and with the name servers and search domains of the container.
/// It has no service records, so these are asked of the name servers of `/etc/resolv.conf`, which is read each time.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn look_up_host(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let name = name.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }

    fn look_up_service(&self, name: &str) -> BoxFuture<'static, io::Result<Vec<ServiceRecord>>> {
        let name = name.to_owned();
        Box::pin(async move {
            let mut builder = TokioResolver::builder_tokio().map_err(io::Error::other)?;
            // Each look-up asks anew, so an answer need not be kept.
            builder.options_mut().cache_size = 0;
            let found = builder.build().map_err(io::Error::other)?.srv_lookup(name).await;
            Ok(found.map_err(io::Error::other)?.answers().iter().filter_map(read_record).collect())
        })
    }
}

/// A service's record among the answers; a target `.` says that there is no service (RFC 2782).
fn read_record(record: &Record) -> Option<ServiceRecord> {
    let RData::SRV(found) = &record.data else { return None };
    let target = found.target.to_ascii();
    let target = target.trim_end_matches('.');
    (!target.is_empty()).then(|| ServiceRecord {
        priority: found.priority,
        weight: found.weight,
        target: target.into(),
        port: found.port,
    })
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::rr::Name;
    use hickory_resolver::proto::rr::rdata::{A, SRV};

    use super::*;

    #[test]
    fn records_are_read_and_others_are_left_out() {
        let name = Name::from_ascii("_grpc._tcp.cart.").unwrap();
        let read = |data| read_record(&Record::from_rdata(name.clone(), 5, data));
        let service = |target| RData::SRV(SRV::new(1, 2, 7001, Name::from_ascii(target).unwrap()));
        let record =
            ServiceRecord { priority: 1, weight: 2, target: "cart-0.cart.shop".into(), port: 7001 };
        assert_eq!(read(service("cart-0.cart.shop.")), Some(record));
        assert_eq!(read(service(".")), None);
        assert_eq!(read(RData::A(A::new(10, 0, 0, 1))), None);
    }

    #[tokio::test]
    async fn this_machine_is_found_by_the_systems_resolver() {
        let found = SystemResolver.look_up_host("localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty(), "{found:?}");
    }
}
