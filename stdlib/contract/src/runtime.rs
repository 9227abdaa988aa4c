//! The packages of the runtime: what workflows, runtime halves of plugins and generated code link.

/// The package that workflow and generated code link, and its folder below the runtime's root.
pub const RUNTIME_FACADE: (&str, &str) = ("bp-std", "stdlib/std");

/// The packages of the runtime that other code may name, each with its folder below the runtime's root.
pub const RUNTIME: &[(&str, &str)] = &[
    RUNTIME_FACADE,
    ("bp-backend", "stdlib/backend"),
    ("bp-contract", "stdlib/contract"),
    ("bp-data", "stdlib/data"),
    ("bp-macros", "stdlib/macros"),
    ("bp-runtime", "stdlib/runtime"),
    ("bp-store", "stdlib/store"),
];

/// Whether a package of the runtime has this name.
pub fn is_runtime_package(name: &str) -> bool {
    RUNTIME.iter().any(|(package, _)| *package == name)
}

/// Whether a crate of the runtime has this name in Rust.
pub fn is_runtime_library(name: &str) -> bool {
    // Names of packages are ASCII, so that bytes are characters.
    let folds_to_name = |package: &str| {
        let folded = package.bytes().map(|byte| if byte == b'-' { b'_' } else { byte });
        folded.eq(name.bytes())
    };
    RUNTIME.iter().any(|(package, _)| folds_to_name(package))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_and_its_crate_have_names_of_their_own() {
        assert!(is_runtime_package("bp-contract") && !is_runtime_package("bp_contract"));
        assert!(is_runtime_library("bp_contract") && is_runtime_library("bp_store"));
        assert!(!is_runtime_library("bp-contract") && !is_runtime_library("bp_contract_derive"));
    }

    #[test]
    fn every_folder_holds_the_package_of_that_name() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        for (package, folder) in RUNTIME {
            let manifest = std::fs::read_to_string(format!("{root}/{folder}/Cargo.toml")).unwrap();
            assert!(manifest.contains(&format!("name = \"{package}\"\n")), "{folder}");
        }
    }
}
