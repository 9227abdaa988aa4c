//! Medians, spreads and the table.

use std::fmt::Write as _;
use std::time::Duration;

/// What the rounds of one comparison found.
#[derive(Debug, Default, Clone)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The value below which this share of the rounds lies; 0 without rounds.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place among some hundred rounds"
    )]
    fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let place = (share * sorted.len().saturating_sub(1) as f64).round() as usize;
        sorted.get(place).copied().unwrap_or(0.0)
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The middle half of the rounds.
    pub(crate) fn spread(&self) -> (f64, f64) {
        (self.quantile(0.25), self.quantile(0.75))
    }
}

/// The median of latencies, in microseconds.
pub(crate) fn median_micros(took: &[Duration]) -> f64 {
    Sample(took.iter().map(|took| took.as_secs_f64() * 1e6).collect()).median()
}

/// The limit of a figure.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Budget {
    AtMost(f64),
    AtLeast(f64),
    /// Stated, not bounded.
    None,
}

/// A row of the table.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) ours: String,
    pub(crate) other: String,
    /// Printed under "ratio"; a difference where there is no second side.
    pub(crate) ratio: String,
    pub(crate) spread: String,
    /// The value that is compared with the budget, and the budget in the same unit.
    pub(crate) figure: f64,
    pub(crate) budget: Budget,
    pub(crate) unit: &'static str,
}

impl Row {
    /// Two sides, and the ratio of each round.
    pub(crate) fn ratio(
        what: &str,
        ours: String,
        other: String,
        ratio: &Sample,
        budget: Budget,
    ) -> Self {
        let (low, high) = ratio.spread();
        Self {
            what: what.to_owned(),
            ours,
            other,
            ratio: format!("{:.3}", ratio.median()),
            spread: format!("{low:.3}–{high:.3}"),
            figure: ratio.median(),
            budget,
            unit: "",
        }
    }

    /// A cost by itself, in nanoseconds.
    pub(crate) fn cost(what: &str, nanos: &Sample, budget: Budget) -> Self {
        let (low, high) = nanos.spread();
        Self {
            what: what.to_owned(),
            ours: format!("{:.0} ns", nanos.median()),
            other: String::new(),
            ratio: String::new(),
            spread: format!("{low:.0}–{high:.0} ns"),
            figure: nanos.median(),
            budget,
            unit: " ns",
        }
    }

    fn verdict(&self) -> &'static str {
        match self.budget {
            Budget::AtMost(most) if self.figure <= most => "ok",
            Budget::AtLeast(least) if self.figure >= least => "ok",
            Budget::None => "",
            Budget::AtMost(_) | Budget::AtLeast(_) => "MISSED",
        }
    }

    fn budget(&self) -> String {
        match self.budget {
            Budget::AtMost(most) => format!("≤ {most}{}", self.unit),
            Budget::AtLeast(least) => format!("≥ {least}{}", self.unit),
            Budget::None => "stated".to_owned(),
        }
    }
}

/// The rows as a table that is also Markdown.
pub(crate) fn format_table(rows: &[Row]) -> String {
    let head = ["what", "ours", "other side", "ratio", "middle half", "budget", ""];
    let mut lines: Vec<[String; 7]> = vec![head.map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        [
            row.what.clone(),
            row.ours.clone(),
            row.other.clone(),
            row.ratio.clone(),
            row.spread.clone(),
            row.budget(),
            row.verdict().to_owned(),
        ]
    }));
    let mut widths = [0; 7];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(widths) {
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
        if number == 0 {
            for width in widths {
                let _ = write!(text, "|{}", "-".repeat(width + 2));
            }
            text.push_str("|\n");
        }
    }
    text
}
