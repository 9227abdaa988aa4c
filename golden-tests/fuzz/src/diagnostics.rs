//! What must hold of every diagnostic, whatever it is about.

use bp_diag::render::{Style, render_human, render_json, render_short};
use bp_diag::{Diagnostics, Severity, SourceMap};

/// How many diagnostics are rendered for people: rendering is slow, and the same for all.
const RENDERED: usize = 20;

/// Checks that diagnostics can be shown, point into their texts, and report the input rather than a fault of `bp`.
pub(crate) fn check(found: Diagnostics, sources: &SourceMap) {
    for (number, diagnostic) in found.sorted().iter().enumerate() {
        let ours = diagnostic.severity == Severity::Error && diagnostic.code.id.is_core("BP9");
        assert!(!ours, "a fault of bp: {diagnostic:?}");
        for label in &diagnostic.labels {
            let range = label.span.start as usize..label.span.end as usize;
            let inside = sources.get(label.span.file).and_then(|s| s.text.get(range));
            assert!(inside.is_some(), "a place outside of its text: {diagnostic:?}");
        }
        let _ = render_short(diagnostic, sources);
        let _ = render_json(diagnostic, sources);
        if number < RENDERED {
            let _ = render_human(diagnostic, sources, Style::default());
        }
    }
}
