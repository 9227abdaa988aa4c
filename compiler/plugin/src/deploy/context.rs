//! The folder that a Docker build reads, and paths in it.

use std::collections::BTreeSet;

use bp_diag::{Diagnostic, catalog};
use bp_plan::{CrateSource, Plan, RuntimeSource};

use super::OutputLocation;

/// Where the runtime is when the wiring does not say.
const VENDOR: &str = "vendor/bp";

/// The generated workspace's folder in the output.
const RUST: &str = "rust";

/// A build's folder: the application's own, or the nearest one above it that holds the runtime and the workflow too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildContext {
    /// The path from the application's folder to it: empty, `..`, `../..`.
    pub up: String,
    /// The runtime's folder in it; empty when that is the build's folder itself; `None` when crates are published.
    pub runtime: Option<String>,
    /// The workflow's folder in it.
    pub workflow: String,
    /// The output folder in it.
    pub out: String,
    /// Further files and folders in it.
    pub include: Vec<String>,
    /// The folders in it of the crates that the workflow depends on by path, sorted; without those in folders that are listed already or hold the runtime.
    pub crates: Vec<String>,
    /// The folders in it of the packages that plugins carry, sorted.
    pub carried: Vec<String>,
}

impl BuildContext {
    /// The build's folder of a plan.
    ///
    /// # Errors
    /// `BP6045` when the output is not below the application's folder, a Dockerfile cannot hold a path, or a crate's folder is around the output.
    pub fn of(plan: &Plan, place: &OutputLocation) -> Result<Self, Diagnostic> {
        let bad = catalog::target::no_build_context;
        let Some(from_root) = &place.from_root else {
            return Err(bad(
                &place.to_root,
                "the output folder is outside the application's folder",
            ));
        };
        let runtime = match &plan.app.runtime {
            RuntimeSource::Path(path) => Some(path.as_str()),
            RuntimeSource::Unsaid => Some(VENDOR),
            RuntimeSource::Version(_) => None,
        };
        let include = plan.images.iter().flat_map(|images| &images.include);
        let include: Vec<&str> = include.map(String::as_str).collect();
        let workflow = plan.app.workflow_path.as_str();
        let crates = list_crates(plan);
        let paths = runtime.iter().chain([&workflow]).chain(&include).chain(&crates);
        let levels = paths.map(|path| levels_up(path)).max().unwrap_or(0);
        let Some(below) = place.below(levels) else {
            return Err(bad(workflow, "it is above the root of the file system"));
        };
        let at = |path: &str| {
            let path = join_below(&below, path);
            if path.split('/').all(|part| part.is_empty() || is_plain(part)) {
                Ok(path)
            } else {
                Err(bad(&path, "the path contains characters that a Dockerfile must quote"))
            }
        };
        let carried = plan.app.carried.iter();
        let mut context = Self {
            up: vec![".."; levels].join("/"),
            runtime: runtime.map(at).transpose()?,
            workflow: at(workflow)?,
            out: at(from_root)?,
            include: include.into_iter().map(at).collect::<Result<_, _>>()?,
            crates: Vec::new(),
            carried: carried
                .map(|name| at(&format!("{from_root}/{RUST}/{name}")))
                .collect::<Result<_, _>>()?,
        };
        for path in crates {
            let folder = at(path)?;
            if is_in(&context.out, &folder) {
                return Err(bad(path, "the folder of a crate is around the output folder"));
            }
            context.add_crate(folder);
        }
        context.crates.sort();
        Ok(context)
    }

    /// The folder of the generated workspace in it.
    pub fn rust(&self) -> String {
        format!("{}/{RUST}", self.out)
    }

    /// The parts of the runtime's folder that a build reads; the folder may be a whole repository.
    pub fn list_runtime_parts(&self) -> Vec<String> {
        let Some(folder) = &self.runtime else { return Vec::new() };
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        ["Cargo.toml", "stdlib", "plugins"].map(|part| format!("{prefix}{part}")).into()
    }

    /// Adds the folder of a crate, unless one around it is there already.
    fn add_crate(&mut self, folder: String) {
        let parts = self.list_runtime_parts();
        let mut listed = parts.iter().chain(&self.include).chain(&self.crates);
        if !listed.any(|around| is_in(&folder, around)) {
            self.crates.push(folder);
        }
    }
}

/// Whether a path is a folder or in it; both are below the same folder, which is the empty path.
pub fn is_in(path: &str, folder: &str) -> bool {
    match path.strip_prefix(folder) {
        Some(rest) => folder.is_empty() || rest.is_empty() || rest.starts_with('/'),
        None => false,
    }
}

/// The folders of the crates that the workflow depends on by path, from the application's folder, those around others first.
fn list_crates(plan: &Plan) -> BTreeSet<&str> {
    let read = plan.app.crates.values().map(|krate| krate.path.as_str());
    let interfaces = plan.app.interface_crates.values().filter_map(|krate| match &krate.source {
        CrateSource::Path(path) => Some(path.as_str()),
        CrateSource::Requirement(_) => None,
    });
    read.chain(interfaces).collect()
}

/// How many folders a relative path climbs before it goes down.
fn levels_up(path: &str) -> usize {
    path.split('/').take_while(|part| *part == "..").count()
}

/// A path below a folder, `..` resolved.
fn join_below(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Whether a part of a path is the same in a shell, in JSON and in a Dockerfile.
fn is_plain(part: &str) -> bool {
    part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) && !part.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_climb_and_come_down() {
        assert_eq!((levels_up("../../a/.."), levels_up("a/..")), (2, 0));
        assert_eq!(join_below("examples/leaf", "../.."), "");
        assert_eq!(join_below("examples/leaf", "workflow"), "examples/leaf/workflow");
        assert_eq!(join_below("", "build/./x"), "build/x");
    }

    #[test]
    fn a_folder_is_around_what_is_in_it() {
        assert!(is_in("a/b", "a") && is_in("a", "a") && is_in("a/b", ""));
        assert!(!is_in("ab", "a") && !is_in("a", "a/b"));
    }

    #[test]
    fn a_part_is_no_syntax() {
        for bad in ["a b", "$(x)", "a\"", "a\nb", "-x", "a;b", "é"] {
            assert!(!is_plain(bad), "{bad:?}");
        }
        assert!(is_plain("..a_b-1.0"));
    }
}
