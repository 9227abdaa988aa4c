//! The base images: made from Debian packages and this machine's toolchain, pushed to a registry on loopback.

use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Result, ensure};

use super::{output, stores};
use crate::step::{run, run_in};

const PORT: u16 = 5555;
/// What the emitted Dockerfile asks for by default.
const BUILDER: &str = "library/rust:1.95-bookworm";
const RUNTIME: &str = "distroless/cc-debian12:nonroot";

/// Debian's `docker-registry`, until this value is dropped.
pub(super) struct Registry(Child);

impl Registry {
    pub(super) fn start(work: &Path) -> Result<Self> {
        let configuration = work.join("registry.yml");
        let folder = work.join("registry");
        let text = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: 127.0.0.1:{PORT}}}\nlog: {{level: error, accesslog: {{disabled: true}}}}\n",
            folder.display()
        );
        std::fs::write(&configuration, text)?;
        let child = Command::new("docker-registry").arg("serve").arg(configuration).spawn()?;
        let mut registry = Self(child);
        for _ in 0..50 {
            ensure!(registry.0.try_wait()?.is_none(), "the registry ended: is port {PORT} taken?");
            if std::net::TcpStream::connect(("127.0.0.1", PORT)).is_ok() {
                return Ok(registry);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        anyhow::bail!("the registry does not answer")
    }

    pub(super) fn address() -> String {
        format!("127.0.0.1:{PORT}")
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A base image, made from the root folder `root`.
struct BaseImage {
    root: &'static str,
    make: fn(&Path) -> Result<()>,
    name: &'static str,
    /// What the image's configuration says, as `docker import --change` takes it.
    says: &'static str,
}

const BASES: &[BaseImage] = &[
    BaseImage {
        root: "rust-root",
        make: builder,
        name: BUILDER,
        says: "ENV PATH=/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    },
    BaseImage { root: "cc-root", make: runtime, name: RUNTIME, says: "ENV PATH=/usr/bin:/bin" },
    BaseImage {
        root: "stores-root",
        make: stores::build,
        name: "library/memcached:1.6",
        says: "ENTRYPOINT [\"/usr/local/bin/start-memcached\"]",
    },
    BaseImage {
        root: "stores-root",
        make: stores::build,
        name: "library/postgres:17",
        says: "ENTRYPOINT [\"/usr/local/bin/start-postgres\"]",
    },
];

/// Makes each root once, in `work`, and pushes its images.
pub(super) fn build(work: &Path) -> Result<()> {
    for base in BASES {
        let folder = work.join(base.root);
        let made = work.join(format!("{}.made", base.root));
        if !made.exists() {
            if folder.exists() {
                std::fs::remove_dir_all(&folder)?;
            }
            (base.make)(&folder)?;
            std::fs::write(&made, "")?;
        }
        let image = format!("{}/{}", Registry::address(), base.name);
        let imported = work.join(format!("{}.imported", base.name.replace('/', "-")));
        if !imported.exists() {
            import(&folder, &image, base.says)?;
            std::fs::write(&imported, "")?;
        }
        run(&format!("push {image}"), Command::new("docker").args(["push", "--quiet", &image]))?;
    }
    Ok(())
}

fn import(folder: &Path, image: &str, says: &str) -> Result<()> {
    let archive = folder.with_extension("tar");
    run("pack", Command::new("tar").arg("-C").arg(folder).arg("-cf").arg(&archive).arg("."))?;
    run(
        &format!("import {image}"),
        Command::new("docker").args(["import", "--change", says]).arg(&archive).arg(image),
    )?;
    Ok(std::fs::remove_file(archive)?)
}

/// A shell, a C linker and this machine's toolchain.
fn builder(folder: &Path) -> Result<()> {
    run(
        "debootstrap",
        Command::new("debootstrap")
            .args(["--variant=minbase", "--include=ca-certificates,gcc,libc6-dev", "bookworm"])
            .arg(folder)
            .arg("http://deb.debian.org/debian"),
    )?;
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let host = output(Command::new("rustc").args(["--print", "host-tuple"]))?;
    let to = folder.join("usr/local/rust");
    std::fs::create_dir_all(to.join("lib/rustlib"))?;
    let libraries = format!(
        "cp -a {sysroot}/bin {} && cp -a {sysroot}/lib/lib* {}/lib/ && cp -a {sysroot}/lib/rustlib/{host} {}/lib/rustlib/",
        to.display(),
        to.display(),
        to.display()
    );
    run("copy the toolchain", Command::new("sh").args(["-c", &libraries]))?;
    certificates(folder)
}

/// The C library and the files that a program expects: no shell, no package manager.
fn runtime(folder: &Path) -> Result<()> {
    let packages = folder.with_extension("debs");
    std::fs::create_dir_all(&packages)?;
    std::fs::create_dir_all(folder)?;
    let wanted = ["base-files", "gcc-12-base", "libc6", "libgcc-s1", "netbase", "tzdata"];
    let mut download = Command::new("apt-get");
    download.args(["download", "--quiet"]).args(wanted);
    run_in("download packages", &mut download, &packages)?;
    for package in std::fs::read_dir(&packages)? {
        run("unpack", Command::new("dpkg-deb").arg("-x").arg(package?.path()).arg(folder))?;
    }
    for part in ["doc", "man", "locale"] {
        let _ = std::fs::remove_dir_all(folder.join("usr/share").join(part));
    }
    certificates(folder)
}

/// The machine's own certificate authorities: there may be a proxy between it and the registry of crates.
fn certificates(folder: &Path) -> Result<()> {
    let path = "etc/ssl/certs/ca-certificates.crt";
    let to = folder.join(path);
    std::fs::create_dir_all(folder.join("etc/ssl/certs"))?;
    std::fs::copy(Path::new("/").join(path), to)?;
    Ok(())
}
