//! Interfaces that backends offer: which traits they are, and what is wrong with one.

mod common;

use common::{HEAD, accept, check};

const MANIFEST: &str = "[package]\nname = \"shop\"\n[dependencies]\nbp-std = \"0.1\"\nqueue = { package = \"acme-queue\", path = \"../queue\" }\nlog = { package = \"acme-log\", version = \"1\" }\n";
const QUEUE_MANIFEST: &str = "[package]\nname = \"acme-queue\"\n[dependencies]\nbp-runtime = \"0.1\"\nbp-backend = \"0.1\"\n";

/// What is said of a workflow with a queue of its own.
fn check_queue(queue: &str) -> common::Checked {
    check(&[
        ("/workflow/Cargo.toml", MANIFEST),
        ("/workflow/src/lib.rs", HEAD),
        ("/queue/Cargo.toml", QUEUE_MANIFEST),
        ("/queue/src/lib.rs", queue),
    ])
}

#[test]
fn a_parameter_takes_interfaces_of_crates_that_are_read_of_others_and_of_the_runtime() {
    let workflow = format!(
        "{HEAD}
#[service] pub trait S {{}}
pub struct Impl;
impl Impl {{
    pub fn new(
        jobs: Arc<dyn queue::Queue>,
        sorted: Option<Arc<dyn queue::inner::Sorted>>,
        log: Arc<dyn log::Log>,
        cache: Vec<Arc<dyn bp_backend::Cache>>,
    ) -> Self {{ todo!() }}
}}
#[service] impl S for Impl {{}}
"
    );
    let checked = check(&[
        ("/workflow/Cargo.toml", &MANIFEST.replace("bp-std", "bp-backend = \"0.1\"\nbp-std")),
        ("/workflow/src/lib.rs", &workflow),
        ("/queue/Cargo.toml", QUEUE_MANIFEST),
        (
            "/queue/src/lib.rs",
            "pub mod inner;
mod hidden { use bp_runtime::interface as declared; #[declared(crate = ::bp_runtime)] pub trait Queue: Send + Sync + 'static {
    #[idempotent] async fn push(&self, item: String) -> Result<(), bp_backend::BackendError>;
    async fn pop(&self) -> Result<Option<String>, bp_backend::BackendError>;
} }
pub use hidden::Queue;
pub use inner::*;
",
        ),
        (
            "/queue/src/inner.rs",
            "use crate::Queue; #[bp_runtime::interface] pub trait Sorted: Queue + bp_backend::Cache { async fn sort(&self) -> Result<(), bp_backend::BackendError>; }\n",
        ),
    ]);
    assert_eq!(checked.said(), Vec::<String>::new());
    let dump = checked.model.dump();
    for expected in [
        "interface acme_queue::Queue\n  idempotent push(item)\n  pop()\n",
        "interface acme_queue::Sorted: acme_queue::Queue + bp_backend::Cache\n  sort()\n",
        "    jobs: one backend acme_queue::Queue\n",
        "    sorted: optional backend acme_queue::Sorted as acme_queue::inner::Sorted\n",
        "    log: one backend acme_log::Log\n",
        "    cache: list of backend bp_backend::Cache as bp_std::Cache\n",
    ] {
        assert!(dump.contains(expected), "{expected}\nin\n{dump}");
    }
}

#[test]
fn a_trait_that_nobody_declares_is_not_an_interface() {
    let source = "#[service] pub trait S {}\npub struct Impl;\nimpl Impl { pub fn new(a: Arc<dyn bp_std::Tree>, b: Arc<dyn log::Tree>, c: Arc<dyn queue::Queue>) -> Self { todo!() } }\n#[service] impl S for Impl {}\n";
    let checked = check(&[
        ("/workflow/Cargo.toml", MANIFEST),
        ("/workflow/src/lib.rs", &format!("{HEAD}{source}")),
        ("/queue/Cargo.toml", QUEUE_MANIFEST),
        ("/queue/src/lib.rs", "pub trait Queue {}"),
    ]);
    let said = checked.said();
    assert_eq!(said.len(), 3, "{said:#?}");
    for (line, name) in said.iter().zip(["bp_std::Tree", "acme_log::Tree", "acme_queue::Queue"]) {
        let expected = format!("takes `dyn {name}`, which is neither a service nor a backend");
        assert!(line.contains("BP1018") && line.contains(&expected), "{line}");
    }
}

