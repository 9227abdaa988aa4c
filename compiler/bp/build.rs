//! Embeds the sources of the runtime and of the compiler, so that an installed `bp` can start an application, or a plugin, anywhere.

#![expect(clippy::disallowed_methods, reason = "a build script reads the repository itself")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let mut files = BTreeMap::new();
    for krate in crates(&repository)? {
        println!("cargo::rerun-if-changed={}", krate.display());
        collect(&repository, &krate, &krate, &mut files)?;
    }
    // What crates include from beside them: the pages of codes.
    let pages = repository.join("docs/errors");
    println!("cargo::rerun-if-changed={}", pages.display());
    collect(&repository, &pages, &pages, &mut files)?;
    // The example that `bp new --example` starts from; what was built there is none of it.
    for part in ["tests", "wiring", "workflow", "workload"] {
        let folder = repository.join("examples/leaf").join(part);
        println!("cargo::rerun-if-changed={}", folder.display());
        if folder.is_dir() {
            collect(&repository, &repository, &folder, &mut files)?;
        }
    }
    for name in ["Cargo.toml", "Cargo.lock"] {
        let path = repository.join(name);
        println!("cargo::rerun-if-changed={}", path.display());
        files.insert(name.to_owned(), path);
    }
    let mut text = String::from("&[\n");
    for (name, path) in files {
        let _ = writeln!(text, "    ({name:?}, include_bytes!({:?})),", path.display().to_string());
    }
    text.push(']');
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("runtime.rs"), text)
}

/// The crates of the runtime, `stdlib/*` and `plugins/*/runtime`, and of the compiler, `compiler/*` and `plugins`.
///
/// The folder of the plugins' compile halves holds the crates of their runtime halves.
fn crates(repository: &Path) -> io::Result<Vec<PathBuf>> {
    let plugins = repository.join("plugins");
    let mut found = folders(&repository.join("stdlib"))?;
    found.extend(folders(&repository.join("compiler"))?);
    found.extend(folders(&plugins)?.into_iter().map(|plugin| plugin.join("runtime")));
    found.push(plugins);
    found.retain(|path| path.join("Cargo.toml").is_file());
    found.sort();
    Ok(found)
}

fn folders(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

fn collect(
    repository: &Path,
    krate: &Path,
    folder: &Path,
    files: &mut BTreeMap<String, PathBuf>,
) -> io::Result<()> {
    for path in folders(folder)? {
        if path.is_dir() {
            // A crate's own tests and benchmarks need the repository around them.
            let own = |name: &str| path == krate.join(name);
            // A plugin's runtime half is collected by itself; cases are read by tests of the repository.
            let inner = krate.ends_with("plugins") && path.ends_with("runtime");
            let unused = path.ends_with("target") || path.ends_with("cases");
            if !own("tests") && !own("benches") && !unused && !inner {
                collect(repository, krate, &path, files)?;
            }
        } else if let Ok(name) = path.strip_prefix(repository) {
            let name: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
            files.insert(name.join("/"), path);
        }
    }
    Ok(())
}
