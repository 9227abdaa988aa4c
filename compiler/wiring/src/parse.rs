//! Reads TOML text into a tree of [`Item`]s, with our words for the parser's errors.

use std::collections::BTreeMap;

use bp_diag::catalog::wiring as codes;
use bp_diag::{Diagnostics, FileId, Span};
use toml::de::{DeArray, DeTable, DeValue};

use crate::guard::Scan;
use crate::{Grammar, Item, Reference, Table, Value, renamed, syntax};

/// One file's tree.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) root: Table,
    /// Some text could not be read, so what seems to be missing may stand there.
    pub(crate) broken: bool,
}

/// Parses a text that passed the guard.
pub(crate) fn parse(
    file: FileId,
    text: &str,
    scan: &Scan,
    grammar: &Grammar,
    out: &mut Diagnostics,
) -> Parsed {
    let recovered = syntax::recover(text);
    let (tree, _) = DeTable::parse_recoverable(&recovered.text);
    let errors = recovered.errors;
    let mut reader = Reader { file, grammar, faults: Vec::new(), out };
    let broken = !errors.is_empty();
    for (start, diagnostic) in syntax::diagnose(file, text, scan, &errors) {
        // A bare word is a good guess at the string meant; anything else is not used.
        if diagnostic.code.id != "BP2008" {
            reader.faults.push(start);
        }
        reader.out.push(diagnostic);
    }
    reader.faults.extend(syntax::find_unusable_values(&errors));
    reader.faults.sort_unstable();
    let mut root = reader.read_table(tree.get_ref(), &mut Vec::new());
    for name in &recovered.placeholders {
        root.entries.remove(name);
    }
    renamed::report(file, text, &scan.renamed, &mut root, out);
    Parsed { root, broken }
}

struct Reader<'a> {
    file: FileId,
    grammar: &'a Grammar,
    /// Offsets of syntax errors, sorted; a value that holds one is left out.
    faults: Vec<usize>,
    out: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span::new(self.file, range.start, range.end)
    }

    fn read_table(&mut self, table: &DeTable<'_>, path: &mut Vec<String>) -> Table {
        let mut entries = BTreeMap::new();
        for (key, value) in table {
            let name = key.get_ref().to_string();
            path.push(name.clone());
            if let Some(item) = self.read_item(value.get_ref(), value.span(), key.span(), path) {
                entries.insert(name, item);
            }
            path.pop();
        }
        Table { entries, reset: false }
    }

    fn read_item(
        &mut self,
        value: &DeValue<'_>,
        range: std::ops::Range<usize>,
        key: std::ops::Range<usize>,
        path: &mut Vec<String>,
    ) -> Option<Item> {
        let span = self.span(range.clone());
        let key = self.span(key);
        // The values of a table are checked one by one, so that one fault does not hide the others.
        if !value.is_table() {
            let first = self.faults.partition_point(|f| *f < range.start);
            let faulty = self.faults.get(first).is_some_and(|f| *f <= range.end);
            // Where the parser found no value, it puts an empty one at offset 0.
            if faulty || (range.end == 0 && key.end > 0) {
                return None;
            }
        }
        let value = match value {
            DeValue::String(s) => Value::String(s.to_string()),
            DeValue::Integer(i) => {
                let Ok(number) = i128::from_str_radix(i.as_str(), i.radix()) else {
                    let problem = "the number does not fit 128 bits with a sign: write it in quotes, in decimal";
                    self.out.push(codes::bad_toml(span, problem));
                    return None;
                };
                Value::Integer(number)
            }
            DeValue::Float(f) => match f.as_str().parse::<f64>() {
                Ok(number)
                    if number.is_finite() || f.as_str().contains("inf") || number.is_nan() =>
                {
                    Value::Float(number)
                }
                _ => {
                    self.out.push(codes::bad_toml(span, "the number is too large for 64 bits"));
                    return None;
                }
            },
            DeValue::Boolean(b) => Value::Boolean(*b),
            DeValue::Datetime(d) => Value::Datetime(d.to_string()),
            DeValue::Array(array) => Value::Array(self.read_array(array, path)),
            DeValue::Table(table) => match self.read_reference(table, path) {
                Some(reference) => Value::Reference(reference),
                None => Value::Table(self.read_table(table, path)),
            },
        };
        Some(Item { value, span, key })
    }

    fn read_array(&mut self, array: &DeArray<'_>, path: &mut Vec<String>) -> Vec<Item> {
        path.push(String::new());
        let mut items = Vec::new();
        for value in array {
            if let Some(item) = self.read_item(value.get_ref(), value.span(), value.span(), path) {
                items.push(item);
            }
        }
        path.pop();
        items
    }

    /// A reference, if the table is one; a malformed one is reported and still counts as one, so that nothing seems to be missing.
    fn read_reference(&mut self, table: &DeTable<'_>, path: &[String]) -> Option<Reference> {
        let section = path.first().map(String::as_str)?;
        // Arguments of inits (once jobs) are plain data, as are patches; `[app]` is read at build time.
        let least = match section {
            "init" | "job" | "patch" | "app" | "extends" => return None,
            _ => match self.grammar.entry_tables.get(section) {
                Some(table) if table.verbatim => return None,
                // The whole entry is a value: `knob.x = { env = "X" }`.
                Some(table) if table.entry.shorthand.is_some() => 2,
                _ => 3,
            },
        };
        let mut entries = table.iter();
        let (Some((key, value)), None) = (entries.next(), entries.next()) else { return None };
        if path.len() < least {
            return None;
        }
        let kind = match &**key.get_ref() {
            "env" => "env",
            "secret" => "secret",
            "file" => "file",
            _ => return None,
        };
        let span = self.span(value.span());
        let text = value.get_ref().as_str();
        let why = match text {
            Some(text) => why_bad_reference(kind, text).map(str::to_owned),
            None => Some(format!("expected a string, this is {}", type_name(value.get_ref()))),
        };
        if let Some(why) = why {
            self.out.push(codes::bad_reference(span, kind, &why, &example_reference(kind)));
        }
        let text = text.unwrap_or_default().to_owned();
        Some(match kind {
            "env" => Reference::Env(text),
            "secret" => Reference::Secret(text),
            _ => Reference::File(text),
        })
    }
}

fn example_reference(kind: &str) -> String {
    let name = match kind {
        "env" => "DB_PASSWORD",
        "secret" => "db-password",
        _ => "/run/secrets/db-password",
    };
    format!("{{ {kind} = \"{name}\" }}")
}

/// Why a reference's text cannot be right.
fn why_bad_reference(kind: &str, text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("the name is empty");
    }
    if text.chars().any(char::is_control) {
        return Some("a name cannot hold control characters");
    }
    let word =
        |extra: &[char]| text.chars().all(|c| c.is_ascii_alphanumeric() || extra.contains(&c));
    match kind {
        "env" if !word(&['_']) || text.starts_with(|c: char| c.is_ascii_digit()) => {
            Some("a variable's name has letters, digits and `_`, and does not start with a digit")
        }
        "env" if text.starts_with("BP_") => {
            Some("names that begin with `BP_` are reserved: `bp` sets them")
        }
        // A secret is a file below one folder.
        "secret" if text.split('/').any(|part| matches!(part, "" | "." | "..")) => Some(
            "a secret's name is a path below the folder of secrets, without `.`, `..` or an empty part",
        ),
        "secret" if !word(&['_', '-', '.', '/']) => {
            Some("a secret's name has letters, digits, `_`, `-`, `.` and `/`")
        }
        _ => None,
    }
}

fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
