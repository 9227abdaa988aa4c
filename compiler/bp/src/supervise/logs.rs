//! Prints the processes' output line by line, each line with its process's name.

use std::io::{BufRead, BufReader, Read, Write};
use std::thread::{self, JoinHandle};

/// Colours of names: the six of ANSI that read well on light and dark.
const COLORS: [&str; 6] =
    ["\u{1b}[36m", "\u{1b}[33m", "\u{1b}[32m", "\u{1b}[35m", "\u{1b}[34m", "\u{1b}[31m"];
/// A line longer than this is printed in pieces, so that no process can fill the memory.
const LONGEST: u64 = 64 * 1024;

/// What a process's lines start with.
#[derive(Debug, Clone)]
pub(crate) struct Prefix(String);

impl Prefix {
    /// The name, padded to `width` columns; the `index`th colour if `color`.
    pub(crate) fn new(name: &str, index: usize, width: usize, color: bool) -> Self {
        let paint = COLORS.get(index % COLORS.len()).copied().unwrap_or_default();
        Self(if color {
            format!("{paint}{name:width$} |\u{1b}[0m ")
        } else {
            format!("{name:width$} | ")
        })
    }
}

/// Copies a stream to standard error until it ends.
pub(crate) fn follow(stream: impl Read + Send + 'static, prefix: Prefix) -> JoinHandle<()> {
    thread::spawn(move || {
        copy(BufReader::new(stream), &prefix, |line| {
            // A closed standard error is no reason to stop the system.
            let _ = std::io::stderr().lock().write_all(line);
        });
    })
}

fn copy(mut stream: impl BufRead, prefix: &Prefix, mut print: impl FnMut(&[u8])) {
    let mut line = Vec::new();
    loop {
        line.clear();
        match stream.by_ref().take(LONGEST).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                if line.last() != Some(&b'\n') {
                    line.push(b'\n');
                }
                let mut out = prefix.0.clone().into_bytes();
                out.extend_from_slice(&line);
                print(&out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_gets_the_name_and_long_ones_are_cut() {
        let text = format!("one\ntwo\u{fffd}\n{}\nend", "x".repeat(70_000));
        let mut lines = Vec::new();
        copy(text.as_bytes(), &Prefix::new("cart", 0, 6, false), |l| lines.push(l.to_vec()));
        assert_eq!(lines.len(), 5);
        assert_eq!(lines[0], b"cart   | one\n");
        assert_eq!(lines[4], b"cart   | end\n");
        assert!(lines.iter().all(|l| l.starts_with(b"cart   | ") && l.ends_with(b"\n")));
    }
}
