//! `bp` with the plugins of this crate.

fn main() -> std::process::ExitCode {
    bp::main(bp::builtin().with(&@CRATE@::WRAPPER).with(&@CRATE@::CACHE))
}