#[test]
fn a_path_below_the_root_of_an_unread_crate_is_told_the_right_one() {
    let taken = |path: &str| {
        let source = format!(
            "{HEAD}#[service] pub trait S {{}}\npub struct Impl;\nimpl Impl {{ pub fn new(a: Arc<dyn {path}>) -> Self {{ todo!() }} }}\n#[service] impl S for Impl {{}}\n"
        );
        let manifest =
            MANIFEST.replace("queue = { package = \"acme-queue\", path = \"../queue\" }\n", "");
        let files =
            [("/workflow/Cargo.toml", manifest.as_str()), ("/workflow/src/lib.rs", &source)];
        let found = check(&files).diagnostics.sorted();
        let [only] = found.as_slice() else { panic!("{path}: {found:#?}") };
        (only.code.id.to_string(), only.help.clone())
    };
    let (code, help) = taken("log::file::Log");
    assert_eq!((code.as_str(), help.len()), ("BP1018", 1));
    assert_eq!(help[0], "an interface is named at the root of its crate: `acme_log::Log`");
    for other in ["log::file::Tail", "log::Tail", "bp_std::inner::Tail"] {
        let (code, help) = taken(other);
        assert_eq!(code, "BP1018", "{other}");
        assert!(!help.iter().any(|line| line.contains("at the root")), "{other}: {help:?}");
    }
}

#[test]
fn the_crates_of_the_runtime_are_not_read() {
    let manifest = QUEUE_MANIFEST.to_owned()
        + "bp-contract = { path = \"../vendor/bp/stdlib/contract\" }\nbp-store = { path = \"../vendor/bp/stdlib/store\" }\n";
    let checked = check(&[
        ("/workflow/Cargo.toml", MANIFEST),
        ("/workflow/src/lib.rs", HEAD),
        ("/queue/Cargo.toml", &manifest),
        ("/queue/src/lib.rs", "pub const PACKAGE: bp_contract::Package = bp_contract::package!();"),
        ("/vendor/bp/stdlib/contract/Cargo.toml", "[package]\nname = \"bp-contract\"\n"),
        ("/vendor/bp/stdlib/contract/src/lib.rs", "}"),
        ("/vendor/bp/stdlib/store/Cargo.toml", "[package]\nname = \"bp-store\"\n"),
        ("/vendor/bp/stdlib/store/src/lib.rs", "}"),
    ]);
    assert_eq!(checked.said(), Vec::<String>::new());
    let crates: Vec<&str> = checked.model.crates.iter().map(|krate| &*krate.name).collect();
    assert_eq!(crates, ["shop", "acme_queue"]);
}

#[test]
fn an_interface_is_checked_as_a_service_is() {
    let checked = check_queue(
        "use bp_runtime::interface;
pub trait Plain { fn f(&self); }
#[interface]
pub trait Queue: Send + Plain {
    const SIZE: u32;
    fn push(&self, (a, b): (u8, u8)) -> Result<(), E>;
    async fn pop<T>(&self) -> Result<T, E>;
    async fn peek(&mut self) -> Result<(), E>;
}
#[derive(Debug, bp_runtime::ServiceError)] pub enum E { #[infra] I(bp_runtime::Infra) }
",
    );
    let said = checked.said();
    let codes: Vec<String> = said
        .iter()
        .map(|line| line.split("error").nth(1).unwrap_or(line)[..8].to_owned())
        .collect();
    let expected = ["[BP1065]", "[BP1029]", "[BP1011]", "[BP1013]", "[BP1014]", "[BP1011]"];
    assert_eq!(codes, expected, "{said:#?}");
    let text = said.join("\n");
    for expected in [
        "interface `Queue` extends `Plain`, which is not an interface",
        "interface `Queue` declares a constant",
        "method `push` of interface `Queue` is not async",
    ] {
        assert!(text.contains(expected), "{expected}\nin\n{text}");
    }
}

