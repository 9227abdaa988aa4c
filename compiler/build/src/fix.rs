//! `bp check --fix`: applies the fixes that diagnostics offer, if they are certain.
//!
//! A fix is left alone when it is only probable, when it overlaps one taken before it, when its file lies outside the application, or when the text would be broken afterwards.
//! Fixes are made in rounds, because one may uncover the next; a second run finds nothing left to fix.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use bp_diag::{Applicability, CodeId, Diagnostic, Edit, FileId, SourceMap};
use bp_plugin::Registry;
use bp_system::{EntryKind, System};
use camino::{Utf8Path, Utf8PathBuf};

use crate::application::Application;
use crate::compile::{CompileOptions, Compiled, compile};
use crate::paths::path_parts;

/// The most rounds; each fixes what the one before uncovered.
const MAX_ROUNDS: usize = 10;

/// A fix that was made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AppliedFix {
    /// The file, as messages name it.
    pub path: String,
    /// The line, as it was numbered then.
    pub line: usize,
    /// The diagnostic's code.
    pub code: CodeId,
    /// Its message.
    pub message: String,
}

/// The result of fixing; nothing is written yet.
#[derive(Debug, Default)]
pub struct Fixes {
    /// New contents, by path.
    pub files: BTreeMap<Utf8PathBuf, Vec<u8>>,
    /// Every fix, in the order made.
    pub made: Vec<AppliedFix>,
}

/// The machine, with some files replaced by their new contents.
#[derive(Debug)]
struct Overlay<'a> {
    machine: &'a dyn System,
    files: BTreeMap<Utf8PathBuf, Vec<u8>>,
}

impl System for Overlay<'_> {
    fn read(&self, path: &Utf8Path) -> io::Result<Vec<u8>> {
        self.files.get(path).map_or_else(|| self.machine.read(path), |bytes| Ok(bytes.clone()))
    }
    fn kind(&self, path: &Utf8Path) -> Option<EntryKind> {
        self.machine.kind(path)
    }
    fn list(&self, path: &Utf8Path) -> io::Result<Vec<(String, EntryKind)>> {
        self.machine.list(path)
    }
    fn write(&self, _path: &Utf8Path, _bytes: &[u8]) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem))
    }
    fn make_directory(&self, _path: &Utf8Path) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem))
    }
    fn rename(&self, _from: &Utf8Path, _to: &Utf8Path) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem))
    }
    fn remove_file(&self, _path: &Utf8Path) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem))
    }
    fn remove_empty_directory(&self, _path: &Utf8Path) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem))
    }
    fn variable(&self, name: &str) -> Option<String> {
        self.machine.variable(name)
    }
    fn current_directory(&self) -> io::Result<Utf8PathBuf> {
        self.machine.current_directory()
    }
    fn now_nanos(&self) -> u64 {
        self.machine.now_nanos()
    }
}

/// Finds the fixes of an application and tries them out in memory.
pub fn find_fixes(
    system: &dyn System,
    registry: &Registry,
    application: &Application,
    options: CompileOptions<'_>,
) -> Fixes {
    let mut overlay = Overlay { machine: system, files: BTreeMap::new() };
    let mut made = Vec::new();
    let mut refused: BTreeSet<(CodeId, String)> = BTreeSet::new();
    let run = |overlay: &Overlay<'_>| compile(overlay, registry, application.clone(), options);
    let mut compiled = run(&overlay);
    for _ in 0..MAX_ROUNDS {
        let all = compiled.diagnostics.clone().sorted();
        let may = |path: &str| may_edit(&overlay, application, path);
        let chosen: Vec<&Diagnostic> = choose(&all, &compiled.sources, may)
            .into_iter()
            .filter(|d| !refused.contains(&diagnostic_key(d)))
            .collect();
        if chosen.is_empty() {
            break;
        }
        // First all at once; one by one if together they break something.
        let groups: Vec<Vec<&Diagnostic>> =
            if try_fixes(&overlay, &compiled, &chosen, &run).is_some() {
                vec![chosen]
            } else {
                chosen.into_iter().map(|d| vec![d]).collect()
            };
        let mut progress = None;
        for group in groups {
            if progress.is_some() {
                // The spans of the other fixes belong to the text before this one.
                break;
            }
            match try_fixes(&overlay, &compiled, &group, &run) {
                Some((files, after)) => {
                    made.extend(group.iter().map(|d| describe_fix(d, &compiled.sources)));
                    progress = Some((files, after));
                }
                None => refused.extend(group.iter().map(|d| diagnostic_key(d))),
            }
        }
        match progress {
            Some((files, after)) => {
                overlay.files.extend(files);
                compiled = after;
            }
            None => break,
        }
    }
    Fixes { files: overlay.files, made }
}

fn diagnostic_key(diagnostic: &Diagnostic) -> (CodeId, String) {
    (diagnostic.code.id, diagnostic.message.clone())
}

fn describe_fix(diagnostic: &Diagnostic, sources: &SourceMap) -> AppliedFix {
    let span = diagnostic.fix.iter().flat_map(|f| &f.edits).map(|e| e.span).min();
    let (path, line) = span.map_or((String::new(), 0), |s| {
        (sources.path(s.file).to_owned(), sources.line_column(s).0)
    });
    AppliedFix { path, line, code: diagnostic.code.id, message: diagnostic.message.clone() }
}

