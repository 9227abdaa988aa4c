//! What a replay found, one line a step.

use std::fmt;

/// How far a computed number may be from a published one, which is rounded to six places.
const ROUNDING: f64 = 1e-6;

/// What became of the steps of a file.
#[derive(Debug)]
pub struct Replay {
    format: &'static str,
    case: String,
    lines: Vec<String>,
    /// Steps that were replayed.
    pub steps: usize,
    /// Steps, and sums at the end of a case, that were not as the file says.
    pub mismatches: usize,
    /// Parts of the file that no machine can replay.
    pub skipped: usize,
}

impl Replay {
    pub(crate) fn new(format: &'static str) -> Self {
        let lines = Vec::new();
        Self { format, case: String::new(), lines, steps: 0, mismatches: 0, skipped: 0 }
    }

    /// What follows belongs to this case.
    pub(crate) fn begin_case(&mut self, case: impl Into<String>) {
        self.case = case.into();
    }

    /// A step: what happened, and what was compared.
    pub(crate) fn step(&mut self, what: impl fmt::Display, found: Comparison) {
        self.steps += 1;
        self.compare(what, found);
    }

    /// What was compared that belongs to no step.
    pub(crate) fn compare(&mut self, what: impl fmt::Display, found: Comparison) {
        let Comparison { facts, faults } = found;
        let mut line = format!("{}: {what}: {}", self.case, facts.join(", "));
        if !faults.is_empty() {
            self.mismatches += 1;
            line = format!("{line}; MISMATCH: {}", faults.join(", "));
        }
        self.lines.push(line);
    }

    /// A part of the file that no machine can replay.
    pub(crate) fn skip(&mut self, part: &str, reason: &str) {
        self.skipped += 1;
        self.lines.push(format!("SKIPPED {part}: {reason}"));
    }
}

impl fmt::Display for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.lines {
            writeln!(f, "{line}")?;
        }
        let Self { format, steps, mismatches, skipped, .. } = self;
        write!(f, "{format}: {steps} steps, {mismatches} mismatches, {skipped} parts skipped")
    }
}

/// What a machine did at a step, and where that is not what the file says.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    facts: Vec<String>,
    faults: Vec<String>,
}

impl Comparison {
    /// A number that the file says, or leaves open.
    pub(crate) fn number(self, name: &str, found: f64, expected: Option<f64>) -> Self {
        let is_same = expected.is_none_or(|expected| (found - expected).abs() <= ROUNDING);
        let expected = expected.map(|expected| expected.to_string());
        self.add(name, &round(found), is_same, expected)
    }

    /// A number that there may not be.
    pub(crate) fn number_or_none(
        self,
        name: &str,
        found: Option<f64>,
        expected: Option<f64>,
    ) -> Self {
        let is_same = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() <= ROUNDING,
            (found, expected) => found.is_none() && expected.is_none(),
        };
        let text = |number: Option<f64>| number.map_or_else(|| "none".to_owned(), round);
        self.add(name, &text(found), is_same, Some(text(expected)))
    }

    /// A word, or whether something is so.
    pub(crate) fn word(
        self,
        name: &str,
        found: impl fmt::Display,
        expected: impl fmt::Display,
    ) -> Self {
        let (found, expected) = (found.to_string(), expected.to_string());
        let is_same = found == expected;
        self.add(name, &found, is_same, Some(expected))
    }

    /// Whether everything is as the file says.
    pub(crate) fn is_same(&self) -> bool {
        self.faults.is_empty()
    }

    fn add(mut self, name: &str, found: &str, is_same: bool, expected: Option<String>) -> Self {
        if !is_same {
            let expected = expected.unwrap_or_default();
            self.faults.push(format!("expected {name} {expected}, found {found}"));
        }
        self.facts.push(format!("{name} {found}"));
        self
    }
}

/// A number as people read it: nine places, without the zeros at the end.
fn round(number: f64) -> String {
    let text = format!("{number:.9}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_differs_is_counted_and_says_both_sides() {
        let mut replay = Replay::new("sample");
        replay.begin_case("first");
        replay.step("a", Comparison::default().number("left", 0.1 + 0.2, Some(0.3)));
        replay.step("b", Comparison::default().number("left", 6.0, None).word("may", true, false));
        replay.step("c", Comparison::default().number_or_none("pause", None, Some(1.5)));
        assert_eq!((replay.steps, replay.mismatches), (3, 2));
        assert_eq!(
            replay.to_string(),
            "first: a: left 0.3\n\
             first: b: left 6, may true; MISMATCH: expected may false, found true\n\
             first: c: pause none; MISMATCH: expected pause 1.5, found none\n\
             sample: 3 steps, 2 mismatches, 0 parts skipped"
        );
    }
}
