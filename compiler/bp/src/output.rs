//! Everything that `bp` prints.

#![expect(clippy::print_stderr, reason = "the one module of the one crate that prints")]

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use bp_diag::render::{
    Style, render_human, render_json, render_sarif, render_sarif_result, render_short,
};
use bp_diag::{Code, CodeId, Diagnostic, Severity, SourceMap, Span};
use bp_system::System;

use crate::cli::{Color, Command, Global, MessageFormat};

/// The requested format, for a panic, when no [`Output`] is at hand.
static FORMAT: OnceLock<(MessageFormat, bool)> = OnceLock::new();

/// Columns to use without a terminal, and the most to use with one.
const WIDTH: (usize, usize) = (80, 120);

/// A printed text, and its kind.
pub(crate) type Printed = (u8, String);
const REMARK: u8 = 0;
const RESULT: u8 = 1;
const SARIF: u8 = 2;

/// Where and how to print.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Output {
    format: MessageFormat,
    style: Style,
    quiet: bool,
    pub(crate) verbose: bool,
    pub(crate) color: bool,
    /// Whether diagnostics for programs go to standard error, because standard output has the command's result.
    aside: bool,
    /// Whether progress is shown.
    live: bool,
    /// Whether a line of progress is on the terminal.
    shown: AtomicBool,
    /// Whether a fault was in the command line.
    usage: AtomicBool,
    /// The codes that plugins declare, for the rules of the SARIF document.
    plugin_codes: Vec<Code>,
    /// Results for the one SARIF document at the end.
    results: Mutex<Vec<serde_json::Value>>,
    /// What was printed since recording started; `None` when not recording.
    record: Mutex<Option<Vec<Printed>>>,
}

/// Counts diagnostics of one code at one place: one line of a wiring may cause hundreds.
#[derive(Default)]
struct RepeatCounter(BTreeMap<(CodeId, Option<Span>), usize>);

impl RepeatCounter {
    /// How many are drawn.
    const MOST: usize = 3;

    fn is_one_too_many(&mut self, diagnostic: &Diagnostic) -> bool {
        let place = diagnostic.primary_span();
        let seen = self.0.entry((diagnostic.code.id, place)).or_default();
        *seen += 1;
        *seen > Self::MOST && place.is_some()
    }

    /// The lines that say how many were not drawn.
    fn summarize(self, sources: &SourceMap) -> impl Iterator<Item = String> {
        let many = self.0.into_iter().filter(|(_, seen)| *seen > Self::MOST);
        many.filter_map(|((code, place), seen)| {
            let (more, place) = (seen - Self::MOST, sources.locate(place?));
            Some(format!("{more} more {code} at {place}; `--message-format short` lists them\n\n"))
        })
    }
}

/// Whether a command prints something other than diagnostics to standard output.
fn prints_result(command: &Command) -> bool {
    !matches!(command, Command::Check(_) | Command::Build(_))
}

/// Whether the locale allows line-drawing characters; without a locale, it does.
fn can_draw_unicode(system: &dyn System) -> bool {
    let set = |name: &&str| system.variable(name).filter(|v| !v.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set);
    locale.is_none_or(|l| {
        let l = l.to_ascii_lowercase();
        l.contains("utf-8") || l.contains("utf8")
    })
}

