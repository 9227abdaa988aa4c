//! What a caller inside the process hears of a reply, asked as the suite of transports asks it.

#![expect(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "the suite has what needs a transport too"
)]

#[path = "../../runtime/tests/transport/mod.rs"]
mod suite;

use std::sync::Arc;

use bp_std::rt::{Client, Codec, Edge, Encoded};
use suite::probe::INTERFACE;
use suite::replies::{Scripted, hear_what_is_said};

#[test]
fn what_one_end_says_the_other_hears() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let callee = Arc::new(Scripted::default());
    let edge = Edge {
        key: "test->probe".to_owned(),
        caller: "test".to_owned(),
        callee: "probe".to_owned(),
        cyclic: false,
        remote: false,
        server: false,
    };
    let client = Client::new(edge, &INTERFACE, Vec::new(), callee.clone());
    let nothing = Arc::new(Encoded { codec: Codec::Json, bytes: "{}".into() });
    hear_what_is_said(&runtime, &callee, &client, &nothing);
}
