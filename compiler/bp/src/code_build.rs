//! Builds the generated Rust so that wirings with the same text share one binary.
//!
//! Every wiring fact is in the run plan, so `build/<wiring>/rust` without it is the same text for all wirings that name the same plugins.
//! That text is mirrored to `.bp/code/<hash of the text>`, as deep as the original so that relative paths stay valid, and cargo builds there into the shared `.bp/target`: for another wiring with the same text, the binary is up to date.
//! Another text is another program for cargo, because its folders have other names ([`crate::identity`]), so that an older build is never taken for this one.
//! The binary is hard-linked into the mirror and started from there, because the next build of another text replaces the one in `.bp/target`.

#![expect(clippy::disallowed_methods, reason = "what cargo built is linked")]

use std::fs;
use std::process::Command;

use bp_build::Application;
use bp_diag::{Diagnostic, catalog};
use bp_emit::Lock;
use bp_system::{EntryKind, LockGuard, LockMode, System};
use camino::{Utf8Path, Utf8PathBuf};

use crate::cargo::{self, CargoEnd};
use crate::mirrors::Mirrors;
use crate::signals;

/// The plan that a binary embeds; under `bp run` and `bp test`, `BP_PLAN` always overrides it.
const EMBEDDED_PLAN: &str = "app/plan.json";
/// Locked from the start of cargo until its programs are linked: in a target folder that applications share, programs of the same name replace each other.
const BUILDING: &str = ".bp.lock";
const LOCK: &str = "Cargo.lock";
/// The application's lock when the mirror's was last made from it; cargo changes the mirror's own.
const SEED: &str = ".bp-seed.lock";

/// What cargo is to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CargoTarget {
    /// The app's binary.
    Binary,
    /// The app's test binaries.
    Tests,
}

/// How to build.
#[derive(Debug)]
pub(crate) struct CodeBuild<'a> {
    pub(crate) system: &'a dyn System,
    pub(crate) application: &'a Application,
    /// The generated workspace: `build/local/rust`.
    pub(crate) rust: Utf8PathBuf,
    /// The generated package: `leaf-app`.
    pub(crate) package: &'a str,
    pub(crate) locked: bool,
    pub(crate) release: bool,
    pub(crate) quiet: bool,
}

