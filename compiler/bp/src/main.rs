//! `bp` with the plugins that come with it.

/// A large application is millions of small values, whose allocation the system's allocator makes half of a build.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    bp::main(bp::builtin())
}
