//! The folder that a Docker build reads, and paths in it.

use bp_diag::{Diagnostic, catalog};
use bp_plan::{Plan, RuntimeSource};

use super::OutputLocation;

/// Where the runtime is when the wiring does not say.
const VENDOR: &str = "vendor/bp";

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
}

impl BuildContext {
    /// The build's folder of a plan.
    ///
    /// # Errors
    /// `BP6045` when the output is not below the application's folder, or a Dockerfile cannot hold a path.
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
        let levels = runtime.iter().chain([&workflow]).chain(&include).map(|p| levels_up(p)).max();
        let levels = levels.unwrap_or(0);
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
        Ok(Self {
            up: vec![".."; levels].join("/"),
            runtime: runtime.map(at).transpose()?,
            workflow: at(workflow)?,
            out: at(from_root)?,
            include: include.into_iter().map(at).collect::<Result<_, _>>()?,
        })
    }
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
    fn a_part_is_no_syntax() {
        for bad in ["a b", "$(x)", "a\"", "a\nb", "-x", "a;b", "é"] {
            assert!(!is_plain(bad), "{bad:?}");
        }
        assert!(is_plain("..a_b-1.0"));
    }
}
