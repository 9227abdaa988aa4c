//! Whether Prometheus takes a declaration: decided while it is compiled.

/// What is added to a metric's name, by its unit, its kind, or for the samples of a histogram.
const ADDED: [&str; 8] =
    ["_seconds", "_bytes", "_total", "_info", "_created", "_bucket", "_sum", "_count"];

/// Stops the compilation of a metric whose name cannot be exposed.
pub(super) const fn check_name(name: &str) {
    assert!(is_name(name), "a metric's name consists of lower-case words and `_`");
    let mut i = 0;
    while i < ADDED.len() {
        #[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
        let added = ADDED[i];
        assert!(
            !ends_with(name, added),
            "a metric is declared without unit and suffix, which are added to its name"
        );
        i += 1;
    }
}

/// Stops the compilation of a metric whose meaning would be garbled in an exposition, which escapes nothing and adds a full stop.
pub(super) const fn check_meaning(meaning: &str) {
    let text = meaning.as_bytes();
    assert!(!text.is_empty(), "a metric says what it measures");
    assert!(!ends_with(meaning, "."), "a metric's meaning gets its full stop in the exposition");
    let mut i = 0;
    while i < text.len() {
        #[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
        let byte = text[i];
        assert!(
            !matches!(byte, b'\n' | b'"' | b'\\'),
            "a metric's meaning is one line without quotation marks and backslashes"
        );
        i += 1;
    }
}

/// Stops the compilation of a metric with a label that cannot be exposed, or twice the same.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i and j are in range")]
pub(super) const fn check_labels(labels: &[&str]) {
    let mut i = 0;
    while i < labels.len() {
        assert!(is_name(labels[i]), "a label consists of lower-case words and `_`");
        assert!(!is_equal(labels[i], "le"), "the label `le` is for the bounds of histograms");
        let mut j = 0;
        while j < i {
            assert!(!is_equal(labels[i], labels[j]), "a metric has a label twice");
            j += 1;
        }
        i += 1;
    }
}

/// Whether a text begins with a lower-case letter, has only such letters, digits and `_`, and does not end in `_`.
#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
const fn is_name(name: &str) -> bool {
    let text = name.as_bytes();
    if text.is_empty() || !text[0].is_ascii_lowercase() || text[text.len() - 1] == b'_' {
        return false;
    }
    let mut i = 0;
    while i < text.len() {
        if !matches!(text[i], b'a'..=b'z' | b'0'..=b'9' | b'_') {
            return false;
        }
        i += 1;
    }
    true
}

const fn is_equal(left: &str, right: &str) -> bool {
    left.len() == right.len() && ends_with(left, right)
}

#[expect(clippy::indexing_slicing, reason = "a constant has no iterators; i is in range")]
const fn ends_with(text: &str, end: &str) -> bool {
    let (text, end) = (text.as_bytes(), end.as_bytes());
    if text.len() < end.len() {
        return false;
    }
    let start = text.len() - end.len();
    let mut i = 0;
    while i < end.len() {
        if text[start + i] != end[i] {
            return false;
        }
        i += 1;
    }
    true
}
