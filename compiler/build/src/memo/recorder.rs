//! A system that records what it was asked and what it answered.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bp_system::{EntryKind, LockGuard, LockMode, Stamp, System};
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::stamps::Stamps;

/// What a stage of the compiler may ask of a system; paths are strings, which are compared faster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Question {
    Read(String),
    Kind(String),
    Entry(String),
    List(String),
    Variable(String),
    CurrentDirectory,
}

impl Question {
    /// What a system answers now.
    pub(super) fn ask(&self, system: &dyn System, stamps: &Stamps) -> Answer {
        match self {
            Self::Read(path) => encode_read(stamps.digest(system, path.as_str().into())),
            Self::Kind(path) => Answer::Kind(system.kind(path.as_str().into()).map(encode_kind)),
            Self::Entry(path) => Answer::Kind(system.entry(path.as_str().into()).map(encode_kind)),
            Self::List(path) => encode_list(&system.list(path.as_str().into())),
            Self::Variable(name) => Answer::Variable(system.variable(name)),
            Self::CurrentDirectory => encode_current_directory(system.current_directory()),
        }
    }

    fn path(&self) -> Option<&Utf8Path> {
        match self {
            Self::Read(path) | Self::Kind(path) | Self::Entry(path) | Self::List(path) => {
                Some(path.as_str().into())
            }
            Self::Variable(_) | Self::CurrentDirectory => None,
        }
    }
}

/// What a system answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Answer {
    /// The digest of the bytes.
    Content(Digest),
    Failed(String),
    Kind(Option<u8>),
    List(Vec<(String, u8)>),
    Variable(Option<String>),
    Path(String),
}

fn encode_error(error: &io::Error) -> Answer {
    Answer::Failed(format!("{:?}", error.kind()))
}

fn encode_read(answer: io::Result<Digest>) -> Answer {
    answer.map_or_else(|error| encode_error(&error), Answer::Content)
}

fn encode_kind(kind: EntryKind) -> u8 {
    match kind {
        EntryKind::File => 0,
        EntryKind::Directory => 1,
        EntryKind::Other => 2,
    }
}

fn encode_list(answer: &io::Result<Vec<(String, EntryKind)>>) -> Answer {
    match answer {
        Ok(names) => Answer::List(
            names.iter().map(|(name, kind)| (name.clone(), encode_kind(*kind))).collect(),
        ),
        Err(error) => encode_error(error),
    }
}

fn encode_current_directory(answer: io::Result<Utf8PathBuf>) -> Answer {
    answer.map_or_else(|error| encode_error(&error), |path| Answer::Path(path.into_string()))
}

/// Passes everything on to a system, and notes each question with its answer.
#[derive(Debug)]
pub struct Recorder<'a> {
    system: &'a dyn System,
    stamps: Arc<Stamps>,
    answers: Mutex<BTreeMap<Question, Answer>>,
    /// Whether something was changed through it, or one question had two answers: then the answers do not determine the outcome.
    spoiled: AtomicBool,
}

impl<'a> Recorder<'a> {
    /// Records nothing yet except the working directory, which relative paths depend on.
    pub fn new(system: &'a dyn System, stamps: Arc<Stamps>) -> Self {
        let recorder =
            Self { system, stamps, answers: Mutex::default(), spoiled: AtomicBool::new(false) };
        let _ = recorder.current_directory();
        recorder
    }

    /// Updates the answers about a file that `bp` itself wrote since, because writing it does not change the outcome.
    pub fn refresh(&self, path: &Utf8Path) {
        let mut answers = self.lock_answers();
        for (question, answer) in answers.iter_mut() {
            let about = question.path();
            if about == Some(path) || (about.is_some() && about == path.parent()) {
                *answer = question.ask(self.system, &self.stamps);
            }
        }
    }

    /// The questions and answers; `None` if they do not determine the outcome.
    pub(super) fn finish(self) -> Option<BTreeMap<Question, Answer>> {
        let spoiled = self.spoiled.load(Ordering::Relaxed);
        let answers = self.answers.into_inner().unwrap_or_else(PoisonError::into_inner);
        (!spoiled).then_some(answers)
    }

