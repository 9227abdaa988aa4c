//! Files in an output folder, which a user or a broken disk may have changed.

use bp_emit::{Artifacts, Lock, Origin};
use bp_system::MemorySystem;
use camino::Utf8Path;

/// The data is the manifest of an output folder.
pub(crate) fn manifest(data: &[u8]) {
    let out = Utf8Path::new("/app/build/local");
    let mut artifacts = Artifacts::new();
    for (path, text) in [("a", "1"), ("b/c", "2")] {
        let added = artifacts.insert(path, text, Origin::new("fuzz", ""));
        assert!(added.is_ok());
    }
    for force in [false, true] {
        let system = MemorySystem::new()
            .with_file("/app/keep", "mine")
            .with_file("/app/build/local/.bp-manifest.json", data)
            .with_file("/app/build/local/a", "edited")
            .with_file("/app/build/local/mine", "mine");
        let _ = bp_build::write::check_complete(&system, out);
        let _ = bp_build::write::check(&system, out, &artifacts, &|| ());
        let written = bp_build::write::write(&system, out, &artifacts, force);
        let files = system.snapshot();
        let kept = files.get(Utf8Path::new("/app/keep"));
        assert_eq!(kept.map(Vec::as_slice), Some(&b"mine"[..]), "a file outside was touched");
        if written.is_ok() {
            assert!(
                bp_build::write::check(&system, out, &artifacts, &|| ()).is_empty(),
                "it differs after a build"
            );
        } else {
            assert!(!force, "a forced build failed: {written:?}");
        }
    }
}

/// The data is a `Cargo.lock`.
pub(crate) fn cargo_lock(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(lock) = Lock::parse(text) else { return };
    let again = Lock::parse(&lock.encode());
    assert_eq!(again.map(|l| l.encode()), Some(lock.encode()), "it is not read back as written");
    let _ = lock.reachable_from("a");
}
