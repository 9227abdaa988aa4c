use std::collections::VecDeque;
use std::path::PathBuf;

use super::*;
use crate::surroundings::{MemoryFiles, MemoryNetwork, Resolver};

fn known(directory: &Directory) -> Option<Vec<String>> {
    directory.known.borrow().as_deref().map(texts)
}

async fn changed(directory: &mut Directory) -> Vec<String> {
    tokio::time::timeout(Duration::from_mins(1), directory.known.changed()).await.unwrap().unwrap();
    texts(directory.known.borrow_and_update().as_ref().unwrap())
}

fn texts(list: &[EndpointEntry]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

/// Answers in turn, the last for ever; `None` is a failure.
#[derive(Debug)]
struct Script(Mutex<VecDeque<Option<Vec<&'static str>>>>);

impl Resolver for Script {
    fn look_up_host(&self, _: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let mut answers = lock(&self.0);
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Box::pin(async move {
            let list = answer.flatten().ok_or_else(|| io::Error::other("no name server"))?;
            Ok(list.into_iter().map(|ip| ip.parse().unwrap()).collect())
        })
    }

    fn look_up_service(&self, _: &str) -> BoxFuture<'static, io::Result<Vec<ServiceRecord>>> {
        Box::pin(std::future::ready(Err(io::Error::other("hosts only"))))
    }
}

fn follow(source: Source, surroundings: &Surroundings) -> Result<Directory, StartError> {
    Directory::follow(source, surroundings, CancellationToken::new())
}

fn dns(answers: &[Option<&[&'static str]>]) -> Directory {
    let script = Script(Mutex::new(answers.iter().map(|a| a.map(<[_]>::to_vec)).collect()));
    let source = Source::Dns { name: "cart".into(), port: 7 };
    follow(source, &Surroundings { resolver: Arc::new(script), ..Default::default() }).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_name_is_looked_up_again_and_again() {
    let start = tokio::time::Instant::now();
    let mut directory =
        dns(&[Some(&["10.0.0.2", "10.0.0.1"]), Some(&["10.0.0.1", "10.0.0.2"]), Some(&["::1"])]);
    assert_eq!(known(&directory), None);
    assert_eq!(changed(&mut directory).await, ["10.0.0.1:7", "10.0.0.2:7"]);
    assert!(start.elapsed() < Duration::from_millis(100));
    // The second answer is the first in another order, and changes nothing.
    assert_eq!(changed(&mut directory).await, ["[::1]:7"]);
    let took = start.elapsed();
    assert!(took >= DNS_PERIOD * 2 && took < DNS_PERIOD * 2 + Duration::from_secs(1), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_failure_to_reach_an_endpoint_makes_the_next_look_up_sooner_but_not_at_once() {
    let mut directory = dns(&[Some(&["10.0.0.1"]), Some(&["10.0.0.2"]), Some(&["10.0.0.3"])]);
    changed(&mut directory).await;
    let start = tokio::time::Instant::now();
    directory.failed.notify_one();
    assert_eq!(changed(&mut directory).await, ["10.0.0.2:7"]);
    let took = start.elapsed();
    assert!(took >= DNS_REST && took < DNS_REST * 2, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_fails_changes_nothing() {
    let mut directory = dns(&[Some(&["10.0.0.1"]), None, Some(&[]), Some(&["10.0.0.2"])]);
    assert_eq!(changed(&mut directory).await, ["10.0.0.1:7"]);
    assert_eq!(
        changed(&mut directory).await,
        ["10.0.0.2:7"],
        "neither failure nor nothing is news"
    );
    // At the start it says that no endpoint is known, so that no call waits for it.
    let mut directory = dns(&[None, Some(&["10.0.0.1"])]);
    assert_eq!(changed(&mut directory).await, [""; 0]);
    assert_eq!(changed(&mut directory).await, ["10.0.0.1:7"]);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_was_never_found_is_looked_up_soon() {
    let start = tokio::time::Instant::now();
    let mut directory = dns(&[None, None, Some(&[]), Some(&["10.0.0.1"])]);
    assert_eq!(changed(&mut directory).await, [""; 0]);
    assert_eq!(changed(&mut directory).await, ["10.0.0.1:7"]);
    let took = start.elapsed();
    assert!(took >= DNS_REST * 3 && took < DNS_REST * 4, "{took:?}");
}

#[tokio::test]
async fn a_name_of_this_machine_is_found() {
    let source = Source::Dns { name: "localhost".into(), port: 7 };
    let mut directory = follow(source, &Surroundings::default()).unwrap();
    let found = changed(&mut directory).await;
    assert!(found.contains(&"127.0.0.1:7".to_owned()), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn a_service_has_an_endpoint_for_each_of_its_records() {
    let network = MemoryNetwork::default();
    let record = |target: &str, priority, weight| ServiceRecord {
        priority,
        weight,
        target: target.into(),
        port: 7001,
    };
    let name = "_grpc._tcp.cart";
    network.set_service(name, vec![record("b", 0, 10), record("a", 1, 0), record("b", 2, 1)]);
    let surroundings = network.host("shop").put_into(Surroundings::default());
    let mut directory = follow(Source::Srv(name.into()), &surroundings).unwrap();
    let found = changed(&mut directory).await;
    assert_eq!(found, ["a:7001;priority=1", "b:7001;weight=10"]);
    network.set_service(name, vec![]);
    tokio::time::sleep(DNS_PERIOD * 2).await;
    network.set_service(name, vec![record("b", 0, 20)]);
    assert_eq!(changed(&mut directory).await, ["b:7001;weight=20"], "a failure is no news");
}

#[tokio::test(start_paused = true)]
async fn a_file_is_followed_and_what_is_wrong_in_it_changes_nothing() {
    let files = MemoryFiles::default();
    let path = PathBuf::from("/run/cart.json");
    let surroundings = Surroundings { files: Arc::new(files.clone()), ..Default::default() };
    let replace = |text: &str| files.write(&path, text).unwrap();
    let start = || follow(Source::File(path.clone()), &surroundings);
    let missing = start().err().unwrap().to_string();
    assert_eq!(missing, "/run/cart.json: there is no such file");
    replace("nonsense");
    let wrong = start().err().unwrap().to_string();
    assert!(wrong.contains("`nonsense` is not a host:port"), "{wrong}");

    replace("a:1\nb:2\n");
    let mut directory = start().unwrap();
    assert_eq!(known(&directory).unwrap(), ["a:1", "b:2"], "at once");
    directory.known.mark_unchanged();
    let start = tokio::time::Instant::now();
    replace("[\"b:2\"]");
    assert_eq!(changed(&mut directory).await, ["b:2"]);
    assert!(start.elapsed() <= FILE_PERIOD * 2);
    replace("b:2;zone=x");
    assert_eq!(changed(&mut directory).await, ["b:2;zone=x"], "an attribute is a change, too");
    replace("[\"b:2\"");
    tokio::time::sleep(FILE_PERIOD * 3).await;
    files.remove(&path);
    tokio::time::sleep(FILE_PERIOD * 3).await;
    assert!(!directory.known.has_changed().unwrap());
    replace("");
    assert_eq!(changed(&mut directory).await, [""; 0], "an empty list is an answer");
}
