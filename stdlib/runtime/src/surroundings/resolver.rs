//! What names stand for.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, Record};
use hickory_resolver::{ResolverBuilder, TokioResolver};

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
            let resolver = TokioResolver::builder_tokio().map_err(io::Error::other)?;
            ask_for_service(resolver, name).await
        })
    }
}

async fn ask_for_service(
    mut resolver: ResolverBuilder<TokioRuntimeProvider>,
    name: String,
) -> io::Result<Vec<ServiceRecord>> {
    // Each look-up asks anew, so an answer need not be kept.
    resolver.options_mut().cache_size = 0;
    let found = resolver.build().map_err(io::Error::other)?.srv_lookup(name).await;
    Ok(found.map_err(io::Error::other)?.answers().iter().filter_map(read_record).collect())
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
    use std::net::SocketAddr;

    use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
    use hickory_resolver::proto::op::{Message, OpCode};
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

    /// Answers every question with these records.
    async fn serve_records(records: Vec<RData>) -> SocketAddr {
        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut packet = [0; 1500];
            while let Ok((length, client)) = socket.recv_from(&mut packet).await {
                let question = Message::from_vec(&packet[..length]).unwrap();
                let mut answer = Message::response(question.metadata.id, OpCode::Query);
                answer.add_query(question.queries[0].clone());
                let name = question.queries[0].name().clone();
                let records =
                    records.iter().map(|data| Record::from_rdata(name.clone(), 5, data.clone()));
                answer.add_answers(records);
                socket.send_to(&answer.to_vec().unwrap(), client).await.unwrap();
            }
        });
        address
    }

    #[tokio::test]
    async fn a_name_server_is_asked_for_the_records_of_a_service() {
        let record = |target: &str, priority| {
            RData::SRV(SRV::new(priority, 2, 7001, Name::from_ascii(target).unwrap()))
        };
        let ask = async |records| {
            let server = serve_records(records).await;
            let mut connection = ConnectionConfig::udp();
            connection.port = server.port();
            let server = NameServerConfig::new(server.ip(), true, vec![connection]);
            let config = ResolverConfig::from_parts(None, vec![], vec![server]);
            let provider = TokioRuntimeProvider::default();
            let resolver = TokioResolver::builder_with_config(config, provider);
            ask_for_service(resolver, "_grpc._tcp.cart".into()).await
        };
        let mut found = ask(vec![record("b.", 1), record("a.shop.", 0)]).await.unwrap();
        found.sort_unstable_by_key(|record| record.priority);
        let targets: Vec<_> = found.iter().map(|r| (&*r.target, r.priority, r.port)).collect();
        assert_eq!(targets, [("a.shop", 0, 7001), ("b", 1, 7001)]);
        assert!(ask(vec![]).await.is_err(), "there is no such service");
    }

    #[tokio::test]
    async fn this_machine_is_found_by_the_systems_resolver() {
        let found = SystemResolver.look_up_host("localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback) && !found.is_empty(), "{found:?}");
    }
}
