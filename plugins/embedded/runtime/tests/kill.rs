//! What was answered survives `kill -9` at any moment.
//!
//! The test runs itself again as a child that writes and prints each id once its write is answered.
//! The parent kills it, opens the files and looks for every id that it read.

#![expect(clippy::unwrap_used, reason = "a failed step of a test ends it")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bp_backend::{Cache, Document, DocumentStore, Filter, Index, Json, Update};
use bp_contract::setting::Settings as _;
use bp_rt_embedded::{EmbeddedCache, EmbeddedDocuments, EmbeddedSettings};

const FOLDER: &str = "BP_TEST_KILL_FOLDER";

async fn open(folder: &Path) -> (EmbeddedCache, EmbeddedDocuments) {
    let cache = EmbeddedCache::open(&folder.join("cache"), defaults()).await.unwrap();
    let documents = EmbeddedDocuments::open(&folder.join("documents"), defaults()).await.unwrap();
    (cache, documents)
}

/// Writes until it is killed; does nothing when run as an ordinary test.
#[tokio::test]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let (cache, documents) = open(Path::new(&folder)).await;
    let (cache, documents) = (Arc::new(cache), Arc::new(documents));
    documents.create_index("things".into(), Index::new("by_n", ["n"])).await.unwrap();
    let first = documents.count("things".into(), Filter::All).await.unwrap();
    documents.insert("counts".into(), Document::new("all", Json::object([("n", 0)]))).await.ok();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (cache, documents) = (cache.clone(), documents.clone());
            tokio::spawn(async move {
                for step in 0..1_000_000 {
                    let id = format!("{first}-{writer}-{step}");
                    let body =
                        Json::object([("n", Json::Int(writer)), ("text", "x".repeat(300).into())]);
                    documents.insert("things".into(), Document::new(&id, body)).await.unwrap();
                    let update = Update::new().inc("n", 1);
                    documents.update("counts".into(), "all".into(), update).await.unwrap();
                    cache.put(id.clone(), "v".into(), None).await.unwrap();
                    // One write, so that the parent never reads half a line but at the end.
                    std::io::stdout().write_all(format!("answered {id}\n").as_bytes()).unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

#[tokio::test]
async fn answered_writes_survive_being_killed() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut answered = Vec::new();
    // Killed in several states: while a fresh file grows, and after repairs.
    for life in 0..4u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (count, seen) = (Arc::new(AtomicU64::new(0)), Instant::now());
        let counter = count.clone();
        let reader = std::thread::spawn(move || {
            let ids = lines
                .map_while(Result::ok)
                .inspect(|_| {
                    counter.fetch_add(1, Ordering::Relaxed);
                })
                .filter_map(|line| line.split_once("answered ").map(|(_, id)| id.to_owned()));
            // The last line may be cut.
            ids.collect::<Vec<_>>()
        });
        tokio::time::sleep(Duration::from_millis(700 + 130 * life)).await;
        // However slow the machine is, each life writes something.
        while count.load(Ordering::Relaxed) < 20 && seen.elapsed() < Duration::from_mins(1) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let ids = reader.join().unwrap();
        let whole = ids.into_iter().filter(|id| id.split('-').count() == 3);
        let mut whole: Vec<_> = whole.collect();
        whole.pop();
        answered.extend(whole);
    }
    assert!(answered.len() > 20, "the children wrote only {}", answered.len());

    let (cache, documents) = open(folder.path()).await;
    let found = documents.get_many("things".into(), answered.clone()).await.unwrap();
    let lost: Vec<_> = answered.iter().zip(&found).filter(|(_, found)| found.is_none()).collect();
    assert!(lost.is_empty(), "documents lost: {lost:?}");
    let cached = cache.get_many(answered.clone()).await.unwrap();
    assert!(cached.iter().all(Option::is_some), "cache entries lost");

    // Whole or not at all: documents and their index agree, and the counter counted at least what was answered.
    let all = documents.count("things".into(), Filter::All).await.unwrap();
    let indexed =
        documents.count("things".into(), Filter::within("n", [0, 1, 2, 3])).await.unwrap();
    assert_eq!(indexed, all);
    let counter = documents.get("counts".into(), "all".into()).await.unwrap().unwrap();
    let counted = counter.body.field("n").and_then(Json::as_i64).unwrap();
    let least = i64::try_from(answered.len()).unwrap();
    assert!(counted >= least, "counted {counted} of {least}");
}

/// What a wiring that says nothing gets.
fn defaults() -> EmbeddedSettings {
    EmbeddedSettings::read(&serde_json::Value::Null).unwrap()
}
