//! A memo of the last build of a wiring: what it asked the system, and its outcome.
//!
//! A build is a function of the compiler, of its arguments, and of what the system answers: every file, listing and variable that it reads goes through [`System`].
//! So when each question of the last build has the same answer today, its outcome is the same too, and only the output folder has to be checked.
//! A file's content is taken from [`Stamps`], which spares reading it while its stamp is the same.
//!
//! A memo of another compiler or of other arguments, or a damaged one, is ignored.

mod outlines;
mod recorder;
mod workflow;

use std::collections::BTreeSet;

use bp_system::System;
use camino::{Utf8Path, Utf8PathBuf};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde::{Deserialize, Serialize};

use crate::cache;
use crate::digest::Digest;
use crate::stamps::Stamps;
pub use recorder::Recorder;
use recorder::{Answer, Question};
pub use workflow::WorkflowCache;
pub(crate) use workflow::read as read_workflow;

/// What a build depends on besides the system's answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BuildKey<'a> {
    /// Which compiler this is: the digest of its own program.
    pub compiler: &'a str,
    /// The wiring's file.
    pub wiring: &'a str,
    /// The output folder.
    pub out: &'a str,
    /// The targets asked for.
    pub targets: &'a [String],
    /// Everything else that the outcome depends on: options, and how messages are printed.
    pub options: &'a [String],
}

/// The outcome of a build.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildOutcome {
    /// The digest of the output's manifest, which lists every file with its own.
    pub manifest: String,
    /// Files of the output that other tools also write.
    pub shared: Vec<String>,
    /// What was printed, piece by piece; the code that prints defines the numbers.
    pub said: Vec<(u8, String)>,
    /// The targets that the wiring enables.
    pub enabled: Vec<String>,
    /// The modes of the program that the wiring gives something to run.
    pub modes: BTreeSet<String>,
}

/// A memo as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct MemoFile {
    key: Digest,
    answers: Vec<(Question, Answer)>,
    outcome: BuildOutcome,
}

const HEAD: &str = "bp-memo 3\n";

/// Where the model of a wiring's workflow is kept.
pub fn workflow_cache<'a>(
    system: &'a dyn System,
    root: &Utf8Path,
    wiring: &str,
    compiler: &str,
) -> WorkflowCache<'a> {
    let folder = root.join(".bp/memo");
    let place = folder.join(format!("{wiring}.workflow"));
    let outlines = folder.join(format!("{wiring}.outlines"));
    WorkflowCache { system, place, outlines, compiler: compiler.to_owned() }
}

/// The stamps of a wiring's files.
pub fn load_stamps(system: &dyn System, root: &Utf8Path, wiring: &str) -> Stamps {
    Stamps::load(system, root.join(".bp/memo").join(format!("{wiring}.stamps")))
}

/// Where the memo of a wiring is kept.
fn memo_path(root: &Utf8Path, wiring: &str) -> Utf8PathBuf {
    root.join(".bp/memo").join(format!("{wiring}.memo"))
}

fn digest_key(key: &BuildKey<'_>) -> Option<Digest> {
    postcard::to_allocvec(key).ok().map(|bytes| Digest::of(&bytes))
}

/// The outcome of the last build of a wiring, if it had this key and every answer is the same today.
pub fn recall(
    system: &dyn System,
    stamps: &Stamps,
    root: &Utf8Path,
    wiring: &str,
    key: &BuildKey<'_>,
) -> Option<BuildOutcome> {
    let kept: MemoFile = cache::get(system, &memo_path(root, wiring), HEAD)?;
    if kept.key != digest_key(key)? {
        return None;
    }
    let same = kept.answers.par_iter().all(|(q, answer)| q.ask(system, stamps) == *answer);
    same.then_some(kept.outcome)
}

/// Stores the outcome of a build.
pub fn keep(
    system: &dyn System,
    root: &Utf8Path,
    wiring: &str,
    key: &BuildKey<'_>,
    recorder: Recorder<'_>,
    outcome: BuildOutcome,
) {
    let (Some(answers), Some(key)) = (recorder.finish(), digest_key(key)) else { return };
    let kept = MemoFile { key, answers: answers.into_iter().collect(), outcome };
    cache::put(system, &memo_path(root, wiring), HEAD, &kept);
}

/// Forgets the last build of a wiring.
pub fn forget(system: &dyn System, root: &Utf8Path, wiring: &str) {
    let _ = system.remove_file(&memo_path(root, wiring));
}
