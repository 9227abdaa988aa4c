//! HTTP over real sockets: what every transport must do.

#[path = "../../../../stdlib/runtime/tests/transport/mod.rs"]
mod suite;

suite::of!(bp_rt_http::plugin());
