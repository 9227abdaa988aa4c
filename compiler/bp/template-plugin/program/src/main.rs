//! `bp` with the plugins of this crate.

fn main() -> std::process::ExitCode {
    bp::main(@CRATE@::PLUGINS.iter().copied().fold(bp::builtin(), bp::Registry::with))
}
