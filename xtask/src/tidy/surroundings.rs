//! The runtime and the transports reach the network and files through `Surroundings` alone, so that a test can give them others.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use crate::source_files::{cut_tests, is_test, list_files, relative_name};

/// Where the real network and real files are.
const REAL: &str = "stdlib/runtime/src/surroundings/";
/// Paths and types that reach a socket or a file.
const DIRECT: [&str; 7] = [
    "std::fs",
    "tokio::fs",
    "TcpStream",
    "TcpListener",
    "TcpSocket",
    "HttpConnector",
    "lookup_host",
];

pub(crate) fn check(root: &Path, faults: &mut Vec<String>) -> Result<()> {
    let mut files = Vec::new();
    for folder in ["stdlib/runtime/src", "plugins", "xtask/templates/plugin"] {
        for path in list_files(&root.join(folder), "rs")? {
            files.push((relative_name(root, &path), std::fs::read_to_string(&path)?));
        }
    }
    check_files(&files, faults);
    Ok(())
}

fn check_files(files: &[(String, String)], faults: &mut Vec<String>) {
    let transports: BTreeSet<&str> = files
        .iter()
        .filter(|(_, text)| text.contains("TransportPlugin for "))
        .filter_map(|(name, _)| name.split_once("/runtime/src/").map(|(folder, _)| folder))
        .collect();
    let is_ours = |name: &str| match name.split_once("/runtime/src/") {
        // The trait itself is in the runtime.
        Some(("stdlib", _)) => !name.starts_with(REAL),
        Some((folder, _)) => transports.contains(folder),
        None => false,
    };
    for (name, text) in files.iter().filter(|(name, _)| is_ours(name) && !is_test(name)) {
        for (number, line) in cut_tests(text).lines().enumerate() {
            let code = !line.trim_start().starts_with("//");
            if let Some(direct) = DIRECT.into_iter().find(|direct| code && line.contains(direct)) {
                faults.push(format!(
                    "{name}:{}: `{direct}` reaches the machine directly; go through `Surroundings`",
                    number + 1
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_and_transports_reach_the_machine_through_surroundings() {
        let transport = "impl TransportPlugin for Fast {}";
        let files = [
            ("stdlib/runtime/src/app/mod.rs", "// std::fs\n\nstd::fs::read(path);\n"),
            ("stdlib/runtime/src/app/plan.rs", "#[cfg(test)]\nuse tokio::net::TcpStream;\n"),
            ("stdlib/runtime/src/app/tests.rs", "use tokio::net::TcpStream;\n"),
            ("stdlib/runtime/src/surroundings/files.rs", "std::fs::read(path);\n"),
            ("plugins/fast/runtime/src/lib.rs", transport),
            ("plugins/fast/runtime/src/client.rs", "use tokio::net::TcpStream;\n"),
            ("plugins/disk/runtime/src/lib.rs", "std::fs::read(path);\n"),
        ];
        let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let mut faults = Vec::new();
        check_files(&files, &mut faults);
        assert_eq!(
            faults,
            [
                "stdlib/runtime/src/app/mod.rs:3: `std::fs` reaches the machine directly; go through `Surroundings`",
                "plugins/fast/runtime/src/client.rs:1: `TcpStream` reaches the machine directly; go through `Surroundings`",
            ]
        );
    }
}