/// Counts syntax faults; a fix that adds one broke the text.
fn count_syntax_faults(compiled: &Compiled) -> usize {
    let syntax = |id: CodeId| id.is_core("BP200") || id.is_core("BP201") || id == "BP1001";
    compiled.diagnostics.iter().filter(|d| syntax(d.code.id)).count()
}

/// The files after some fixes and what they compile to, if every fix removed its diagnostic and broke nothing.
fn try_fixes(
    overlay: &Overlay<'_>,
    before: &Compiled,
    chosen: &[&Diagnostic],
    run: &impl Fn(&Overlay<'_>) -> Compiled,
) -> Option<(BTreeMap<Utf8PathBuf, Vec<u8>>, Compiled)> {
    let mut edits: BTreeMap<FileId, Vec<&Edit>> = BTreeMap::new();
    for edit in chosen.iter().filter_map(|d| d.fix.as_ref()).flat_map(|f| &f.edits) {
        edits.entry(edit.span.file).or_default().push(edit);
    }
    let mut files = overlay.files.clone();
    for (file, edits) in edits {
        let source = before.sources.get(file)?;
        files.insert(
            Utf8PathBuf::from(&source.path),
            apply_edits(&source.text, edits)?.into_bytes(),
        );
    }
    let after = run(&Overlay { machine: overlay.machine, files: files.clone() });
    let count = |compiled: &Compiled, wanted: &(CodeId, String)| {
        compiled.diagnostics.iter().filter(|d| diagnostic_key(d) == *wanted).count()
    };
    let gone =
        chosen.iter().map(|d| diagnostic_key(d)).all(|k| count(&after, &k) < count(before, &k));
    (gone && count_syntax_faults(&after) <= count_syntax_faults(before)).then_some((files, after))
}

/// A text after edits that do not overlap.
fn apply_edits(text: &str, mut edits: Vec<&Edit>) -> Option<String> {
    edits.sort_by_key(|e| e.span);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(text.get(at..edit.span.start as usize)?);
        out.push_str(&edit.text);
        at = edit.span.end as usize;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// The diagnostics whose certain fixes can all be made at once; of those that overlap, the first.
fn choose<'d>(
    all: &'d [Diagnostic],
    sources: &SourceMap,
    may: impl Fn(&str) -> bool,
) -> Vec<&'d Diagnostic> {
    let mut taken: Vec<bp_diag::Span> = Vec::new();
    let mut chosen = Vec::new();
    for diagnostic in all {
        let Some(fix) = &diagnostic.fix else { continue };
        let spans: Vec<_> = fix.edits.iter().map(|e| e.span).collect();
        // Two insertions at one place have no order, so touching counts as well.
        let clash = |a: &bp_diag::Span, b: &bp_diag::Span| {
            a.file == b.file && a.start <= b.end && b.start <= a.end
        };
        if fix.applicability == Applicability::Sure
            && !spans.is_empty()
            && spans.iter().all(|s| may(sources.path(s.file)))
            && !spans.iter().any(|s| taken.iter().any(|t| clash(s, t)))
        {
            taken.extend(spans);
            chosen.push(diagnostic);
        }
    }
    chosen
}

/// Whether a file belongs to the application, and spans fit its bytes.
fn may_edit(system: &dyn System, application: &Application, path: &str) -> bool {
    let here = system.current_directory().unwrap_or_default();
    let root = path_parts(&here.join(&application.root));
    let full = path_parts(&here.join(path));
    let inside = full.len() > root.len() && full.iter().zip(&root).all(|(a, b)| a == b);
    let vendored = full.iter().skip(root.len()).any(|part| part == "vendor" || part == "build");
    // Spans do not count a byte order mark.
    let as_is = system.read(Utf8Path::new(path)).is_ok_and(|bytes| {
        std::str::from_utf8(&bytes).is_ok_and(|text| !text.starts_with('\u{feff}'))
    });
    inside && !vendored && as_is
}

#[cfg(test)]
mod tests {
    use bp_diag::Span;
    use bp_diag::catalog::wiring;

    use super::*;

    #[test]
    fn the_first_of_two_that_overlap_is_taken_and_what_is_unsure_is_left() {
        let mut sources = SourceMap::new();
        let file = sources.add("a.toml", "one two three");
        let span = |start, end| Span::new(file, start, end);
        let fault = |s: Span, text: &str| wiring::not_toml_but(s, text, "h", Some(text));
        let unsure = wiring::bad_toml(span(8, 13), "x")
            .fix(Applicability::Maybe, vec![Edit { span: span(8, 13), text: "3".to_owned() }]);
        let all = [fault(span(0, 3), "1"), fault(span(2, 7), "x"), fault(span(4, 7), "2"), unsure];
        let chosen = choose(&all, &sources, |_| true);
        assert_eq!(chosen, [&all[0], &all[2]]);
        let edits: Vec<&Edit> =
            chosen.iter().filter_map(|d| d.fix.as_ref()).flat_map(|f| &f.edits).collect();
        assert_eq!(apply_edits("one two three", edits).as_deref(), Some("1 2 three"));
        assert!(choose(&all, &sources, |_| false).is_empty());
    }
}
