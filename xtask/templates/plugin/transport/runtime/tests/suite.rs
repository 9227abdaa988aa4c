//! What every transport must do, over real sockets.

#[path = "../../../../stdlib/runtime/tests/transport/mod.rs"]
mod suite;

suite::of!(bp_rt_sample::plugin());
