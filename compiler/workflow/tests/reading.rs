//! What the reader makes of workflow crates; what it rejects is in the golden tests.

mod common;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;

use bp_diag::SourceMap;
use bp_system::{EntryKind, MemorySystem, System};
use bp_workflow::{ParameterKind, Type};
use camino::{Utf8Path, Utf8PathBuf};
use common::{CARGO, HEAD, accept, check};

#[test]
#[expect(clippy::too_many_lines, reason = "one workflow, with what is read of it")]
fn names_are_followed_across_modules_and_crates() {
    let checked = check(&[
        (
            "/workflow/Cargo.toml",
            "[package]\nname = \"shop-workflow\"\nversion = \"0.2.0\"\n[dependencies]\nbp-std = { workspace = true }\nshared = { package = \"shop-types\", path = \"../types\" }\nchrono = { version = \"0.4\", features = [\"serde\"] }\nuuid = { workspace = true, features = [\"v4\"] }\n",
        ),
        (
            "/Cargo.toml",
            "[workspace]\n[workspace.dependencies]\nbp-std = { path = \"stdlib/std\" }\nuuid = { version = \"1\", features = [\"serde\"] }\n",
        ),
        ("/types/Cargo.toml", "[package]\nname = \"shop-types\"\n"),
        (
            "/types/src/lib.rs",
            "pub mod money { use bp_std::Data; #[derive(Data)] pub struct Amount { pub cents: i64 } }\nmod hidden { #[derive(bp_std::Data)] pub struct Tag(pub String); }\npub use hidden::Tag as Label;\n",
        ),
        (
            "/workflow/src/lib.rs",
            "mod cart;\npub mod users;\nmod prelude;\npub use cart::*;\npub static RELATED: bp_std::Knob = bp_std::knob!(\"related_posts\");\n#[cfg(test)]\nmod tests;\n",
        ),
        (
            "/workflow/src/prelude.rs",
            "pub(crate) use std::collections::*;\npub(crate) use std::sync::Arc;\npub(crate) use bp_std::*;\npub(crate) type Answer<T, E = super::cart::CartError> = Result<T, E>;\n",
        ),
        (
            "/workflow/src/cart.rs",
            "use crate::prelude::*;\nuse super::users::{self, Users as People};\nuse chrono::{DateTime, NaiveDate as Day, Utc};\n
/// The cart.
///
/// Holds items.
#[service]
pub trait Cart: Send + Sync + 'static {
    #[idempotent]
    async fn list(&self, user: String, day: Option<Day>) -> Answer<Vec<shared::Label>>;
    async fn put(&self, r#type: HashMap<u64, shared::money::Amount>, at: DateTime<Utc>, raw: [u8; 4]) -> Answer<()>;
}
#[derive(Debug, ServiceError)]
pub enum CartError {
    #[status(not_found, \"no item {0}\")]
    NoSuchItem(String),
    #[infra]
    Infra(Infra),
}
pub struct CartImpl;
#[service]
impl Cart for CartImpl {}
impl CartImpl {
    pub async fn new(db: Arc<dyn DocumentStore>, mut users: Arc<dyn People>, peers: Vec<Arc<dyn users::Users>>, cache: Option<Arc<dyn bp_std::Cache>>, page_size: u32) -> Result<Self, InitError> { todo!() }
    pub async fn run(&self) {}
}
",
        ),
        (
            "/workflow/src/users/mod.rs",
            "use bp_std::service as svc;\n#[path = \"errors_here.rs\"]\nmod errors;\npub use self::errors::*;\n#[svc]\npub trait Users { async fn exists(&self, id: uuid::Uuid) -> Result<bool, UserError>; }\npub struct UsersImpl;\nimpl UsersImpl { pub fn new(cart: std::sync::Arc<dyn crate::Cart>) -> Self { UsersImpl } }\n#[svc]\nimpl Users for UsersImpl {}\n",
        ),
        (
            "/workflow/src/users/errors_here.rs",
            "#[derive(bp_std::ServiceError)] pub enum UserError { #[infra] Infra(bp_std::Infra) }\n",
        ),
    ]);
    assert_eq!(checked.said(), Vec::<String>::new());
    let expected = "\
workflow shop-workflow (shop_workflow)
crate shop_workflow = /workflow
crate shop_types = /types
external chrono = chrono { features = [\"serde\"], version = \"0.4\" }
external uuid = uuid { features = [\"serde\", \"v4\"], version = \"1\" }
service shop_workflow::cart::Cart as shop_workflow::Cart
  idempotent list(user: String, day: Option<bp_std::chrono::NaiveDate>) -> Result<Vec<shop_types::Label>, shop_workflow::CartError>
  put(type: std::collections::HashMap<u64, shop_types::money::Amount>, at: bp_std::chrono::DateTime<bp_std::chrono::Utc>, raw: [u8; 4]) -> Result<(), shop_workflow::CartError>
service shop_workflow::users::Users
  exists(id: bp_std::uuid::Uuid) -> Result<bool, shop_workflow::users::UserError>
implementation shop_workflow::cart::CartImpl as shop_workflow::CartImpl
  of shop_workflow::cart::Cart
  async fallible new
    db: one backend bp_backend::DocumentStore as bp_std::DocumentStore
    users: one service shop_workflow::users::Users
    peers: list of service shop_workflow::users::Users
    cache: optional backend bp_backend::Cache as bp_std::Cache
    page_size: value u32
  run
implementation shop_workflow::users::UsersImpl
  of shop_workflow::users::Users
  new
    cart: one service shop_workflow::cart::Cart as shop_workflow::Cart
struct shop_types::hidden::Tag as shop_types::Label
  0: String
struct shop_types::money::Amount
  cents: i64
error shop_workflow::cart::CartError as shop_workflow::CartError
  NoSuchItem(0: String) not_found
  Infra(0: bp_std::Infra) infra
error shop_workflow::users::errors::UserError as shop_workflow::users::UserError
  Infra(0: bp_std::Infra) infra
knob related_posts shop_workflow::RELATED
";
    assert_eq!(checked.model.dump(), expected);
    assert_eq!(checked.model.version.as_deref(), Some("0.2.0"));
    let cart = &checked.model.services["shop_workflow::cart::Cart"];
    assert_eq!(cart.docs, ["The cart.", "", "Holds items."]);
    assert_eq!(
        cart.methods[0].ok.ty,
        Type::Vec(Box::new(Type::Named("shop_types::hidden::Tag".into())))
    );
    assert_eq!(checked.sources.slice(cart.span), "Cart");
}

#[test]
fn what_cannot_cross_a_process_says_why_and_where() {
    let checked = check(&[(
        "/workflow/src/lib.rs",
        &format!(
            "{HEAD}
#[service]
pub trait S {{
    async fn ok(&self, a: std::collections::BTreeMap<u8, (char, Box<f32>)>) -> Result<(), E>;
    async fn size(&self, index: Vec<usize>) -> Result<(), E>;
    async fn text(&self, name: &'static str) -> Result<(), E>;
    async fn deep(&self, a: Outer) -> Result<(), E>;
    async fn plain(&self, a: Plain) -> Result<(), E>;
    async fn bare(&self) -> u32;
    async fn foreign(&self) -> Result<(), InitError>;
    async fn shared(&self, a: Arc<dyn Fn(&Plain) -> bool + Send + Sync>) -> Result<(), E>;
    async fn zone(&self, a: chrono::DateTime<chrono::Local>) -> Result<(), E>;
    async fn wide(&self, a: Wide<u8>) -> Result<(), E>;
}}
#[derive(Data)] pub struct Outer {{ inner: Vec<Inner> }}
#[derive(Data)] pub struct Inner {{ next: Option<Box<Outer>>, index: usize }}
pub struct Plain;
#[derive(Data)] pub struct Wide<T>(T);
"
        ),
    )]);
    assert_eq!(checked.said(), Vec::<String>::new());
    let found: Vec<String> = checked.model.services["shop::S"]
        .methods
        .iter()
        .map(|m| match &m.local {
            None => format!("{}: remote", m.name),
            Some(l) => format!("{}: {} [{}]", m.name, l.text, checked.sources.slice(l.span)),
        })
        .collect();
    assert_eq!(
        found,
        [
            "ok: remote",
            "size: `usize` has another size on other machines: use `u64` [usize]",
            "text: a reference points into this process's memory [&'static str]",
            "deep: `usize` has another size on other machines: use `u64` [usize]",
            "plain: `Plain` does not derive `Data` [Plain]",
            "bare: it does not return a `Result` with a service error, so an infrastructure error cannot be reported [u32]",
            "foreign: `bp_std::InitError` does not derive `ServiceError` [InitError]",
            "shared: `Arc` is memory that this process shares [Arc<dyn Fn(&Plain) -> bool + Send + Sync>]",
            "zone: only `DateTime<Utc>` is encoded [chrono::DateTime<chrono::Local>]",
            "wide: `Wide` is generic [Wide<u8>]",
        ]
    );
    let shared = &checked.model.services["shop::S"].methods[7].arguments[0].ty.text;
    assert_eq!(shared, "std::sync::Arc<dyn Fn(&shop::Plain) -> bool + Send + Sync>");
}

#[test]
fn every_supported_type_is_recognised() {
    let model = accept(
        "#[derive(Data)] pub struct All { a: u128, b: i128, c: std::time::Duration, d: std::time::SystemTime, e: chrono::NaiveTime,
         f: std::collections::VecDeque<bool>, g: std::collections::HashSet<char>, h: (), i: (u8,), j: [[u8; 2]; 3], k: Vec<u8>,
         l: core::option::Option<alloc::string::String>, m: chrono::naive::NaiveDateTime, n: Vec<Vec<u8>> }",
    );
    let bp_workflow::TypeKind::Struct(fields) = &model.types["shop::All"].kind else { panic!() };
    let types: Vec<&Type> = fields.iter().map(|f| &f.ty.ty).collect();
    let boxed = |t: Type| Box::new(t);
    assert_eq!(
        types,
        [
            &Type::U128,
            &Type::I128,
            &Type::Duration,
            &Type::SystemTime,
            &Type::NaiveTime,
            &Type::Vec(boxed(Type::Bool)),
            &Type::Set(boxed(Type::Char)),
            &Type::Unit,
            &Type::Tuple(vec![Type::U8]),
            &Type::Array(boxed(Type::Array(boxed(Type::U8), 2)), 3),
            &Type::Bytes,
            &Type::Option(boxed(Type::String)),
            &Type::NaiveDateTime,
            &Type::Vec(boxed(Type::Bytes)),
        ]
    );
    assert_eq!(model.types["shop::All"].local, None);
}

#[test]
fn a_faulty_constructor_leaves_an_implementation_of_which_nothing_is_checked() {
    let source = format!(
        "{HEAD}#[service] pub trait S {{}}\npub struct A; #[service] impl S for A {{}}\npub struct B; #[service] impl S for B {{}} impl B {{ pub fn new(n: Option<u8>) -> B {{ B }} }}"
    );
    let checked = check(&[("/workflow/src/lib.rs", &source)]);
    assert_eq!(checked.diagnostics.len(), 1);
    assert!(!checked.model.implementations["shop::A"].constructor.known);
    let constructor = &checked.model.implementations["shop::B"].constructor;
    assert!(constructor.known && !constructor.fallible && !constructor.is_async);
    assert!(
        matches!(&constructor.params[0].kind, ParameterKind::Literal(t) if t.text == "Option<u8>")
    );
}

#[test]
fn marks_line_ends_and_shell_lines_do_not_shift_places() {
    let source = "\u{feff}// é\r\nmod gone;\r\nconst A: &str = \"é\";\r\nmod lost;\r\n";
    assert_eq!(
        check(&[("/workflow/src/lib.rs", source)]).said(),
        [
            "/workflow/src/lib.rs:2:5: error[BP1006]: module `gone` has no file",
            "/workflow/src/lib.rs:4:5: error[BP1006]: module `lost` has no file",
        ]
    );
    let source = "#!/usr/bin/env run (\nmod gone;\n";
    assert_eq!(
        check(&[("/workflow/src/lib.rs", source)]).said(),
        ["/workflow/src/lib.rs:2:5: error[BP1006]: module `gone` has no file"]
    );
}

#[test]
fn aliases_that_double_end_with_a_diagnostic() {
    let mut source = HEAD.to_owned();
    for i in 0..60 {
        writeln!(source, "type A{i} = (A{}, A{});", i + 1, i + 1).expect("a String takes it");
    }
    source += "type A60 = u8;\n#[derive(Data)] pub struct S(A0);\n";
    let said = check(&[("/workflow/src/lib.rs", &source)]).said();
    assert!(said.len() == 1 && said[0].contains("BP1004"), "{said:?}");
}

/// A machine on which one file may not be read.
#[derive(Debug)]
struct Locked(MemorySystem, &'static str);

impl System for Locked {
    fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        if path == self.1 { Err(io::ErrorKind::PermissionDenied.into()) } else { self.0.read(path) }
    }
    fn kind(&self, path: &Utf8Path) -> Option<EntryKind> {
        self.0.kind(path)
    }
    fn list(&self, path: &Utf8Path) -> io::Result<Vec<(String, EntryKind)>> {
        self.0.list(path)
    }
    fn write(&self, path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
        self.0.write(path, bytes)
    }
    fn rename(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn remove_file(&self, path: &Utf8Path) -> io::Result<()> {
        self.0.remove_file(path)
    }
    fn remove_empty_directory(&self, path: &Utf8Path) -> io::Result<()> {
        self.0.remove_empty_directory(path)
    }
    fn make_directory(&self, path: &Utf8Path) -> io::Result<()> {
        self.0.make_directory(path)
    }
    fn variable(&self, name: &str) -> Option<String> {
        self.0.variable(name)
    }
    fn current_directory(&self) -> io::Result<Utf8PathBuf> {
        Ok("/home/me".into())
    }
    fn now_nanos(&self) -> u64 {
        0
    }
}

#[test]
fn a_file_without_permission_hides_no_other_and_paths_are_relative_to_the_working_directory() {
    let system = MemorySystem::new()
        .with_file("/home/me/workflow/Cargo.toml", CARGO)
        .with_file("/home/me/workflow/src/lib.rs", "mod a;\nmod b;\n")
        .with_file("/home/me/workflow/src/a.rs", "")
        .with_file("/home/me/workflow/src/b.rs", "mod gone;\n");
    let system = Locked(system, "/home/me/workflow/src/a.rs");
    let mut sources = SourceMap::new();
    let dir = Utf8Path::new("/home/me/workflow");
    let (_, found) = bp_workflow::read(&system, &mut sources, dir, &BTreeSet::new());
    let said: Vec<String> =
        found.sorted().iter().map(|d| bp_diag::render::render_short(d, &sources)).collect();
    assert_eq!(
        said,
        [
            "workflow/src/lib.rs:1:5: error[BP1001]: cannot read `workflow/src/a.rs`: permission denied",
            "workflow/src/b.rs:1:5: error[BP1006]: module `gone` has no file",
        ]
    );
}

#[test]
fn a_missing_manifest_is_a_diagnostic_without_a_place() {
    let mut sources = SourceMap::new();
    let (system, dir) = (MemorySystem::new(), Utf8Path::new("/nowhere"));
    let (model, found) = bp_workflow::read(&system, &mut sources, dir, &BTreeSet::new());
    assert_eq!(model.services.len(), 0);
    let said: Vec<String> =
        found.iter().map(|d| bp_diag::render::render_short(d, &sources)).collect();
    assert_eq!(said, ["error[BP1001]: cannot read `/nowhere/Cargo.toml`: there is no such file"]);
}

#[test]
fn what_a_workspace_hands_on_lies_where_the_workflow_lies() {
    let system = MemorySystem::new()
        .with_file("/Cargo.toml", "[workspace]\n[workspace.dependencies]\na = { path = \"a\" }\n")
        .with_file("/w/Cargo.toml", "[package]\nname = \"w\"\n[dependencies]\na.workspace = true\n")
        .with_file("/w/src/lib.rs", "")
        .with_file("/a/Cargo.toml", "[package]\nname = \"a\"\n")
        .with_file("/a/src/lib.rs", "");
    for (dir, other) in [("w", "a"), ("/w", "/a"), ("./x/../w", "a")] {
        let mut sources = SourceMap::new();
        let (model, diagnostics) =
            bp_workflow::read(&system, &mut sources, Utf8Path::new(dir), &BTreeSet::new());
        assert!(diagnostics.is_empty(), "{dir}");
        // Generated code names the folder from the application's, so it is absolute only if all are.
        assert_eq!(model.crates[1].dir, other, "{dir}");
    }
}
