//! Brings the system up under Compose, calls it, kills its containers, and takes it down.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::{CONTAINED, ProvenExample, output, program};
use crate::step::{root, run_in};

/// The longest time until a process that was started or killed answers.
const PATIENCE: Duration = Duration::from_mins(3);
/// How many calls check that the system still behaves as before.
const READS: &str = "25";

/// Builds the image from the emitted Dockerfile, as the README says, and says its size.
pub(super) fn image(app: &Path, example: &ProvenExample) -> Result<()> {
    let file = format!("build/{CONTAINED}/docker/Dockerfile");
    let image = format!("bp-contained/{}:{CONTAINED}", example.name);
    let mut build = Command::new("docker");
    run_in("image", build.args(["build", "--file", &file, "--tag", &image, "."]), app)?;
    let inspect = ["image", "inspect", "--format", "{{.Size}}", &image];
    let size: f64 = output(Command::new("docker").args(inspect))?.parse()?;
    println!("── {image} has {:.1} MB", size / 1e6);
    Ok(())
}

pub(super) fn prove(app: &Path, example: &ProvenExample) -> Result<()> {
    let system = System { app, example };
    system.expect()?;
    let folder = app.join("build").join(CONTAINED).join("compose");
    let mut search = example.traced.then(TraceSearch::start).transpose()?;
    let collector = search.as_ref().map(|search| format!("http://{}", search.collector));
    let compose = |words: &[&str]| {
        let mut command = Command::new("docker-compose");
        command.envs(collector.iter().map(|to| ("OTEL_EXPORTER_OTLP_ENDPOINT", to)));
        run_in(&words.join(" "), command.args(words), &folder)
    };
    // The image is there: with `--build`, each service would send the folder once more.
    let live = compose(&["up", "--detach"]).and_then(|()| system.live(search.as_mut()));
    if live.is_err() {
        let _ = compose(&["ps"]);
        let _ = compose(&["logs", "--tail", "20"]);
    }
    // Whatever happened, everything is removed.
    compose(&["down", "--volumes"])?;
    live?;
    for what in ["container", "volume", "network"] {
        let found = system.named(what)?;
        ensure!(found.is_empty(), "`down` leaves a {what}: {found:?}");
    }
    println!("── down: nothing is left");
    Ok(())
}

struct System<'a> {
    app: &'a Path,
    example: &'a ProvenExample,
}

