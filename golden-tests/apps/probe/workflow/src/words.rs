//! Services that cannot leave their process: `desk` publishes what `words` and `marks` find out.

use std::cell::Cell;
use std::sync::Arc;

use bp_std::service;

use crate::ProbeError;

/// Reads texts.
#[service]
pub trait Desk {
    /// The longest word, with its length.
    #[idempotent]
    async fn longest(&self, text: String) -> Result<String, ProbeError>;
}

/// Borrows, and cannot fail: callers hold the instance itself.
#[service]
pub trait Words {
    /// The longest word.
    async fn longest(&self, text: &str) -> String;
    /// How many words there are.
    async fn count(&self, text: &str) -> usize;
}

/// Owns what it is given: wrappers may stand between, and nothing of it can be encoded.
#[service]
pub trait Marks {
    /// The word with a mark of its length.
    async fn mark(&self, word: Arc<str>, mark: Mark) -> Result<(usize, Mark), ProbeError>;
}

/// A mark, which cannot be shared between threads.
#[derive(Debug, Default)]
pub struct Mark(Cell<usize>);

/// Asks the others.
pub struct DeskImpl {
    words: Arc<dyn Words>,
    marks: Arc<dyn Marks>,
}

impl DeskImpl {
    /// Calls nobody yet.
    pub fn new(words: Arc<dyn Words>, marks: Arc<dyn Marks>) -> Self {
        Self { words, marks }
    }
}

#[service]
impl Desk for DeskImpl {
    async fn longest(&self, text: String) -> Result<String, ProbeError> {
        let count = self.words.count(&text).await;
        let word = self.words.longest(&text).await;
        if word.is_empty() {
            return Err(ProbeError::NoSuchWorker(text));
        }
        let (length, mark) = self.marks.mark(word.as_str().into(), Mark::default()).await?;
        Ok(format!("{word}: {length} of {}, {count} words", mark.0.get()))
    }
}

/// Looks at the text where it is.
pub struct WordsImpl;

impl WordsImpl {
    /// Needs nothing.
    pub fn new() -> Self {
        Self
    }
}

impl Default for WordsImpl {
    fn default() -> Self {
        Self::new()
    }
}

#[service]
impl Words for WordsImpl {
    async fn longest(&self, text: &str) -> String {
        text.split_whitespace().max_by_key(|word| word.len()).unwrap_or_default().to_owned()
    }
    async fn count(&self, text: &str) -> usize {
        text.split_whitespace().count()
    }
}

/// Marks words.
pub struct MarksImpl;

impl MarksImpl {
    /// Needs nothing.
    pub fn new() -> Self {
        Self
    }
}

impl Default for MarksImpl {
    fn default() -> Self {
        Self::new()
    }
}

#[service]
impl Marks for MarksImpl {
    async fn mark(&self, word: Arc<str>, mark: Mark) -> Result<(usize, Mark), ProbeError> {
        if &*word == "nobody" {
            return Err(ProbeError::NoSuchWorker(word.to_string()));
        }
        mark.0.set(word.len());
        Ok((word.chars().count(), mark))
    }
}
