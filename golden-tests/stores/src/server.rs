//! Real servers, started on a free port with a folder of their own.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::free_port;

/// How long a server may take to start on a busy machine.
const START: Duration = Duration::from_mins(1);

/// A server's program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// memcached, with 256 MiB.
    Memcached,
    /// Redis, which syncs each write to its file before it answers.
    Redis,
    /// SecantusDB, an independent server that speaks MongoDB's protocol.
    Mongodb,
    /// PostgreSQL, with an English collation, whose order differs from code points.
    Postgres,
}

impl Kind {
    /// The program, or what to install.
    ///
    /// # Errors
    /// It is not there.
    pub fn program(self) -> Result<PathBuf, String> {
        match self {
            Self::Memcached => on_path("memcached"),
            Self::Redis => on_path("redis-server"),
            Self::Mongodb => on_path("python3").filter(|python| has_secantus(python)),
            Self::Postgres => postgres_folder().map(|folder| folder.join("postgres")),
        }
        .ok_or_else(|| format!("{self:?} is not installed: {}", self.installation()))
    }

    /// The kind that a backend's plugin talks to, by the plugin's id.
    pub fn of_plugin(id: &str) -> Option<Self> {
        Some(match id {
            "memcached" => Self::Memcached,
            "mongodb" => Self::Mongodb,
            "postgres" => Self::Postgres,
            "redis" => Self::Redis,
            _ => return None,
        })
    }

    /// What to type, on Debian.
    fn installation(self) -> &'static str {
        match self {
            Self::Memcached => "apt-get install memcached",
            Self::Redis => "apt-get install redis-server",
            Self::Mongodb => "pip install secantusdb",
            Self::Postgres => "apt-get install postgresql",
        }
    }
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn has_secantus(python: &Path) -> bool {
    let look = "import importlib.util as u, sys; sys.exit(u.find_spec('secantus') is None)";
    Command::new(python).args(["-c", look]).status().is_ok_and(|status| status.success())
}

/// Debian keeps several versions side by side, none of them on the path.
fn postgres_folder() -> Option<PathBuf> {
    if let Some(initdb) = on_path("initdb") {
        return initdb.parent().map(Path::to_owned);
    }
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    versions
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("initdb").is_file())
        .max()
}

/// A server that ends with this value.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    program: PathBuf,
    folder: TempDir,
    port: u16,
    owner: Option<(u32, u32)>,
    /// The password that Redis and PostgreSQL ask for, if any.
    password: Option<String>,
    child: Option<Child>,
}

impl Server {
    /// Starts a server with nothing in it.
    ///
    /// # Errors
    /// It is not installed or does not start; the message says more.
    pub fn start(kind: Kind) -> Result<Self, String> {
        let mut server = Self::prepare(kind, None)?;
        server.up()?;
        Ok(server)
    }

