//! The outline of each file of a workflow, cached by the digest of its text: after an edit, only the edited files are parsed.
//!
//! Even decoding an outline takes a tenth of the time of making it, so one is decoded only when a file has its text.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bp_system::System;
use bp_workflow::{Outline, Outlines};
use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use crate::cache;
use crate::digest::Digest;

const HEAD: &str = "bp-outlines 1\n";

/// The start of the file, before the outlines themselves.
#[derive(Debug, Default, Serialize, Deserialize)]
struct OutlineIndex {
    compiler: String,
    /// The digest of a text, and the length of its outline, in the order of the outlines.
    entries: Vec<(Digest, u32)>,
}

/// The outlines of the last build, and those of this one.
#[derive(Debug, Default)]
pub(super) struct OutlineCache {
    /// The file, as it was read.
    bytes: Vec<u8>,
    kept: BTreeMap<Digest, Range<usize>>,
    /// The outlines that this build uses; `None` for one that was kept.
    used: Mutex<BTreeMap<Digest, Option<Vec<u8>>>>,
}

impl OutlineCache {
    /// Loads what this compiler stored at a place.
    pub(super) fn load(system: &dyn System, place: &Utf8Path, compiler: &str) -> Self {
        let bytes = system.read(place).unwrap_or_default();
        let kept = read_ranges(&bytes, compiler).unwrap_or_default();
        Self { bytes, kept, used: Mutex::default() }
    }

    /// Stores the outlines that were used, unless the file has exactly those; all others are dropped.
    pub(super) fn keep(self, system: &dyn System, place: &Utf8Path, compiler: &str) {
        let used = self.used.into_inner().unwrap_or_else(PoisonError::into_inner);
        if used.len() == self.kept.len() && used.values().all(Option::is_none) {
            return;
        }
        let mut index = OutlineIndex { compiler: compiler.to_owned(), entries: Vec::new() };
        let mut parts = Vec::with_capacity(used.len());
        for (digest, made) in &used {
            let part = match made {
                Some(made) => made.as_slice(),
                None => slice_at(&self.bytes, self.kept.get(digest)),
            };
            let Ok(length) = u32::try_from(part.len()) else { continue };
            index.entries.push((*digest, length));
            parts.push(part);
        }
        let Ok(mut body) = postcard::to_allocvec(&index) else { return };
        for part in parts {
            body.extend(part);
        }
        let _ = system.write(place, &cache::seal(HEAD, &body));
    }

    fn lock_used(&self) -> MutexGuard<'_, BTreeMap<Digest, Option<Vec<u8>>>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many texts were parsed.
    #[cfg(test)]
    pub(super) fn count_parsed(&self) -> usize {
        self.lock_used().values().filter(|made| made.is_some()).count()
    }
}

fn slice_at<'a>(bytes: &'a [u8], range: Option<&Range<usize>>) -> &'a [u8] {
    range.and_then(|range| bytes.get(range.clone())).unwrap_or_default()
}

/// Where each outline is in a file that this compiler wrote.
fn read_ranges(bytes: &[u8], compiler: &str) -> Option<BTreeMap<Digest, Range<usize>>> {
    let body = cache::open(bytes, HEAD)?;
    let (index, outlines): (OutlineIndex, _) = postcard::take_from_bytes(body).ok()?;
    if index.compiler != compiler {
        return None;
    }
    let mut at = bytes.len() - outlines.len();
    let mut ranges = BTreeMap::new();
    for (digest, length) in index.entries {
        let end = at.checked_add(length as usize)?;
        ranges.insert(digest, at..end);
        at = end;
    }
    (at == bytes.len()).then_some(ranges)
}

impl Outlines for OutlineCache {
    fn get(&self, text: &str) -> Option<Outline> {
        if self.kept.is_empty() {
            return None;
        }
        let digest = Digest::of(text.as_bytes());
        let outline =
            postcard::from_bytes(slice_at(&self.bytes, Some(self.kept.get(&digest)?))).ok()?;
        self.lock_used().insert(digest, None);
        Some(outline)
    }

