//! A `bp` with a plugin that misbehaves, and the program that plays an application.
//!
//! The test binary starts itself with a variable set, so neither needs a crate of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::ExitCode;

use bp_contract::Package;
use bp_contract::setting::{Secret, Settings};
use bp_plugin::ir::{EdgeKind, NodeKey, Origin as GraphOrigin};
use bp_plugin::{
    ClientSlot, Feature, Pass, PassContext, Plugin, ServerSpec, ServerValue, Stage, TargetBuilder,
    backend, interface, target, transport, wrapper,
};

/// The variable that says what to play instead of testing: `app`, or a plugin's id.
pub(crate) const PLAY: &str = "BP_GOLDEN_PLAY";

/// Plays what [`PLAY`] asks for, if anything.
pub(crate) fn play() -> Option<ExitCode> {
    let role = std::env::var(PLAY).ok()?;
    if role == "app" {
        return Some(app());
    }
    let registry = PLUGINS
        .iter()
        .filter(|plugin| plugin.id == role)
        .fold(bp::builtin(), bp_plugin::Registry::with);
    Some(bp::main(registry))
}

/// Reports that it is ready, or with the argument `unready` that it is not, until it is killed or a time limit ends it.
fn app() -> ExitCode {
    let admin = std::env::vars()
        .find(|(name, _)| name.starts_with("BP_BIND_") && name.strip_suffix("_ADMIN").is_some());
    let Some(listener) = admin.and_then(|(_, address)| TcpListener::bind(address).ok()) else {
        return ExitCode::FAILURE;
    };
    let answer: &[u8] = if std::env::args().any(|a| a == "unready") {
        b"HTTP/1.1 503 Service Unavailable\r\n\r\n"
    } else {
        b"HTTP/1.1 200 OK\r\n\r\n"
    };
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(answer);
        }
    });
    std::thread::sleep(std::time::Duration::from_secs(100));
    ExitCode::FAILURE
}

/// Has a fault or a peculiarity.
#[derive(Settings)]
struct Nothing {}

/// Wants the slot of `retry`.
#[derive(Settings)]
#[settings(shorthand = "times")]
struct Again {
    /// How often.
    times: Option<u32>,
}

/// Talks to a server.
#[derive(Settings)]
struct Served {
    /// Proof.
    password: Option<Secret>,
}

const fn faulty(id: &'static str) -> TargetBuilder {
    target::<Nothing>(id, &Feature::ALL)
}

/// Plugins with one fault or peculiarity each, named by their ids.
static PLUGINS: [Plugin; 11] = [
    faulty("jumpy").check(|cx| assert!(cx.place.is_empty(), "scared of {}", cx.place)).declare(),
    faulty("stray").artifacts(&[], |cx| cx.insert("../stray", "", Ok("{}".to_owned()))).declare(),
    // Another target writes this file too.
    faulty("copy")
        .artifacts(&[], |cx| cx.insert("process/run.json", "", Ok("{}".to_owned())))
        .declare(),
    faulty("shaky")
        .artifacts(&[], |cx| {
            let name = &cx.plan.app.name;
            assert!(name.is_empty(), "no luck with {name}");
        })
        .declare(),
    faulty("unfit").passes(|| vec![Box::new(WrapsService)]).declare(),
    faulty("bomb").passes(|| vec![Box::new(Nameless)]).declare(),
    transport::<Nothing>("ring").declare(),
    wrapper::<Again>("again").client(ClientSlot::Retry).declare(),
    backend::<Served>("served", &["bp_backend::Cache"])
        .server(
            ServerSpec::new("docker.io/library/served:1", 7000)
                .environment(&[("SERVED_PASSWORD", ServerValue::Secret("password"))]),
        )
        .declare(),
    wrapper::<Again>("crooked").declare(),
    interface("parcel", "Is carried.", "parcel::Parcel", PARCEL)
        .carries(Package {
            name: "parcel",
            files: &[
                ("Cargo.toml", "[package]\nname = \"parcel\"\nversion = \"0.1.0\"\n"),
                ("src/lib.rs", PARCEL),
            ],
        })
        .declare(),
];

const PARCEL: &str = "/// Is carried.\n#[interface]\npub trait Parcel {}\n";

/// Fails where nothing guards it.
#[derive(Debug)]
struct Nameless;

impl Pass for Nameless {
    fn name(&self) -> &'static str {
        assert!(std::env::var(PLAY).is_err(), "out of luck");
        "nameless"
    }

    fn stage(&self) -> Stage {
        Stage::Check
    }

    fn run(&self, _: &mut PassContext<'_>) {}
}

/// Lets one service wrap another, which only wrappers can.
#[derive(Debug)]
struct WrapsService;

impl Pass for WrapsService {
    fn name(&self) -> &'static str {
        "unfit"
    }

    fn stage(&self) -> Stage {
        Stage::Check
    }

    fn run(&self, cx: &mut PassContext<'_>) {
        let (from, to) = (NodeKey::instance("visits"), NodeKey::instance("greeter"));
        let _ = cx.ir.add_edge(&from, &to, EdgeKind::Wraps, GraphOrigin::new(None, "unfit"));
    }
}
