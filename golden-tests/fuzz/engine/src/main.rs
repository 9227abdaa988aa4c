//! One program for all targets: the variable `BP_FUZZ_TARGET` says which one it feeds.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    static RUN: OnceLock<fn(&[u8])> = OnceLock::new();
    let run = RUN.get_or_init(|| {
        let name = std::env::var("BP_FUZZ_TARGET").expect("BP_FUZZ_TARGET names a target");
        bp_fuzz::find_target(&name).expect("BP_FUZZ_TARGET names a target of bp-fuzz").run
    });
    run(data);
});