    fn put(&self, text: &str, outline: &Outline) {
        if let Ok(made) = postcard::to_allocvec(outline) {
            self.lock_used().insert(Digest::of(text.as_bytes()), Some(made));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bp_diag::SourceMap;
    use bp_system::MemorySystem;
    use proptest::prelude::*;

    use super::*;

    const PLACE: &str = "/.bp/memo/local.outlines";
    const MODULES: [&str; 4] = ["a", "b", "c", "d"];

    /// What a file of the workflow may say.
    const TEXTS: [&str; 9] = [
        "",
        "mod d;\n#[derive(bp_std::Data)]\npub struct S { pub a: Vec<u8>, b: super::b::E }\n",
        "/// An error.\n#[derive(bp_std::ServiceError)]\npub enum E { #[status(not_found, \"no {0}\")] A(u8), #[infra] I(bp_std::Infra) }\n",
        "use super::*;\n#[bp_std::service]\npub trait T: Send { #[idempotent] async fn f(&self, s: [u8; 3], t: &'static str, u: Box<dyn Fn(u8) -> (u8,) + 'static>) -> Result<a::S, b::E>; const C: u8; }\n",
        "pub struct I;\n#[bp_std::service]\nimpl super::c::T for I {}\nimpl I { async fn new(t: std::sync::Arc<dyn super::c::T>, (x, y): (u8, *const u8)) -> Self {} }\n",
        "static K: bp_std::Knob = bp_std::knob!(\"k\");\nstatic L: bp_std::Knob = bp_std::knob!(k);\ntype A<T, U = Vec<T>> = Result<T, U>;\n",
        "fn f() { tokio::spawn(g()) }\n#[cfg(test)]\nmod no { fn f() { tokio::spawn(g()) } }\n#[cfg(unix)]\nmod yes;\ninclude!(\"x\");\n",
        "struct (;\npub struct S;\nstruct S;\n",
        "fn f( {",
    ];

    fn machine(modules: &[(usize, bool)]) -> MemorySystem {
        let root = MODULES.map(|m| format!("pub mod {m};\n")).concat();
        let manifest = "[package]\nname = \"shop\"\n[dependencies]\nbp-std = \"0.1\"\n";
        let system = MemorySystem::new()
            .with_file("/w/Cargo.toml", manifest)
            .with_file("/w/src/lib.rs", root);
        MODULES.iter().zip(modules).fold(system, |system, (name, (text, comment))| {
            let text = TEXTS.get(*text).copied().unwrap_or_default();
            let comment = if *comment { "// A comment.\n" } else { "" };
            system.with_file(format!("/w/src/{name}.rs"), format!("{comment}{text}"))
        })
    }

    /// All that reading gives, in words.
    fn read_to_text(system: &MemorySystem, outlines: Option<&OutlineCache>) -> String {
        let mut sources = SourceMap::new();
        let (dir, offered) = (Utf8Path::new("/w"), BTreeSet::new());
        let (model, said) = match outlines {
            Some(outlines) => {
                bp_workflow::read_with_outlines(system, &mut sources, dir, &offered, outlines)
            }
            None => bp_workflow::read(system, &mut sources, dir, &offered),
        };
        let texts: Vec<_> = sources.iter().map(|(_, s)| (&s.path, &s.text)).collect();
        format!("{model:?}\n{said:?}\n{texts:?}")
    }

    /// The file with one more build's outlines, and how many files that build parsed.
    fn build_once(system: &MemorySystem, memory: &MemorySystem, compiler: &str) -> usize {
        let place = Utf8Path::new(PLACE);
        let outlines = OutlineCache::load(memory, place, compiler);
        assert_eq!(read_to_text(system, Some(&outlines)), read_to_text(system, None));
        let made = outlines.count_parsed();
        outlines.keep(memory, place, compiler);
        made
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        /// With outlines or without: the same model, diagnostics and texts; and what has an outline is not parsed.
        #[test]
        fn any_edits_give_what_reading_everything_gives(
            states in prop::collection::vec(prop::collection::vec((0..TEXTS.len(), any::<bool>()), 4), 1..6),
            damage in prop::option::of((0..6_usize, any::<usize>(), 0..8_u32)),
        ) {
            let memory = MemorySystem::new();
            for (round, modules) in states.iter().enumerate() {
                let system = machine(modules);
                if let Some((_, at, bit)) = damage.filter(|(when, ..)| *when == round)
                    && let Ok(mut bytes) = memory.read(PLACE.into())
                {
                    let at = at % bytes.len();
                    bytes[at] ^= 1 << bit;
                    memory.write(PLACE.into(), &bytes).unwrap();
                }
                build_once(&system, &memory, "this");
                prop_assert_eq!(build_once(&system, &memory, "this"), 0, "nothing has changed");
            }
        }
    }

    #[test]
    fn one_changed_file_is_parsed_and_unused_outlines_go() {
        let memory = MemorySystem::new();
        let kept = || memory.read(PLACE.into()).unwrap();
        let before = machine(&[(1, false), (2, false), (3, false), (7, false)]);
        assert_eq!(build_once(&before, &memory, "this"), 5, "the root and four modules");
        let first = kept();
        let after = machine(&[(1, false), (2, true), (3, false), (7, false)]);
        assert_eq!(build_once(&after, &memory, "this"), 1);
        let index = read_ranges(&kept(), "this").unwrap();
        assert_eq!(index.len(), 5, "that of the old text is gone");
        assert_eq!(build_once(&before, &memory, "this"), 1);
        assert_eq!(kept(), first, "the same outlines make the same file");
        assert_eq!(
            build_once(&before, &memory, "another"),
            5,
            "another compiler may read otherwise"
        );
        assert!(read_ranges(&first, "another").is_none());
    }
}