#[test]
fn an_interface_is_at_the_root_of_its_crate() {
    let declared = "#[bp_runtime::interface] pub trait Queue {}";
    for (queue, right) in [
        (declared.to_owned(), true),
        (format!("mod a {{ {declared} }} pub use a::Queue;"), true),
        (format!("pub mod a {{ {declared} }} pub use a::*;"), true),
        (format!("pub mod a {{ {declared} }}"), false),
        (format!("mod a {{ {declared} }} pub use a::Queue as Line;"), false),
        (format!("mod a {{ {declared} }} use a::Queue;"), false),
        (declared.replace("pub ", ""), false),
    ] {
        let said = check_queue(&queue).said();
        if right {
            assert_eq!(said, Vec::<String>::new(), "{queue}");
        } else {
            let [only] = said.as_slice() else { panic!("{queue}: {said:#?}") };
            let expected = "error[BP1064]: interface `Queue` is not at the root of its crate";
            assert!(only.contains(expected), "{queue}: {only}");
        }
    }
}

#[test]
fn a_workflow_may_implement_an_interface_for_its_tests() {
    let model = accept(
        "#[bp_std::interface] pub trait Queue {}\npub struct Fake;\n#[service] impl Queue for Fake {}\n",
    );
    assert_eq!(model.implementations.len(), 0);
    assert_eq!(model.interfaces.keys().collect::<Vec<_>>(), ["shop::Queue"]);
}

#[test]
fn a_method_of_an_interface_must_be_able_to_cross_a_process() {
    let checked = check_queue(
        "use bp_backend::BackendError;
pub struct Kept;
#[bp_runtime::interface]
pub trait Queue {
    async fn good(&self, item: bp_backend::Document, all: Vec<u8>) -> Result<Option<bp_backend::Document>, BackendError>;
    async fn borrow(&self, item: &str, kept: Kept) -> Result<(), BackendError>;
    async fn size(&self) -> u64;
    async fn clear(&self) -> Result<(), Kept>;
    async fn count(&self) -> Result<usize, BackendError>;
}
",
    );
    let said = checked.said();
    let lines: Vec<&str> = said
        .iter()
        .filter(|line| line.contains("BP1067"))
        .map(|l| l.split(' ').next().unwrap())
        .collect();
    let place = |line: u32, column: u32| format!("/queue/src/lib.rs:{line}:{column}:");
    let expected = [place(6, 34), place(6, 46), place(7, 29), place(8, 41), place(9, 37)];
    assert_eq!(lines, expected, "{said:#?}");
}

#[test]
fn a_glob_gives_the_interface_that_its_crate_is_known_to_have() {
    let workflow = "use std::sync::Arc; use bp_std::*; use log::*;
#[service] pub trait S {}
pub struct Impl;
impl Impl { pub fn new(log: Arc<dyn Log>, cache: Arc<dyn Cache>) -> Self { todo!() } }
#[service] impl S for Impl {}
";
    let checked = check(&[
        ("/workflow/Cargo.toml", &MANIFEST.replace("queue = ", "# ")),
        ("/workflow/src/lib.rs", workflow),
    ]);
    assert_eq!(checked.said(), Vec::<String>::new());
    let dump = checked.model.dump();
    assert!(dump.contains("    log: one backend acme_log::Log\n"), "{dump}");
    assert!(dump.contains("    cache: one backend bp_backend::Cache as bp_std::Cache\n"), "{dump}");
}
