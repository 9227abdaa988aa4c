//! Generates the client from the committed artifact; the golden tests keep it equal to what `bp build` writes.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new("../trees/leaf/local/proto");
    let file = folder.join("leaf.proto");
    println!("cargo::rerun-if-changed={}", file.display());
    let compiled = protox::compile([file], [folder])?;
    tonic_prost_build::configure().build_server(false).compile_fds(compiled)?;
    Ok(())
}