impl CodeBuild<'_> {
    /// Builds a mirror, and returns the executables' paths; `None` if a signal stopped it.
    pub(crate) fn build(
        &self,
        mirrors: &Mirrors<'_>,
        mirror: &Utf8Path,
        what: &[CargoTarget],
        say: &dyn Fn(&str),
    ) -> Result<Option<Executables>, Diagnostic> {
        let (target, _) = mirrors.target();
        let _building = self.lock_target(&target, say);
        let mut all = Executables::default();
        for what in what {
            if let Some(signal) = self.run_cargo(mirror, &target, *what, &mut all)? {
                signals::mark_cut_short(signal);
                say(&format!("{}: cargo was stopped", signals::signal_name(signal)));
                return Ok(None);
            }
        }
        self.keep_lock(mirror, say)?;
        if let Some(binary) = &mut all.binary {
            link_program(binary, mirror);
        }
        Ok(Some(all))
    }

    /// Waits until no other `bp` builds in a target folder; if it cannot be locked, cargo reports why.
    fn lock_target(&self, target: &Utf8Path, say: &dyn Fn(&str)) -> Option<LockGuard> {
        let at = target.join(BUILDING);
        self.system.make_directory(target).ok()?;
        let free = self.system.lock(&at, LockMode::Exclusive, false).ok()?;
        free.or_else(|| {
            say(&format!("another bp is building in {target}; waiting for it"));
            self.system.lock(&at, LockMode::Exclusive, true).ok()?
        })
    }

    /// Copies the generated workspace to the folder named by the hash of its text.
    ///
    /// The mirror is in use until the returned lock is dropped.
    pub(crate) fn mirror(
        &self,
        mirrors: &Mirrors<'_>,
    ) -> Result<(Utf8PathBuf, LockGuard), Diagnostic> {
        let failed = |path: &Utf8Path, e: std::io::Error| {
            catalog::target::cannot_write(path.as_str(), &e.to_string())
        };
        let mut files = Vec::new();
        self.collect_files(Utf8Path::new(""), &mut files).map_err(|e| failed(&self.rust, e))?;
        // Neither the plan nor the lock names the mirror: `BP_PLAN` overrides the one, and cargo changes the other.
        let mut hasher = blake3::Hasher::new();
        for (name, bytes) in files.iter().filter(|(n, _)| n != EMBEDDED_PLAN && n != LOCK) {
            hasher.update(name.as_str().as_bytes());
            hasher.update(&[0]);
            hasher.update(blake3::hash(bytes).as_bytes());
        }
        let mut name = hasher.finalize().to_hex().to_string();
        name.truncate(16);
        let mirror = mirrors.path(&name);
        let lock = mirrors.mark_used(&name).map_err(|e| failed(&mirror, e))?;
        let identity = mirrors.identity(&name);
        let plan = EMBEDDED_PLAN.replacen("app", &identity.member_folder("app"), 1);
        for (name, bytes) in identity.rename(files) {
            let to = mirror.join(&name);
            let now = self.system.read(&to).ok();
            let write = match name.as_str() {
                // Any wiring's embedded plan will do, and another one would make cargo compile the crate again.
                name if name == plan => now.is_none(),
                LOCK => {
                    let seed = mirror.join(SEED);
                    let fresh = self.system.read(&seed).ok().as_ref() != Some(&bytes);
                    if fresh {
                        self.system.write(&seed, &bytes).map_err(|e| failed(&seed, e))?;
                    }
                    fresh || now.is_none()
                }
                _ => now.as_ref() != Some(&bytes),
            };
            if write {
                self.system.write(&to, &bytes).map_err(|e| failed(&to, e))?;
            }
        }
        Ok((mirror, lock))
    }

    fn collect_files(
        &self,
        below: &Utf8Path,
        files: &mut Vec<(Utf8PathBuf, Vec<u8>)>,
    ) -> std::io::Result<()> {
        for (name, kind) in self.system.list(&self.rust.join(below))? {
            let path = below.join(&name);
            match kind {
                // `target` exists if someone ran cargo here by hand.
                EntryKind::Directory if name != "target" => self.collect_files(&path, files)?,
                EntryKind::File => {
                    let bytes = self.system.read(&self.rust.join(&path))?;
                    files.push((path, bytes));
                }
                EntryKind::Directory | EntryKind::Other => {}
            }
        }
        Ok(())
    }

    /// Starts cargo and waits for its end; returns the signal that stopped it, if one did.
    fn run_cargo(
        &self,
        mirror: &Utf8Path,
        target: &Utf8Path,
        what: CargoTarget,
        all: &mut Executables,
    ) -> Result<Option<i32>, Diagnostic> {
        let mut command = Command::new(self.system.variable("CARGO").as_deref().unwrap_or("cargo"));
        match what {
            CargoTarget::Binary => command.args(["build", "--bins"]),
            CargoTarget::Tests => {
                command.args(["test", "--no-run"]);
                for name in self.application.find_tests(self.system) {
                    command.arg("--test").arg(name);
                }
                &mut command
            }
        };
        command
            .args(["--package", self.package, "--message-format=json-render-diagnostics"])
            .arg("--manifest-path")
            .arg(mirror.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", target);
        // Not `--locked`: the application's lock is for all wirings, and cargo would refuse it because of the packages that this one does not use.
        // What cargo had to add is refused afterwards instead.
        if self.release {
            command.arg("--release");
        }
        if self.quiet {
            command.arg("--quiet");
        }
        let failed = |e: std::io::Error| {
            let help = "install cargo, or set CARGO to its path";
            catalog::target::cannot_start("cargo", &e.to_string(), help)
        };
        match cargo::run(command, |line| all.read(line)).map_err(failed)? {
            CargoEnd::Exited(status) if status.success() => Ok(None),
            CargoEnd::Exited(_) => Err(catalog::target::does_not_compile(mirror.as_str())),
            CargoEnd::Interrupted(signal) => Ok(Some(signal)),
        }
    }

    /// Adds the packages that cargo had to add to the mirror's lock to the application's.
    fn keep_lock(&self, mirror: &Utf8Path, say: &dyn Fn(&str)) -> Result<(), Diagnostic> {
        let read = |bytes: Vec<u8>| Lock::parse(std::str::from_utf8(&bytes).ok()?);
        let Some(built) = self.system.read(&mirror.join(LOCK)).ok().and_then(read) else {
            return Ok(());
        };
        let old = self.application.find_cargo_lock(self.system);
        let mut lock = old.as_deref().and_then(Lock::parse).unwrap_or_default();
        let added = lock.merge(&built.without(self.package));
        if added == 0 {
            return Ok(());
        }
        let path = self.application.root.join(LOCK);
        if self.locked {
            return Err(catalog::target::lock_would_change(path.as_str(), &[]));
        }
        self.system
            .write(&path, lock.encode().as_bytes())
            .map_err(|e| catalog::target::cannot_write(path.as_str(), &e.to_string()))?;
        say(&format!("{path}: {added} packages added; commit it"));
        Ok(())
    }

    /// The path from the file system's root.
    pub(crate) fn absolute_path(&self, path: &Utf8Path) -> Utf8PathBuf {
        self.system.current_directory().unwrap_or_default().join(path)
    }
}

