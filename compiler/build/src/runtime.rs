//! The runtime that an application names: where it is, and whether it has this version.

use bp_diag::{Diagnostic, Span, catalog};
use bp_emit::RUNTIME_FACADE;
use bp_plan::RuntimeSource;
use bp_system::{EntryKind, System};
use camino::Utf8Path;

/// This compiler's version, which the runtime's must equal.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Where `bp new` puts the runtime, and where it is searched for when the wiring does not name a place.
pub const VENDOR: &str = "vendor/bp";

/// The runtime's folder relative to the application's root; `None` when it is a published version.
///
/// # Errors
/// `BP6012` when there is no runtime in the folder, `BP6008` when it has another version.
pub fn locate(
    system: &dyn System,
    root: &Utf8Path,
    source: &RuntimeSource,
    span: Option<Span>,
) -> Result<Option<String>, Diagnostic> {
    let folder = match source {
        RuntimeSource::Path(path) => path.as_str(),
        RuntimeSource::Unsaid => VENDOR,
        RuntimeSource::Version(version) if version.trim_start_matches('=') == VERSION => {
            return Ok(None);
        }
        RuntimeSource::Version(version) => {
            return Err(catalog::target::runtime_version(version, VERSION, VENDOR, span));
        }
    };
    let at = root.join(folder);
    if system.kind(&at.join(RUNTIME_FACADE.1).join("Cargo.toml")) != Some(EntryKind::File) {
        return Err(catalog::target::no_runtime(folder, span));
    }
    match read_version(system, &at) {
        Some(version) if version == VERSION => Ok(Some(folder.to_owned())),
        Some(version) => Err(catalog::target::runtime_version(&version, VERSION, folder, span)),
        None => Err(catalog::target::no_runtime(folder, span)),
    }
}

/// `[workspace.package] version` of the runtime's root manifest.
fn read_version(system: &dyn System, folder: &Utf8Path) -> Option<String> {
    let text = String::from_utf8(system.read(&folder.join("Cargo.toml")).ok()?).ok()?;
    let manifest: toml::Table = text.parse().ok()?;
    let version = manifest.get("workspace")?.get("package")?.get("version")?;
    version.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use bp_system::MemorySystem;

    use super::*;

    fn with_version(version: &str) -> MemorySystem {
        MemorySystem::new().with_file("/app/vendor/bp/stdlib/std/Cargo.toml", "").with_file(
            "/app/vendor/bp/Cargo.toml",
            format!("[workspace.package]\nversion = \"{version}\"\n"),
        )
    }

    #[test]
    fn a_runtime_is_there_and_of_this_version() {
        let root = Utf8Path::new("/app");
        let system = with_version(VERSION);
        for source in [RuntimeSource::Unsaid, RuntimeSource::Path(VENDOR.into())] {
            assert_eq!(locate(&system, root, &source, None), Ok(Some(VENDOR.to_owned())));
        }
        let code = |system: &MemorySystem, source| {
            locate(system, root, &source, None).expect_err("a fault").code.id
        };
        assert_eq!(code(&with_version("0.0.1"), RuntimeSource::Unsaid), "BP6008");
        assert_eq!(code(&MemorySystem::new(), RuntimeSource::Unsaid), "BP6012");
        assert_eq!(code(&system, RuntimeSource::Version("9.9.9".into())), "BP6008");
        assert_eq!(locate(&system, root, &RuntimeSource::Version(VERSION.into()), None), Ok(None));
    }
}