impl Output {
    pub(crate) fn new(
        global: &Global,
        command: &Command,
        system: &dyn System,
        plugin_codes: Vec<Code>,
    ) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let wanted = system.variable("NO_COLOR").is_none_or(|v| v.is_empty());
        let dumb = system.variable("TERM").is_some_and(|v| v == "dumb");
        let color = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => wanted && terminal && !dumb,
        };
        let size = rustix::termios::tcgetwinsize(std::io::stderr()).ok();
        let columns = size.map(|s| usize::from(s.ws_col)).filter(|c| terminal && *c > 0);
        let width = columns.unwrap_or(WIDTH.0).clamp(40, WIDTH.1);
        let format = global.message_format;
        let aside = prints_result(command);
        let _ = FORMAT.set((format, aside));
        Self {
            format,
            style: Style { color, unicode: can_draw_unicode(system) && !dumb, width },
            quiet: global.quiet,
            verbose: global.verbose,
            color,
            aside,
            live: terminal && !dumb && !global.quiet && format == MessageFormat::Human,
            shown: AtomicBool::new(false),
            usage: AtomicBool::new(false),
            plugin_codes,
            results: Mutex::default(),
            record: Mutex::default(),
        }
    }

    /// Prints diagnostics, and returns whether any is an error.
    pub(crate) fn print_diagnostics(
        &self,
        all: impl IntoIterator<Item = Diagnostic>,
        sources: &SourceMap,
    ) -> bool {
        self.clear();
        let (mut errors, mut warnings) = (0_usize, 0_usize);
        let mut alike = RepeatCounter::default();
        for diagnostic in all {
            self.usage.fetch_or(diagnostic.code.is_usage(), Ordering::Relaxed);
            match diagnostic.severity {
                Severity::Error => errors += 1,
                Severity::Warning => warnings += 1,
                Severity::Note => {}
            }
            if self.quiet && diagnostic.severity != Severity::Error {
                continue;
            }
            self.print_piece(match self.format {
                MessageFormat::Human if alike.is_one_too_many(&diagnostic) => continue,
                MessageFormat::Human => {
                    (REMARK, format!("{}\n", render_human(&diagnostic, sources, self.style)))
                }
                MessageFormat::Short => {
                    (REMARK, format!("{}\n", render_short(&diagnostic, sources)))
                }
                MessageFormat::Json => (RESULT, format!("{}\n", render_json(&diagnostic, sources))),
                MessageFormat::Sarif => {
                    (SARIF, render_sarif_result(&diagnostic, sources).to_string())
                }
            });
        }
        for more in alike.summarize(sources) {
            self.print_piece((REMARK, more));
        }
        if self.format == MessageFormat::Human && errors + warnings > 0 {
            let count = |n: usize, what: &str| match n {
                0 => None,
                1 => Some(format!("1 {what}")),
                n => Some(format!("{n} {what}s")),
            };
            let parts: Vec<_> = [count(errors, "error"), count(warnings, "warning")]
                .into_iter()
                .flatten()
                .collect();
            if !self.quiet {
                self.print_piece((REMARK, format!("{}\n", parts.join(", "))));
            }
        }
        errors > 0
    }

    fn print_piece(&self, (kind, text): Printed) {
        match kind {
            RESULT => print_for_machine(&text, self.aside),
            SARIF => self.lock_results().extend(serde_json::from_str::<serde_json::Value>(&text)),
            _ => eprint!("{text}"),
        }
        if let Some(record) = &mut *self.lock_record() {
            record.push((kind, text));
        }
    }

    /// Records the diagnostics that are printed from now on.
    pub(crate) fn start_record(&self) {
        *self.lock_record() = Some(Vec::new());
    }

    /// What was printed since.
    pub(crate) fn take_record(&self) -> Vec<Printed> {
        self.lock_record().take().unwrap_or_default()
    }

    /// Prints what was printed before, in the same form.
    pub(crate) fn replay(&self, pieces: Vec<Printed>) {
        self.clear();
        for piece in pieces {
            self.print_piece(piece);
        }
    }

    /// What decides how a diagnostic is printed.
    pub(crate) fn describe_form(&self) -> String {
        let Self { format, style, quiet, aside, .. } = self;
        format!("{format:?} {style:?} {quiet} {aside}")
    }

    fn lock_record(&self) -> std::sync::MutexGuard<'_, Option<Vec<Printed>>> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints one diagnostic without sources.
    pub(crate) fn print_fault(&self, diagnostic: Diagnostic) {
        self.print_diagnostics([diagnostic], &SourceMap::new());
    }

    /// Whether a fault was in the command line.
    pub(crate) fn was_misused(&self) -> bool {
        self.usage.load(Ordering::Relaxed)
    }

    fn lock_results(&self) -> std::sync::MutexGuard<'_, Vec<serde_json::Value>> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints a remark, on standard error.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet {
            self.clear();
            eprintln!("{text}");
        }
    }

    /// Shows what is being done, on a terminal's last line, until something else is printed.
    pub(crate) fn show_progress(&self, text: &str) {
        if self.live {
            let text: String =
                text.chars().filter(|c| !c.is_control()).take(self.style.width - 2).collect();
            eprint!("\r\u{1b}[2K{text}…");
            let _ = std::io::stderr().flush();
            self.shown.store(true, Ordering::Relaxed);
        }
    }

    fn clear(&self) {
        if self.shown.swap(false, Ordering::Relaxed) {
            eprint!("\r\u{1b}[2K");
        }
    }

    /// Prints the command's result, on standard output; a closed reader is not an error.
    pub(crate) fn print_result(&self, text: &str) {
        self.clear();
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }

    /// Prints timings for programs where the diagnostics go; with SARIF always on standard error, because its document needs standard output for itself.
    pub(crate) fn print_timings(&self, text: &str) {
        self.clear();
        print_for_machine(text, self.aside || self.format == MessageFormat::Sarif);
    }

    /// Ends the command's output: prints the SARIF document, if that is the format.
    pub(crate) fn finish(&self) {
        self.clear();
        if self.format == MessageFormat::Sarif {
            let results = std::mem::take(&mut *self.lock_results());
            print_sarif(results, &self.plugin_codes, self.aside);
        }
    }
}

fn print_sarif(results: Vec<serde_json::Value>, plugin_codes: &[Code], aside: bool) {
    let document = render_sarif(results, plugin_codes, env!("CARGO_PKG_VERSION"));
    print_for_machine(&format!("{document:#}\n"), aside);
}

/// Prints for programs: on standard output, or with `aside` on standard error.
fn print_for_machine(text: &str, aside: bool) {
    if aside {
        eprint!("{text}");
    } else {
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
}

/// Prints what a panic means, in the requested format.
pub(crate) fn print_panic(detail: &str) {
    let (fault, none) = (bp_diag::catalog::internal::failed(detail), SourceMap::new());
    let (format, aside) = FORMAT.get().copied().unwrap_or((MessageFormat::Human, true));
    match format {
        MessageFormat::Human => eprintln!("{}", render_human(&fault, &none, Style::default())),
        MessageFormat::Short => eprintln!("{}", render_short(&fault, &none)),
        MessageFormat::Json => {
            print_for_machine(&format!("{}\n", render_json(&fault, &none)), aside);
        }
        MessageFormat::Sarif => {
            // What the plugins declare is not at hand, and no result needs it.
            print_sarif(vec![render_sarif_result(&fault, &none)], &[], aside);
        }
    }
}