/// Links a program into the mirror and uses that path; if that fails, the program is used where cargo put it.
fn link_program(program: &mut String, mirror: &Utf8Path) {
    let from = Utf8Path::new(program.as_str());
    let Some(name) = from.file_name() else { return };
    let to =
        from.parent().and_then(Utf8Path::file_name).map(|profile| mirror.join("bin").join(profile));
    let Some(folder) = to else { return };
    let to = folder.join(name);
    // A running program keeps the file that it was started from.
    let linked = fs::create_dir_all(&folder).and_then(|()| match fs::remove_file(&to) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
        _ => fs::hard_link(from, &to),
    });
    if linked.is_ok() {
        *program = to.into_string();
    }
}

/// What cargo built.
#[derive(Debug, Default)]
pub(crate) struct Executables {
    pub(crate) binary: Option<String>,
    /// Name and path of each test binary.
    pub(crate) tests: Vec<(String, String)>,
}

impl Executables {
    /// Reads one line of cargo's JSON messages.
    fn read(&mut self, line: &str) {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else { return };
        let text = |pointer: &str| message.pointer(pointer).and_then(serde_json::Value::as_str);
        let Some(path) = text("/executable") else { return };
        let harness = message.pointer("/profile/test").and_then(serde_json::Value::as_bool);
        match text("/target/kind/0") {
            // The binary's own unit tests are a program of this kind too.
            Some("bin") if harness == Some(true) => {}
            Some("bin") => self.binary = Some(path.to_owned()),
            Some("test") => {
                let name = text("/target/name").unwrap_or_default();
                self.tests.push((name.to_owned(), path.to_owned()));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_found_in_cargo_s_messages() {
        let mut all = Executables::default();
        for line in [
            r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"a"},"executable":null}"#,
            r#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"a"},"executable":"/t/a"}"#,
            r#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"a"},"profile":{"test":true},"executable":"/t/a-2"}"#,
            r#"{"reason":"compiler-artifact","target":{"kind":["test"],"name":"b"},"executable":"/t/b-1"}"#,
            r#"{"reason":"build-finished","success":true}"#,
            "not JSON",
        ] {
            all.read(line);
        }
        assert_eq!(all.binary.as_deref(), Some("/t/a"));
        assert_eq!(all.tests, [("b".to_owned(), "/t/b-1".to_owned())]);
    }
}
