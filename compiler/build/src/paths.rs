//! Where folders lie relative to each other, whatever the working directory is.

use bp_plugin::deploy::OutputLocation;
use bp_system::System;
use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

/// The output folder and the application's folder, relative to each other.
pub(crate) fn locate_output(
    system: &dyn System,
    root: &Utf8Path,
    out: &Utf8Path,
) -> OutputLocation {
    let from_root = relative_path(system, root, out);
    let here = system.current_directory().unwrap_or_else(|_| Utf8PathBuf::from("/"));
    OutputLocation {
        to_root: relative_path(system, out, root),
        from_root: (from_root != "." && !from_root.starts_with("..")).then_some(from_root),
        above: path_parts(&here.join(root)).into_iter().rev().collect(),
    }
}

/// The relative path from one folder to another, both relative to the working directory.
pub(crate) fn relative_path(system: &dyn System, from: &Utf8Path, to: &Utf8Path) -> String {
    let here = system.current_directory().unwrap_or_else(|_| Utf8PathBuf::from("/"));
    let from = path_parts(&here.join(from));
    let to = path_parts(&here.join(to));
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from.iter().skip(shared).map(|_| "..");
    let down = to.iter().skip(shared).map(String::as_str);
    let parts: Vec<&str> = up.chain(down).collect();
    if parts.is_empty() { String::from(".") } else { parts.join("/") }
}

/// The parts of a path without `.` and `..`.
pub(crate) fn path_parts(path: &Utf8Path) -> Vec<String> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Utf8Component::Normal(name) => parts.push(name.to_owned()),
            Utf8Component::ParentDir => {
                parts.pop();
            }
            Utf8Component::Prefix(_) | Utf8Component::RootDir | Utf8Component::CurDir => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use bp_system::MemorySystem;

    use super::*;

    #[test]
    fn the_path_back_to_the_root_is_relative() {
        let system = MemorySystem::new();
        let path = |from: &str, to: &str| relative_path(&system, from.into(), to.into());
        assert_eq!(path("build/local/rust/app", ""), "../../../..");
        assert_eq!(path("examples/leaf/build/local/rust/app", "examples/leaf"), "../../../..");
        assert_eq!(path("/tmp/out/rust/app", "work/leaf"), "../../../../work/leaf");
        assert_eq!(path("a", "a"), ".");
    }
}