    /// Starts a server that requires a password.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn guarded(kind: Kind, password: &str) -> Result<Self, String> {
        let mut server = Self::prepare(kind, Some(password))?;
        server.up()?;
        Ok(server)
    }

    /// A server with a port that is not started yet.
    ///
    /// # Errors
    /// It is not installed.
    fn prepare(kind: Kind, password: Option<&str>) -> Result<Self, String> {
        let program = kind.program()?;
        let failed = |error: io::Error| format!("{kind:?}: {error}");
        let folder = tempfile::Builder::new().prefix("bp-store-").tempdir().map_err(failed)?;
        // PostgreSQL and memcached refuse to run as root; what pip installs as root is for root.
        let owner = (rustix::process::geteuid().is_root() && kind != Kind::Mongodb)
            .then(|| user("postgres").or_else(|| user("nobody")))
            .flatten();
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group)).map_err(failed)?;
        }
        let port = free_port().map_err(failed)?;
        let password = password.map(str::to_owned);
        let server = Self { kind, program, folder, port, owner, password, child: None };
        if kind == Kind::Postgres {
            server.initialise()?;
        }
        Ok(server)
    }

    /// Where it listens, on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes a user with all rights, who logs in with a password where the server asks for one.
    ///
    /// # Errors
    /// The server refuses, or knows no users.
    pub fn add_user(&self, name: &str, password: &str) -> Result<(), String> {
        let port = self.port.to_string();
        let mut command = match self.kind {
            Kind::Postgres => {
                let beside = self.program.with_file_name("psql");
                let psql = Some(beside).filter(|file| file.is_file());
                let psql = psql.or_else(|| on_path("psql")).ok_or("psql is not installed")?;
                let mut command = self.command(&psql);
                let role = format!("CREATE ROLE {name} SUPERUSER LOGIN PASSWORD '{password}'");
                command.args(["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-c", &role]);
                command
            }
            Kind::Mongodb => {
                let mut command = self.command(&self.program);
                let script = "import pymongo, sys\n\
                              client = pymongo.MongoClient('127.0.0.1', int(sys.argv[1]))\n\
                              client.admin.command('createUser', sys.argv[2], pwd=sys.argv[3], roles=['root'])";
                command.args(["-c", script, &port, name, password]);
                command
            }
            Kind::Memcached | Kind::Redis => return Err(format!("{:?} knows no users", self.kind)),
        };
        let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("{:?}: {}", self.kind, String::from_utf8_lossy(&output.stderr)))
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).current_dir(self.folder.path());
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    fn initialise(&self) -> Result<(), String> {
        let mut command = self.command(&self.program.with_file_name("initdb"));
        command.args(["-D", "data", "-U", "postgres", "--no-sync", "--encoding=UTF8"]).args([
            "--locale=C.UTF-8",
            "--locale-provider=icu",
            "--icu-locale=en-US",
        ]);
        if let Some(password) = &self.password {
            fs::write(self.folder.path().join("password"), password)
                .map_err(|error| format!("initdb: {error}"))?;
            command.args(["-A", "scram-sha-256", "--pwfile=password"]);
        } else {
            command.args(["-A", "trust"]);
        }
        let output = command.output().map_err(|error| format!("initdb: {error}"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(format!("initdb: {}", String::from_utf8_lossy(&output.stderr)))
    }

    fn arguments(&self) -> Vec<String> {
        let port = self.port.to_string();
        let text: &[&str] = match self.kind {
            Kind::Memcached => {
                &["-l", "127.0.0.1", "-p", &port, "-U", "0", "-m", "256", "-c", "4096"]
            }
            Kind::Redis => &[
                "--bind",
                "127.0.0.1",
                "--port",
                &port,
                "--save",
                "",
                "--appendonly",
                "yes",
                "--appendfsync",
                "always",
            ],
            Kind::Mongodb => &[
                "-m",
                "secantus",
                "--host",
                "127.0.0.1",
                "--port",
                &port,
                "--storage-path",
                "data",
                "--sync-on-commit",
                "--standalone",
                "--log-level",
                "WARNING",
            ],
            // Writes of a killed process are in the machine's page cache, so no fsync is needed.
            Kind::Postgres => &[
                "-D",
                "data",
                "-p",
                &port,
                "-h",
                "127.0.0.1",
                "-k",
                ".",
                "-c",
                "fsync=off",
                "-c",
                "max_connections=600",
                "-c",
                "shared_buffers=64MB",
            ],
        };
        let mut arguments: Vec<String> = text.iter().map(|&text| text.to_owned()).collect();
        if let (Kind::Redis, Some(password)) = (self.kind, &self.password) {
            arguments.extend(["--requirepass".to_owned(), password.clone()]);
        }
        arguments
    }

    /// Starts it with its existing content, and waits until it accepts connections.
    ///
    /// # Errors
    /// It does not start; the message has the end of its log.
    pub fn up(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + START;
        loop {
            self.launch()?;
            while self.is_running() {
                if self.is_ready() {
                    return Ok(());
                }
                if Instant::now() > deadline {
                    return Err(format!("{:?} does not listen: {}", self.kind, self.log()));
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            // PostgreSQL does not start while processes of the killed server still run.
            if Instant::now() > deadline {
                return Err(format!("{:?} does not start: {}", self.kind, self.log()));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn launch(&mut self) -> Result<(), String> {
        let failed = |error: io::Error| format!("{}: {error}", self.program.display());
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .map_err(failed)?;
        let mut command = self.command(&self.program);
        let errors = log.try_clone().map_err(failed)?;
        command.args(self.arguments()).stdout(log).stderr(errors);
        self.child = Some(command.spawn().map_err(failed)?);
        Ok(())
    }

    /// Whether it takes requests: PostgreSQL listens before it has recovered, and refuses until then.
    fn is_ready(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        if self.kind != Kind::Postgres {
            return true;
        }
        // Length, protocol 3.0, parameters; the answer begins with `R` for "authenticate" or `E`.
        let mut answer = [0];
        let greeting = b"\0\0\0\x17\0\x03\0\0user\0postgres\0\0";
        let asked = stream
            .set_read_timeout(Some(Duration::from_secs(5)))
            .and_then(|()| stream.write_all(greeting))
            .and_then(|()| stream.read_exact(&mut answer));
        asked.is_ok() && answer == *b"R"
    }

    fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    fn log(&self) -> String {
        let text = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        text.lines().rev().take(10).collect::<Vec<_>>().join(" | ")
    }

    /// The server's processes: a child may have children.
    fn processes(&self) -> Vec<Pid> {
        let Some(child) = &self.child else { return Vec::new() };
        let mut found = Vec::new();
        found.extend(i32::try_from(child.id()).ok().and_then(Pid::from_raw));
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let pid = entry.file_name().to_string_lossy().parse::<i32>().ok();
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            // After the name, which may contain anything, come the state and the parent.
            let parent =
                stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
            if parent == Some(child.id()) {
                found.extend(pid.and_then(Pid::from_raw));
            }
        }
        found
    }

    fn signal(&self, signal: Signal) {
        for process in self.processes() {
            // A process that has ended needs no signal.
            let _ = kill_process(process, signal);
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        if let Some(mut child) = self.child.take() {
            let _ = child.wait();
        }
    }

    /// Freezes the server, or lets it go on.
    ///
    /// A signal takes effect later: a thread on another core runs on for a moment, and may answer.
    /// So this returns when every thread has stopped.
    ///
    /// # Panics
    ///
    /// If the server has not stopped after ten seconds.
    pub fn freeze(&self, frozen: bool) {
        self.signal(if frozen { Signal::STOP } else { Signal::CONT });
        let deadline = Instant::now() + Duration::from_secs(10);
        while frozen && !self.processes().into_iter().all(is_stopped) {
            assert!(Instant::now() < deadline, "{:?} does not stop", self.kind);
            // A process that started meanwhile got no signal.
            self.signal(Signal::STOP);
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether every thread of a process is stopped, or the process has ended.
fn is_stopped(process: Pid) -> bool {
    let threads = fs::read_dir(format!("/proc/{}/task", process.as_raw_nonzero()));
    threads.into_iter().flatten().flatten().all(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        // The state comes after the name, which may contain anything.
        stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['T', 't', 'Z', 'X']))
    })
}

/// User and group of a name.
fn user(name: &str) -> Option<(u32, u32)> {
    let text = fs::read_to_string("/etc/passwd").ok()?;
    let line = text.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}
