//! `bp` with the plugins that come with it.

/// A large application is millions of small values; with the system's allocator, allocating them takes half of the build time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    bp::main(bp::builtin())
}
