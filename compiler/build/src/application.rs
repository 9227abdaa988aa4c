//! Finds an application and its wirings.

use bp_diag::{Diagnostic, catalog};
use bp_system::{EntryKind, System};
use camino::{Utf8Path, Utf8PathBuf};

/// The wiring that commands take when none is named.
const DEFAULT_WIRING: &str = "local";

/// An application's folder and one of its wirings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The folder that holds `wiring/`, relative to the working directory; empty when they are the same.
    pub root: Utf8PathBuf,
    /// The wiring file, relative to the working directory.
    pub wiring: Utf8PathBuf,
    /// The wiring's name: the file's without `.toml`.
    pub name: String,
}

impl Application {
    /// Finds a wiring: a file, or the name of one in the nearest application at or above the working directory; `local` when nothing is named.
    ///
    /// # Errors
    /// `BP6009` when there is no application, `BP6010` when it has no such wiring.
    pub fn find(system: &dyn System, named: Option<&str>) -> Result<Self, Diagnostic> {
        if let Some(named) = named
            && system.kind(Utf8Path::new(named)) == Some(EntryKind::File)
        {
            return Ok(Self::of_file(Utf8Path::new(named)));
        }
        let root = Self::find_root(system)?;
        let named = named.unwrap_or(DEFAULT_WIRING);
        let folder = root.join("wiring");
        let stem = named.strip_suffix(".toml").unwrap_or(named);
        let file = folder.join(format!("{stem}.toml"));
        // A name with `/` is a path that was not found above.
        if !stem.contains('/') && system.kind(&file) == Some(EntryKind::File) {
            return Ok(Self { root, wiring: file, name: stem.to_owned() });
        }
        Err(catalog::target::no_wiring(named, &Self::list_wirings(system, &root)))
    }

    /// The nearest folder with a folder `wiring`, relative to the working directory.
    ///
    /// # Errors
    /// `BP6009` when there is none.
    pub fn find_root(system: &dyn System) -> Result<Utf8PathBuf, Diagnostic> {
        let here = system.current_directory().unwrap_or_else(|_| Utf8PathBuf::from("."));
        let mut root = Utf8PathBuf::new();
        for _ in here.ancestors() {
            if system.kind(&root.join("wiring")) == Some(EntryKind::Directory) {
                return Ok(root);
            }
            root.push("..");
        }
        Err(catalog::target::no_application(here.as_str()))
    }

    /// The names of an application's wirings, sorted.
    pub fn list_wirings(system: &dyn System, root: &Utf8Path) -> Vec<String> {
        let names = system.list(&root.join("wiring")).unwrap_or_default();
        names
            .into_iter()
            .filter(|(_, kind)| *kind == EntryKind::File)
            .filter_map(|(name, _)| name.strip_suffix(".toml").map(str::to_owned))
            .collect()
    }

    fn of_file(file: &Utf8Path) -> Self {
        let folder = file.parent().unwrap_or(Utf8Path::new(""));
        let root = match (folder.file_name(), folder.parent()) {
            // `a/wiring/local.toml`: the application is `a`.
            (Some("wiring"), Some(parent)) => parent.to_owned(),
            // A file elsewhere belongs to the application around its folder.
            (_, _) if folder.as_str().is_empty() => Utf8PathBuf::from(".."),
            (_, _) => folder.join(".."),
        };
        let name = file.file_stem().unwrap_or(DEFAULT_WIRING).to_owned();
        Self { root, wiring: file.to_owned(), name }
    }

    /// Where this wiring's output goes by default.
    pub fn output(&self) -> Utf8PathBuf {
        self.root.join("build").join(&self.name)
    }

    /// File stems of the application's `tests/*.rs`, sorted.
    pub fn find_tests(&self, system: &dyn System) -> Vec<String> {
        let names = system.list(&self.root.join("tests")).unwrap_or_default();
        names
            .into_iter()
            .filter(|(_, kind)| *kind == EntryKind::File)
            .filter_map(|(name, _)| name.strip_suffix(".rs").map(str::to_owned))
            .collect()
    }

    /// The lock that the application's crates resolve with: its own `Cargo.lock`, or that of a Cargo workspace around it.
    pub fn find_cargo_lock(&self, system: &dyn System) -> Option<String> {
        let here = system.current_directory().unwrap_or_default().join(&self.root);
        let mut folder = self.root.clone();
        for _ in here.ancestors() {
            if let Ok(bytes) = system.read(&folder.join("Cargo.lock")) {
                return String::from_utf8(bytes).ok();
            }
            folder.push("..");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use bp_system::MemorySystem;

    use super::*;

    fn system() -> MemorySystem {
        MemorySystem::new()
            .with_file("/wiring/local.toml", "")
            .with_file("/wiring/monolith.toml", "")
            .with_file("/wiring/notes.md", "")
            .with_file("/tests/a.rs", "")
            .with_file("/tests/common/mod.rs", "")
            .with_file("/other/wiring/x.toml", "")
    }

    #[test]
    fn a_wiring_is_found_by_name_by_file_and_by_default() {
        let system = system();
        for named in [None, Some("local"), Some("local.toml"), Some("wiring/local.toml")] {
            let found = Application::find(&system, named).expect("found");
            assert_eq!(found.wiring, "wiring/local.toml");
            assert_eq!((found.root.as_str(), found.name.as_str()), ("", "local"));
            assert_eq!(found.output(), "build/local");
            assert_eq!(found.find_tests(&system), ["a"]);
        }
        let other = Application::find(&system, Some("other/wiring/x.toml")).expect("found");
        assert_eq!((other.root.as_str(), other.name.as_str()), ("other", "x"));
    }

    #[test]
    fn what_is_missing_is_said_with_a_suggestion() {
        let fault = Application::find(&system(), Some("monolit")).expect_err("mistyped");
        assert_eq!(fault.code.id, "BP6010");
        assert!(fault.help.iter().any(|h| h.contains("`monolith`")), "{:?}", fault.help);
        let fault = Application::find(&MemorySystem::new(), None).expect_err("empty");
        assert_eq!(fault.code.id, "BP6009");
    }
}
