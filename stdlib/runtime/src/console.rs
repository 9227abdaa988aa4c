//! What the program itself prints, beside its log.

use std::io::Write as _;
use std::process::ExitCode;

/// Prints what went wrong on standard error, whatever the log format is, because the log may be switched off.
#[expect(clippy::print_stderr, reason = "the last words of a process that cannot start")]
pub(crate) fn complain(message: &str, code: u8) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::from(code)
}

/// A line on standard output. A reader that went away does not make the call fail.
pub(crate) fn print_line(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
