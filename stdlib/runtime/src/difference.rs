//! Where two JSON values differ, in words that fit a line.

use serde_json::Value;

/// How many differences are shown; the others are counted.
const MOST: usize = 5;
/// How much of a value is shown.
const LONGEST: usize = 60;
/// How much of a long text is shown before the first character that differs.
const BEFORE: usize = 15;

/// A line for each of the first places where `got` is not what is expected: `.items[2].price: expected 3, got 4`.
pub fn find_differences(expected: &Value, got: &Value) -> Vec<String> {
    let mut all = Differences { path: String::new(), lines: Vec::new(), more: 0 };
    all.compare(expected, got);
    if all.more > 0 {
        all.lines.push(format!("and {} more differences", all.more));
    }
    all.lines
}

struct Differences {
    path: String,
    lines: Vec<String>,
    more: usize,
}

impl Differences {
    fn compare(&mut self, expected: &Value, got: &Value) {
        match (expected, got) {
            _ if expected == got => {}
            (Value::Object(wanted), Value::Object(found)) => {
                let names = wanted.keys().chain(found.keys().filter(|n| !wanted.contains_key(*n)));
                for name in names {
                    let step =
                        if is_plain(name) { format!(".{name}") } else { format!("[{name:?}]") };
                    self.compare_child(&step, wanted.get(name), found.get(name));
                }
            }
            (Value::Array(wanted), Value::Array(found)) => {
                for index in 0..wanted.len().max(found.len()) {
                    self.compare_child(&format!("[{index}]"), wanted.get(index), found.get(index));
                }
            }
            (Value::String(wanted), Value::String(found)) => {
                let same = wanted.chars().zip(found.chars()).take_while(|(a, b)| a == b).count();
                self.note(&quote(wanted, same), &quote(found, same));
            }
            _ => self.note(&show(expected), &show(got)),
        }
    }

    fn compare_child(&mut self, step: &str, expected: Option<&Value>, got: Option<&Value>) {
        let length = self.path.len();
        self.path.push_str(step);
        match (expected, got) {
            (Some(expected), Some(got)) => self.compare(expected, got),
            (expected, got) => {
                let show = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), show);
                self.note(&show(expected), &show(got));
            }
        }
        self.path.truncate(length);
    }

    fn note(&mut self, expected: &str, got: &str) {
        if self.lines.len() == MOST {
            self.more += 1;
            return;
        }
        let place = if self.path.is_empty() { "the answer" } else { &self.path };
        self.lines.push(format!("{place}: expected {expected}, got {got}"));
    }
}

/// Whether a name can be written after a dot.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// The text around the character at `at`, where the difference is.
fn quote(text: &str, at: usize) -> String {
    if text.chars().count() <= LONGEST {
        return format!("{text:?}");
    }
    let start = at.saturating_sub(BEFORE);
    let part: String = text.chars().skip(start).take(LONGEST).collect();
    let before = if start > 0 { "…" } else { "" };
    let after = if text.chars().count() > start + LONGEST { "…" } else { "" };
    format!("{before}{part:?}{after}")
}

/// A value, cut where it is long.
fn show(value: &Value) -> String {
    if let Value::String(written) = value {
        return quote(written, 0);
    }
    let whole = value.to_string();
    if whole.chars().count() <= LONGEST {
        return whole;
    }
    let part: String = whole.chars().take(LONGEST).collect();
    format!("{part}…")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_places_are_named() {
        let expected = json!({ "items": [{ "price": 1 }, { "price": 3 }], "a-b": 1, "gone": true });
        let got = json!({ "items": [{ "price": 1 }, { "price": 4 }, { "price": 5 }], "a-b": "1" });
        assert_eq!(
            find_differences(&expected, &got),
            [
                ".items[1].price: expected 3, got 4",
                ".items[2]: expected nothing, got {\"price\":5}",
                "[\"a-b\"]: expected 1, got \"1\"",
                ".gone: expected true, got nothing",
            ]
        );
        assert_eq!(find_differences(&json!(1), &json!(2)), ["the answer: expected 1, got 2"]);
        assert!(find_differences(&got, &got).is_empty());
    }

    #[test]
    fn long_values_are_cut_where_they_differ() {
        let long = "lorem ipsum ".repeat(20);
        let other = format!("{}X{}", &long[..150], &long[151..]);
        let lines = find_differences(&json!({ "text": long }), &json!({ "text": other }));
        assert_eq!(lines.len(), 1);
        assert!(lines[0].chars().count() < 200 && lines[0].contains('X'), "{}", lines[0]);
        let many: Vec<u32> = (0..20).collect();
        let none = vec![99; 20];
        let lines = find_differences(&json!(many), &json!(none));
        assert_eq!(lines.len(), MOST + 1);
        assert_eq!(lines[MOST], "and 15 more differences");
    }
}
