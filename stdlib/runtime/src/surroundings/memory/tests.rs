use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::{
    Binder, ByteStream, Connector, Files, Listener, Resolver, ServiceRecord, Surroundings,
};
use super::*;

const MOMENT: Duration = Duration::from_secs(10);

async fn listen(host: &MemoryHost, address: &str) -> Listener {
    host.bind(address).await.unwrap().listen().unwrap()
}

async fn refusal(host: &MemoryHost, address: &str) -> ErrorKind {
    host.connect(address).await.unwrap_err().kind()
}

async fn exchange(client: &mut ByteStream, server: &mut ByteStream) -> std::io::Result<()> {
    let mut read = [0; 4];
    client.write_all(b"ping").await?;
    server.read_exact(&mut read).await?;
    assert_eq!(&read, b"ping");
    server.write_all(b"pong").await?;
    client.read_exact(&mut read).await?;
    assert_eq!(&read, b"pong");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn bytes_cross_between_hosts_by_name_and_by_address() {
    let network = MemoryNetwork::default();
    let (a, b) = (network.host("a"), network.host("b"));
    assert_eq!(network.host("a").ip(), a.ip());
    let mut listener = listen(&b, "0.0.0.0:7001").await;
    assert_eq!(listener.local_address().unwrap().to_string(), "0.0.0.0:7001");
    for address in ["b:7001".to_owned(), b.endpoint(7001).to_string()] {
        let mut client = a.connect(&address).await.unwrap();
        let mut server = listener.accept().await.unwrap();
        exchange(&mut client, &mut server).await.unwrap();
        drop(client);
        assert_eq!(server.read(&mut [0; 4]).await.unwrap(), 0, "the client is gone");
    }
    assert_eq!(refusal(&a, "b:7002").await, ErrorKind::ConnectionRefused);
    assert_eq!(refusal(&a, "c:7001").await, ErrorKind::NotFound);
    assert_eq!(refusal(&a, "10.9.9.9:7001").await, ErrorKind::HostUnreachable);
    assert_eq!(refusal(&a, "b").await, ErrorKind::InvalidInput);
}

#[tokio::test(start_paused = true)]
async fn ports_are_taken_once_and_refuse_until_they_listen() {
    let network = MemoryNetwork::default();
    let (a, b) = (network.host("a"), network.host("b"));
    let port = a.bind("127.0.0.1:7001").await.unwrap();
    assert_eq!(refusal(&a, "localhost:7001").await, ErrorKind::ConnectionRefused, "bound only");
    let taken = a.bind("0.0.0.0:7001").await.err().unwrap();
    assert_eq!(taken.kind(), ErrorKind::AddrInUse);
    let foreign = a.bind("b:7001").await.err().unwrap();
    assert_eq!(foreign.kind(), ErrorKind::AddrNotAvailable);
    let listener = port.listen().unwrap();
    assert!(a.connect("127.0.0.1:7001").await.is_ok());
    assert_eq!(refusal(&b, "a:7001").await, ErrorKind::ConnectionRefused, "loopback is local");
    drop(listener);
    assert_eq!(refusal(&a, "127.0.0.1:7001").await, ErrorKind::ConnectionRefused);
    let (one, two) = (a.bind("a:0").await.unwrap(), a.bind("a:0").await.unwrap());
    assert_ne!(one.local_address().port(), two.local_address().port());
    assert_eq!(one.local_address().ip(), a.ip());
}

#[tokio::test(start_paused = true)]
async fn a_way_is_refused_paused_and_cut() {
    let network = MemoryNetwork::default();
    let (a, b) = (network.host("a"), network.host("b"));
    let at = b.endpoint(7001);
    let mut listener = listen(&b, "0.0.0.0:7001").await;
    let mut client = a.connect("b:7001").await.unwrap();
    let mut server = listener.accept().await.unwrap();

    network.refuse(at);
    assert_eq!(refusal(&a, "b:7001").await, ErrorKind::ConnectionRefused);
    exchange(&mut client, &mut server).await.unwrap();

    network.pause(at);
    let late = tokio::time::timeout(MOMENT, exchange(&mut client, &mut server)).await;
    assert!(late.is_err(), "nothing passes");
    let late = tokio::time::timeout(MOMENT, a.connect("b:7001")).await;
    assert!(late.is_err(), "nobody answers");
    network.restore(at);
    exchange(&mut client, &mut server).await.unwrap();

    // Those who wait already learn of a change.
    network.pause(at);
    let later = async {
        tokio::time::sleep(MOMENT).await;
        network.restore(at);
    };
    let (done, connected, ()) =
        tokio::join!(exchange(&mut client, &mut server), a.connect("b:7001"), later);
    assert!(done.is_ok() && connected.is_ok());

    let mut nothing = [0; 4];
    let later = async {
        tokio::time::sleep(MOMENT).await;
        network.cut(at);
    };
    let (read, ()) = tokio::join!(client.read(&mut nothing), later);
    assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let read = server.read(&mut nothing).await;
    assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(a.connect("b:7001").await.is_ok(), "only the connections of then are cut");
}

#[tokio::test(start_paused = true)]
async fn surroundings_give_up_on_an_endpoint_that_does_not_answer() {
    let network = MemoryNetwork::default();
    let a = network.host("a");
    let surroundings = a.put_into(Surroundings::default());
    let _listener = listen(&a, "0.0.0.0:7001").await;
    assert!(surroundings.connect("a:7001").await.is_ok());
    network.pause(a.endpoint(7001));
    let error = surroundings.connect("a:7001").await.unwrap_err();
    assert_eq!(error.to_string(), "no connection within 5 s");
}

#[tokio::test(start_paused = true)]
async fn names_and_services_are_what_was_set_last() {
    let network = MemoryNetwork::default();
    let (a, b) = (network.host("a"), network.host("b"));
    assert_eq!(a.look_up_host("b").await.unwrap(), [b.ip()]);
    network.set_name("cart", &[Ipv4Addr::new(10, 9, 9, 9).into(), b.ip()]);
    assert_eq!(a.look_up_host("cart").await.unwrap().len(), 2);
    let _listener = listen(&b, "b:7001").await;
    assert!(a.connect("cart:7001").await.is_ok(), "the second address answers");
    network.set_name("cart", &[]);
    assert_eq!(a.look_up_host("cart").await.unwrap_err().kind(), ErrorKind::NotFound);
    let found = a.look_up_host("localhost").await.unwrap();
    assert!(found.iter().all(IpAddr::is_loopback));

    let name = "_grpc._tcp.cart";
    assert!(a.look_up_service(name).await.is_err());
    let record = ServiceRecord { priority: 0, weight: 1, target: "b".into(), port: 7001 };
    network.set_service(name, vec![record.clone()]);
    assert_eq!(a.look_up_service(name).await.unwrap(), [record]);
}

#[test]
fn clones_of_files_share_them() {
    let files = MemoryFiles::default().with("/plan.json", "{}");
    let other = files.clone();
    other.write(Path::new("/run/ports.json"), "[]").unwrap();
    assert_eq!(files.read(Path::new("/run/ports.json")).unwrap(), "[]");
    assert!(other.remove("/plan.json") && !other.remove("/plan.json"));
    let gone = files.read(Path::new("/plan.json")).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
}
