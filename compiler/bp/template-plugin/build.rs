//! Lets cargo compile the package again when a file is added below `src`, because the package is text of the program, too.

fn main() {
    println!("cargo::rerun-if-changed=src");
}
