//! A `bp` with a plugin that misbehaves, and the program that plays an application.
//!
//! The test binary starts itself with a variable set, so neither needs a crate of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use bp_plugin::emit::Origin;
use bp_plugin::ir::{EdgeKind, NodeKey, Origin as GraphOrigin};
use bp_plugin::{
    ArtifactContext, CheckContext, ClientSlot, Feature, Metadata, Pass, PassContext, Plugin, Reach,
    ServerSpec, ServerValue, Setting, SettingKind, Stage,
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
        .filter(|plugin| plugin.0.id == role)
        .fold(bp::builtin(), |registry, plugin| registry.with(plugin));
    ARMED.store(true, Ordering::Relaxed);
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

/// Whether the compiler has started, for the plugin that panics outside of any hook.
static ARMED: AtomicBool = AtomicBool::new(false);

/// A plugin with one fault or peculiarity, named by its id.
#[derive(Debug)]
struct Faulty(Metadata);

static PLUGINS: [Faulty; 9] = [
    Faulty(Metadata::target("jumpy", &Feature::ALL, "Fails when it is asked to check.")),
    Faulty(Metadata::target("stray", &Feature::ALL, "Writes outside the output folder.")),
    Faulty(Metadata::target("copy", &Feature::ALL, "Writes what another target writes.")),
    Faulty(Metadata::target("shaky", &Feature::ALL, "Fails when it is asked to write.")),
    Faulty(Metadata::target("unfit", &Feature::ALL, "Leaves a graph that makes no sense.")),
    Faulty(Metadata::transport("ring", false, &[], "Carries calls between services only.")),
    Faulty(Metadata::target("bomb", &Feature::ALL, "Fails where nothing guards it.")),
    Faulty(
        Metadata::wrapper("again", ClientSlot::Retry, Reach::Remote, "Wants the slot of `retry`.")
            .settings(&[Setting::new("times", SettingKind::Count, "How often.")])
            .shorthand("times"),
    ),
    Faulty(
        Metadata::backend("served", &["bp_backend::Cache"], false, "Talks to a server.")
            .settings(&[Setting::new("password", SettingKind::Text, "Proof.").secret()])
            .server(
                ServerSpec::new("docker.io/library/served:1", 7000)
                    .environment(&[("SERVED_PASSWORD", ServerValue::Secret("password"))]),
            ),
    ),
];

impl Plugin for Faulty {
    fn metadata(&self) -> &Metadata {
        assert!(self.0.id != "bomb" || !ARMED.load(Ordering::Relaxed), "out of luck");
        &self.0
    }

    fn check(&self, cx: &mut CheckContext<'_>) {
        assert!(self.0.id != "jumpy", "scared of {}", cx.place);
    }

    fn passes(&self) -> Vec<Box<dyn Pass>> {
        if self.0.id == "unfit" { vec![Box::new(WrapsService)] } else { Vec::new() }
    }

    fn artifacts(&self, cx: &mut ArtifactContext<'_>) {
        let path = match self.0.id {
            "stray" => "../stray",
            "copy" => "process/run.json",
            id => {
                assert!(id != "shaky", "no luck with {}", cx.plan.app.name);
                return;
            }
        };
        let written = cx.artifacts.insert(path, "{}", Origin::new(self.0.id, ""));
        cx.diagnostics.extend(written.err());
    }
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
