//! The code that `bp build` generates for `examples/leaf`, each process on a host of a network in memory: no socket, no disk, and no time that passes by itself.

#![expect(clippy::unwrap_used, reason = "this is how a test fails")]
#![expect(clippy::indexing_slicing, reason = "this is how a test fails")]

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use bp_std::rt::surroundings::{
    Connector as _, Files as _, MemoryFiles, MemoryHost, MemoryNetwork, ServiceRecord,
};
use bp_std::rt::{Arc, Environment, Hosting, Instant, Running, Surroundings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The golden copy of what is generated.
#[rustfmt::skip] // The copy is what `bp` writes, byte for byte.
#[path = "../../trees/leaf/local/rust/app/src/lib.rs"]
#[expect(
    unreachable_pub,
    unused_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated for a crate root"
)]
mod leaf;

/// The plan of the wiring `local`, with every store in memory: `embedded` is a file on a real disk.
fn plan() -> String {
    let plan = include_str!("../../trees/leaf/local/rust/app/plan.json");
    let mut plan: serde_json::Value = serde_json::from_str(plan).unwrap();
    let mut replaced = 0;
    for instance in plan["instances"].as_object_mut().unwrap().values_mut() {
        if instance["plugin"] == "embedded" {
            instance["plugin"] = "memory".into();
            instance["settings"] = serde_json::json!({});
            replaced += 1;
        }
    }
    assert_eq!(replaced, 2);
    plan.to_string()
}

/// The whole of leaf: a host for each process, as containers are.
struct Leaf {
    network: MemoryNetwork,
    files: MemoryFiles,
    environment: Environment,
    processes: Vec<Running>,
}

impl Leaf {
    /// Each callee is found in another way that an address can name.
    async fn start() -> Self {
        let network = MemoryNetwork::default();
        let record = ServiceRecord { priority: 0, weight: 1, target: "authors".into(), port: 7002 };
        network.set_service("_grpc._tcp.authors.leaf", vec![record]);
        let files = MemoryFiles::default()
            .with("/etc/leaf/plan.json", plan())
            .with("/etc/leaf/board", "board:80;zone=a # the entry\n");
        let environment = Environment::default()
            .with("BP_PLAN", "/etc/leaf/plan.json")
            .with("BP_DATA", "/data")
            .with("BP_BIND_BOARD_HTTP", "0.0.0.0:80")
            .with("BP_BIND_NOTES_GRPC", "0.0.0.0:7001")
            .with("BP_BIND_AUTHORS_GRPC", "0.0.0.0:7002")
            .with("BP_ADDR_BOARD_HTTP", "file:/etc/leaf/board")
            .with("BP_ADDR_NOTES_GRPC", "dns:notes:7001")
            .with("BP_ADDR_AUTHORS_GRPC", "srv:_grpc._tcp.authors.leaf");
        let mut leaf = Self { network, files, environment, processes: Vec::new() };
        for name in ["authors", "notes", "board"] {
            let environment =
                leaf.environment.clone().with("BP_PORTS_FILE", format!("{name}.json"));
            let app = leaf::app().surroundings(leaf.surroundings(name));
            let hosting = Hosting::Process(name.to_owned());
            leaf.processes.push(app.start(environment, hosting).await.unwrap());
        }
        leaf
    }

    fn host(&self, name: &str) -> MemoryHost {
        self.network.host(name)
    }

    fn surroundings(&self, host: &str) -> Surroundings {
        let files = Arc::new(self.files.clone());
        self.host(host).put_into(Surroundings { files, ..Surroundings::default() })
    }

    /// Status and body of the board's answer to a client outside.
    async fn get(&self, path: &str) -> (u16, String) {
        self.get_from("outside", "board:80", path).await
    }

    async fn get_from(&self, host: &str, address: &str, path: &str) -> (u16, String) {
        let mut stream = self.host(host).connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: board\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned())
    }

    /// How many endpoints of the authors the board's process would call.
    async fn read_ready_authors(&self) -> String {
        let admin = self.processes[2].ports()["BOARD_ADMIN"];
        let (_, metrics) = self.get_from("board", &admin.to_string(), "/metrics").await;
        let series = "bp_balance_ready{bp_edge=\"board->authors\"} ";
        metrics.lines().find_map(|line| line.strip_prefix(series)).unwrap().to_owned()
    }

    async fn smoke(&self) -> ExitCode {
        let app = leaf::app().surroundings(self.surroundings("outside"));
        app.run_mode(self.environment.clone(), "smoke").await.unwrap()
    }
}

/// What is open in this process and is a socket; nothing where the system does not list it.
fn list_sockets() -> BTreeSet<String> {
    if !cfg!(target_os = "linux") {
        return BTreeSet::new();
    }
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    // A descriptor may be closed meanwhile, such as that of the listing.
    let targets = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    let names = targets.map(|target| target.to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("socket:")).collect()
}

async fn run() {
    let before = list_sockets();
    let leaf = Leaf::start().await;
    assert_eq!(leaf.smoke().await, ExitCode::SUCCESS);
    let (status, note) = leaf.get("/notes/ada-1").await;
    assert!(status == 200 && note.contains("\"ada-1\""), "{status} {note}");
    let ports = leaf.files.read(Path::new("/data/board.json")).unwrap();
    assert!(ports.contains("\"BOARD_HTTP\": \"0.0.0.0:80\""), "{ports}");

    // Where nothing else is said, a process listens for its own host alone.
    let admin = leaf.processes[0].ports()["AUTHORS_ADMIN"];
    let ready = leaf.get_from("authors", &admin.to_string(), "/bp/ready").await;
    assert_eq!(ready, (200, "ready\n".to_owned()));
    let outside = leaf.host("outside").connect(&format!("authors:{}", admin.port())).await;
    assert_eq!(outside.unwrap_err().kind(), ErrorKind::ConnectionRefused);

    // Authors do not answer any more, and nobody tells: the edge's time is over.
    let authors = leaf.host("authors").endpoint(7002);
    leaf.network.pause(authors);
    let start = Instant::now();
    let (status, _) = leaf.get("/authors/ada").await;
    assert_eq!((status, start.elapsed().as_secs()), (504, 2));
    leaf.network.restore(authors);
    assert_eq!(leaf.get("/authors/ada").await.0, 200);

    // A connection that breaks is made again.
    leaf.network.cut(authors);
    assert_eq!(leaf.get("/authors/ada").await.0, 200);

    // The only endpoint is away for a while; its callers notice when it is back.
    leaf.network.refuse(authors);
    leaf.network.cut(authors);
    assert_eq!(leaf.get("/authors/ada").await.0, 503);
    leaf.network.restore(authors);
    assert_eq!(leaf.read_ready_authors().await, "0");
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(leaf.read_ready_authors().await, "1", "nobody called them meanwhile");
    assert_eq!(leaf.get("/authors/ada").await.0, 200);

    assert_eq!(list_sockets(), before);
    for process in leaf.processes {
        assert!(process.stop(std::future::pending()).await.drained);
    }
}

#[test]
fn leaf_runs_whole_in_memory() {
    // Without the part that drives sockets, the use of one panics; and time moves only when every task waits for it.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(run());
}