impl System<'_> {
    fn project(&self) -> String {
        format!("{}-{CONTAINED}", self.example.name)
    }

    /// Containers, volumes or networks of the project.
    fn named(&self, what: &str) -> Result<Vec<String>> {
        let mut command = Command::new("docker");
        command.args([what, "ls"]);
        if what == "container" {
            command.arg("--all");
        }
        let label = format!("label=com.docker.compose.project={}", self.project());
        let text = output(command.args(["--quiet", "--filter", &label]))?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// The project's running containers and what the engine says of each.
    fn running(&self, format: &str) -> Result<Vec<String>> {
        let label = format!("label=com.docker.compose.project={}", self.project());
        let text =
            output(Command::new("docker").args(["ps", "--filter", &label, "--format", format]))?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    fn workload(&self, address: &str, what: &str, answers: &str, reads: Option<&str>) -> Command {
        let mut command = Command::new(program("workload"));
        let file = format!("workload/{}.toml", self.example.workload);
        command.current_dir(self.app).args([&file, address, what, answers]).args(reads);
        command
    }

    /// Keeps the answers that `local` gives on this machine.
    fn expect(&self) -> Result<()> {
        println!("── local");
        let mut local = LocalRun::start(self.app)?;
        let address = local.entry()?;
        println!("── local: {}", output(&mut self.workload(&address, "keep", "answers", None))?);
        Ok(())
    }

    fn live(&self, search: Option<&mut TraceSearch>) -> Result<()> {
        let start = Instant::now();
        self.settle("the start", || {
            let states = self.running("{{.Names}}: {{.Status}}")?;
            let waiting = states.iter().find(|state| !state.contains("(healthy)"));
            ensure!(!states.is_empty() && waiting.is_none(), "{waiting:?}");
            Ok(())
        })?;
        let containers = self.running("{{.Names}}")?;
        println!(
            "── {} containers are healthy after {:.1} s",
            containers.len(),
            start.elapsed().as_secs_f64()
        );
        let address = self.published()?;
        if let Some(search) = search {
            // Callers learn a new name within half a second.
            std::thread::sleep(Duration::from_secs(1));
            println!("── {}", search.run(&format!("{address} {}", self.listener()?))?);
        }
        let all = output(&mut self.workload(&address, "compare", "answers", None))?;
        println!("── as local: {all}");
        output(&mut self.workload(&address, "keep", "reads", Some(READS)))?;
        for container in &containers {
            self.kill(container, &address)?;
        }
        let shell = Command::new("docker")
            .args(["run", "--rm", "--entrypoint", "sh"])
            .arg(format!("bp-contained/{}:{CONTAINED}", self.example.name))
            .output()?;
        ensure!(!shell.status.success(), "the image contains a shell");
        Ok(())
    }

    /// Kills a container's process; the engine starts it again, and the system answers as before.
    fn kill(&self, container: &str, address: &str) -> Result<()> {
        let inspect = |field: &str| {
            output(Command::new("docker").args(["inspect", "--format", field, container]))
        };
        let pid = inspect("{{.State.Pid}}")?;
        output(Command::new("kill").args(["-9", &pid]))?;
        let start = Instant::now();
        self.settle(container, || {
            ensure!(inspect("{{.RestartCount}}")? != "0", "it was not started again");
            let health = inspect("{{.State.Health.Status}}")?;
            ensure!(health == "healthy", "it is {health}");
            output(&mut self.workload(address, "compare", "reads", Some(READS))).map(|_| ())
        })?;
        println!("── {container}: killed, and well after {:.1} s", start.elapsed().as_secs_f64());
        Ok(())
    }

    fn settle(&self, what: &str, holds: impl Fn() -> Result<()>) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while let Err(error) = holds() {
            if Instant::now() > end {
                return Err(error.context(format!("{what} in {}", self.project())));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    /// The gRPC and the admin address of a process, on a network that the containers and this machine share.
    fn listener(&self) -> Result<String> {
        let container = self.running("{{.Names}}")?.into_iter().find(|name| name.contains("geo_"));
        let container = container.context("no container of `geo`")?;
        let format = "{{range .Config.Env}}{{println .}}{{end}}{{range $name, $at := .NetworkSettings.Networks}}{{$name}} {{println $at.IPAddress}}{{end}}";
        let inspect = ["inspect", "--format", format, &container];
        let text = output(Command::new("docker").args(inspect))?;
        let ip = text.lines().find_map(|line| line.split_once("_calls ")).context("no address")?.1;
        let port = |end: &str| {
            let bound = text.lines().find_map(|line| {
                let (name, at) = line.split_once("=0.0.0.0:")?;
                (name.starts_with("BP_BIND_") && name.ends_with(end)).then_some(at)
            });
            bound.with_context(|| format!("{container} does not publish {end}"))
        };
        Ok(format!("{ip}:{} {ip}:{}", port("_GRPC")?, port("_ADMIN")?))
    }

    /// The address on this machine at which the system is published.
    fn published(&self) -> Result<String> {
        let ports = self.running("{{.Ports}}")?;
        let mut all = ports.iter().flat_map(|line| line.split(", "));
        let found = all.find_map(|port| port.strip_prefix("127.0.0.1:")?.split_once("->"));
        let (port, _) = found.context("nothing is published")?;
        Ok(format!("127.0.0.1:{port}"))
    }
}

/// The program that collects traces and makes one, until this value is dropped.
struct TraceSearch {
    child: Child,
    /// Where containers send their spans.
    collector: String,
    said: BufReader<ChildStdout>,
}

impl TraceSearch {
    /// It listens on the engine's bridge, which every container can reach and no other machine.
    fn start() -> Result<Self> {
        let format = "{{index .Options \"com.docker.network.bridge.name\"}}";
        let inspect = ["network", "inspect", "bridge", "--format", format];
        let bridge = output(Command::new("docker").args(inspect))?;
        let address =
            output(Command::new("ip").args(["-4", "-brief", "address", "show", &bridge]))?;
        let ip = address.split_whitespace().nth(2).and_then(|field| field.split('/').next());
        let ip = ip.with_context(|| format!("{bridge} has no address: {address}"))?;
        let mut command = Command::new(program("search"));
        command.arg(format!("{ip}:0")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut said = BufReader::new(child.stdout.take().context("stdout is piped")?);
        let mut port = String::new();
        said.read_line(&mut port)?;
        ensure!(!port.is_empty(), "the search program did not start");
        Ok(Self { child, collector: format!("{ip}:{}", port.trim()), said })
    }

    /// Tells it where to ask, and returns what it prints.
    fn run(&mut self, addresses: &str) -> Result<String> {
        let mut stdin = self.child.stdin.take().context("it is asked once")?;
        writeln!(stdin, "{addresses}")?;
        let mut line = String::new();
        self.said.read_line(&mut line)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "the search ended with {status}");
        Ok(line.trim().to_owned())
    }
}

impl Drop for TraceSearch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `bp run local`, until this value is dropped.
struct LocalRun(Child);

impl LocalRun {
    fn start(app: &Path) -> Result<Self> {
        let mut command = Command::new(program("bp"));
        command.args(["run", "local", "--fresh"]).current_dir(app);
        // What the golden tests have compiled is there.
        command.env("CARGO_TARGET_DIR", root().join("target/generated"));
        Ok(Self(command.env("NO_COLOR", "1").stderr(Stdio::piped()).spawn()?))
    }

    /// Where it listens for the outside world, once it is ready.
    fn entry(&mut self) -> Result<String> {
        let mut lines = BufReader::new(self.0.stderr.take().context("stderr is piped")?);
        let mut entry = None;
        let mut line = String::new();
        while lines.read_line(&mut line)? > 0 {
            if let [_, _, at, _, ..] = line.split_whitespace().collect::<Vec<_>>().as_slice()
                && at.starts_with("127.0.0.1:")
            {
                entry = Some((*at).to_owned());
            }
            if line.contains("ready")
                && let Some(entry) = entry.take()
            {
                // The pipe must be read to its end, or the system would stop when it is full.
                std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
                return Ok(entry);
            }
            line.clear();
        }
        bail!("`bp run local` did not become ready")
    }
}

impl Drop for LocalRun {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}
