//! The model of a workflow, cached while every file that it was read from is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bp_diag::{Diagnostics, SourceMap};
use bp_system::System;
use bp_workflow::WorkflowModel;
use camino::{Utf8Path, Utf8PathBuf};
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use serde::{Deserialize, Serialize};

use super::outlines::OutlineCache;
use super::recorder::{Answer, Question, Recorder};
use crate::cache;
use crate::digest::Digest;
use crate::stamps::Stamps;

const HEAD: &str = "bp-workflow 1\n";

/// Where the model is cached, and by which compiler.
#[derive(Debug, Clone)]
pub struct WorkflowCache<'a> {
    /// The system that holds the cache files; not the one that the workflow is read from, which records its answers.
    pub system: &'a dyn System,
    /// The file.
    pub place: Utf8PathBuf,
    /// Another file, with the outline of each file of the workflow.
    pub outlines: Utf8PathBuf,
    /// Which compiler this is.
    pub compiler: String,
}

/// A model as it is stored; only models without any diagnostic are.
#[derive(Debug, Serialize, Deserialize)]
struct CachedModel {
    compiler: String,
    dir: Utf8PathBuf,
    /// The interfaces that backends were known to offer.
    offered: Vec<String>,
    /// How many texts were there before: spans name a text by its number.
    before: usize,
    answers: Vec<(Question, Answer)>,
    /// The workflow's texts in order: the path that is shown, and the content.
    texts: Vec<(String, Digest)>,
    model: WorkflowModel,
}

/// As [`bp_workflow::read`], from the cache where nothing has changed.
pub(crate) fn read(
    system: &dyn System,
    sources: &mut SourceMap,
    dir: &Utf8Path,
    offered: &BTreeSet<&str>,
    store: Option<&WorkflowCache<'_>>,
) -> (WorkflowModel, Diagnostics) {
    let Some(store) = store else { return bp_workflow::read(system, sources, dir, offered) };
    if let Some(model) = load_cached(system, sources, dir, offered, store) {
        return (model, Diagnostics::new());
    }
    let before = sources.len();
    let recorder = Recorder::new(system, Arc::default());
    // A cached model does not need the outlines, so they are loaded only now.
    let outlines = OutlineCache::load(store.system, &store.outlines, &store.compiler);
    let (model, diagnostics) =
        bp_workflow::read_with_outlines(&recorder, sources, dir, offered, &outlines);
    outlines.keep(store.system, &store.outlines, &store.compiler);
    if let (true, Some(answers)) = (diagnostics.is_empty(), recorder.finish()) {
        let texts = sources.iter().skip(before);
        let kept = CachedModel {
            compiler: store.compiler.clone(),
            dir: dir.to_owned(),
            offered: offered.iter().map(|path| (*path).to_owned()).collect(),
            before,
            answers: answers.into_iter().collect(),
            texts: texts.map(|(_, s)| (s.path.clone(), Digest::of(s.text.as_bytes()))).collect(),
            model: model.clone(),
        };
        cache::put(store.system, &store.place, HEAD, &kept);
    }
    (model, diagnostics)
}

fn load_cached(
    system: &dyn System,
    sources: &mut SourceMap,
    dir: &Utf8Path,
    offered: &BTreeSet<&str>,
    store: &WorkflowCache<'_>,
) -> Option<WorkflowModel> {
    let kept: CachedModel = cache::get(store.system, &store.place, HEAD)?;
    if kept.compiler != store.compiler || kept.dir != dir || kept.before != sources.len() {
        return None;
    }
    if !kept.offered.iter().map(String::as_str).eq(offered.iter().copied()) {
        return None;
    }
    let stamps = Stamps::none();
    // Every question is asked again through `system`, so that a recorder there notes what the model depends on.
    let same = |(question, answer): &(Question, Answer)| match question {
        Question::Read(path) => {
            let Ok(bytes) = system.read(path.as_str().into()) else {
                return (question.ask(system, &stamps) == *answer).then_some(None);
            };
            let digest = Digest::of(&bytes);
            (Answer::Content(digest) == *answer).then_some(Some((digest, bytes)))
        }
        other => (other.ask(system, &stamps) == *answer).then_some(None),
    };
    let read: Vec<Option<(Digest, Vec<u8>)>> =
        kept.answers.par_iter().map(same).collect::<Option<_>>()?;
    let mut by_content: BTreeMap<Digest, String> = BTreeMap::new();
    for (digest, bytes) in read.into_iter().flatten() {
        by_content.insert(digest, String::from_utf8(bytes).ok()?);
    }
    let texts: Vec<(String, String)> = kept
        .texts
        .into_iter()
        .map(|(path, digest)| Some((path, by_content.get(&digest)?.clone())))
        .collect::<Option<_>>()?;
    for (path, text) in texts {
        sources.add(path, text);
    }
    Some(kept.model)
}
