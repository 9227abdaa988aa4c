//! `bp` with the plugins of this crate.

fn main() -> std::process::ExitCode {
    bp::main(@CRATE@::PLUGINS.into_iter().fold(bp::builtin(), bp::Registry::with))
}
