//! A package as its crate exports it.

use bp_contract::{Package, package};

const PACKAGE: Package = package!();
const MANIFEST: &str = PACKAGE.file("Cargo.toml");

#[test]
fn a_crate_carries_its_manifest_and_all_of_its_sources_in_order() {
    assert_eq!(PACKAGE.name, "bp-contract");
    assert!(MANIFEST.contains("name = \"bp-contract\""), "{MANIFEST}");
    assert_eq!(PACKAGE.file("src/package.rs"), include_str!("../src/package.rs"));
    let paths: Vec<&str> = PACKAGE.files.iter().map(|(path, _)| *path).collect();
    assert!(paths.contains(&"src/lib.rs") && paths.contains(&"src/metric/runtime.rs"));
    assert!(paths.is_sorted() && paths.iter().all(|path| !path.starts_with("tests")), "{paths:?}");
    assert_eq!(PACKAGE.find_file("tests/package.rs"), None);
    assert_eq!(PACKAGE.find_file("src/lib"), None);
}