    fn lock_answers(&self) -> MutexGuard<'_, BTreeMap<Question, Answer>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, question: Question, answer: Answer) {
        match self.lock_answers().entry(question) {
            Entry::Vacant(slot) => {
                slot.insert(answer);
            }
            Entry::Occupied(slot) if *slot.get() != answer => self.spoil(),
            Entry::Occupied(_) => {}
        }
    }

    fn spoil(&self) {
        self.spoiled.store(true, Ordering::Relaxed);
    }
}

impl System for Recorder<'_> {
    fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        let answer = self.stamps.read(self.system, path);
        let noted =
            answer.as_ref().map_or_else(encode_error, |(_, digest)| Answer::Content(*digest));
        self.note(Question::Read(path.as_str().to_owned()), noted);
        answer.map(|(bytes, _)| bytes)
    }

    fn kind(&self, path: &Utf8Path) -> Option<EntryKind> {
        let answer = self.system.kind(path);
        self.note(Question::Kind(path.as_str().to_owned()), Answer::Kind(answer.map(encode_kind)));
        answer
    }

    fn entry(&self, path: &Utf8Path) -> Option<EntryKind> {
        let answer = self.system.entry(path);
        self.note(Question::Entry(path.as_str().to_owned()), Answer::Kind(answer.map(encode_kind)));
        answer
    }

    /// Not recorded: an outcome never depends on a stamp itself, only on content, which [`Stamps`] looks up.
    fn stamp(&self, path: &Utf8Path) -> Option<Stamp> {
        self.system.stamp(path)
    }

    fn entry_stamp(&self, path: &Utf8Path) -> Option<Stamp> {
        self.system.entry_stamp(path)
    }

    fn list(&self, path: &Utf8Path) -> io::Result<Vec<(String, EntryKind)>> {
        let answer = self.system.list(path);
        self.note(Question::List(path.as_str().to_owned()), encode_list(&answer));
        answer
    }

    fn write(&self, path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
        self.spoil();
        self.system.write(path, bytes)
    }

    fn write_durable(&self, path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
        self.spoil();
        self.system.write_durable(path, bytes)
    }

    fn create(&self, path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
        self.spoil();
        self.system.create(path, bytes)
    }

    fn can_rename(&self, from: &Utf8Path, into: &Utf8Path) -> io::Result<()> {
        self.spoil();
        self.system.can_rename(from, into)
    }

    fn lock(&self, path: &Utf8Path, mode: LockMode, wait: bool) -> io::Result<Option<LockGuard>> {
        self.spoil();
        self.system.lock(path, mode, wait)
    }

    fn make_directory(&self, path: &Utf8Path) -> io::Result<()> {
        self.spoil();
        self.system.make_directory(path)
    }

    fn rename(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
        self.spoil();
        self.system.rename(from, to)
    }

    fn remove_file(&self, path: &Utf8Path) -> io::Result<()> {
        self.spoil();
        self.system.remove_file(path)
    }

    fn remove_empty_directory(&self, path: &Utf8Path) -> io::Result<()> {
        self.spoil();
        self.system.remove_empty_directory(path)
    }

    fn variable(&self, name: &str) -> Option<String> {
        let answer = self.system.variable(name);
        self.note(Question::Variable(name.to_owned()), Answer::Variable(answer.clone()));
        answer
    }

    fn current_directory(&self) -> io::Result<Utf8PathBuf> {
        let answer = self.system.current_directory();
        let noted =
            answer.as_ref().map_or_else(encode_error, |path| Answer::Path(path.to_string()));
        self.note(Question::CurrentDirectory, noted);
        answer
    }

    fn now_nanos(&self) -> u64 {
        self.system.now_nanos()
    }

    fn cpu_nanos(&self) -> u64 {
        self.system.cpu_nanos()
    }
}
