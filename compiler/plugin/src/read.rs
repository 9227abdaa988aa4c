//! From the wiring's text to settings: types, units, bounds, words, defaults.

use std::collections::BTreeMap;
use std::time::Duration;

use bp_contract::units::{parse_duration, parse_size};
use bp_diag::catalog::{policy as codes, wiring};
use bp_diag::{Diagnostic, Diagnostics, Edit, Span, nearest};
use bp_plan::{Reference, Settings, Value};
use bp_wiring::{Bounds, Item, Table, Typed};

use crate::{Literal, Setting, SettingKind, is_switch, variant_tag};

/// The settings that were read, and where each was written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadSettings {
    /// The values, defaults filled in; origins only for what is written.
    pub settings: Settings,
    /// By dotted path, for what is written.
    pub spans: BTreeMap<String, Span>,
}

/// What reading needs to know about the place.
#[derive(Clone, Copy)]
pub struct ReadContext<'a> {
    /// How messages name the table: `retry`.
    pub key: &'a str,
    /// Where the key was written, for what is missing.
    pub span: Option<Span>,
    /// The callee's methods, for tables by method.
    pub methods: &'a [String],
    /// Formats a place as an origin: `wiring/local.toml:3`.
    pub locate: &'a dyn Fn(Span) -> String,
}

impl std::fmt::Debug for ReadContext<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadContext").field("key", &self.key).finish_non_exhaustive()
    }
}

/// Reads a table of settings; what is wrong is reported and left out.
pub fn read_settings(
    known: &[Setting],
    table: &Table,
    reading: ReadContext<'_>,
    diagnostics: &mut Diagnostics,
) -> ReadSettings {
    let mut reader = Reader { reading, out: ReadSettings::default(), diagnostics };
    let values = reader.read_table(known, table, "");
    reader.out.settings.values = values.into();
    reader.out
}

struct Reader<'a, 'd> {
    reading: ReadContext<'a>,
    out: ReadSettings,
    diagnostics: &'d mut Diagnostics,
}

impl Reader<'_, '_> {
    fn read_table(
        &mut self,
        known: &[Setting],
        table: &Table,
        path: &str,
    ) -> BTreeMap<String, Value> {
        let renamed = self.follow_renames(known, table, path);
        let table = renamed.as_ref().unwrap_or(table);
        let mut names: Vec<&str> = Vec::new();
        for setting in known {
            if !names.contains(&setting.name) {
                names.push(setting.name);
            }
        }
        let place = format!("`{}`", self.full_path(path));
        self.diagnostics.extend(table.unknown_keys(&place, &names));
        let mut values = BTreeMap::new();
        let chosen = self.choose_variant(known, table, path);
        let belongs = |s: &&Setting| s.when.is_none_or(|when| Some(when.word) == chosen);
        let own: Vec<&Setting> = known.iter().filter(belongs).collect();
        self.report_exclusions(&own, table, path);
        // A misspelt key is one fault: the setting that it stands for is not missing too.
        let unknown = table.entries.keys().filter(|key| !names.contains(&key.as_str()));
        let meant: Vec<&str> =
            unknown.filter_map(|key| nearest(key, names.iter().copied())).collect();
        for setting in own {
            let is_missing = setting.required && table.get(setting.name).is_none();
            if is_missing && meant.contains(&setting.name) {
                continue;
            }
            let path = join_path(path, setting.name);
            if let Some(value) = self.read_setting(setting, table.entries.get(setting.name), &path)
            {
                values.insert(setting.name.to_owned(), value);
            }
        }
        values
    }

    /// The variant of a table, as the word of its tag; `None` if it has no variants, or if the tag is wrong or missing, which is reported where it is read.
    ///
    /// Reports settings of other variants.
    fn choose_variant(
        &mut self,
        known: &[Setting],
        table: &Table,
        path: &str,
    ) -> Option<&'static str> {
        let tag = variant_tag(known)?;
        let SettingKind::OneOf(words) = tag.kind else { return None };
        let word = match (table.get(tag.name), tag.default) {
            (Some(item), _) => item.as_str()?,
            (None, Some(Literal::Text(word))) => word,
            (None, _) => return None,
        };
        let chosen = words.iter().copied().find(|known| *known == word)?;
        for (name, item) in &table.entries {
            let of_name = || known.iter().filter(|s| s.name == name);
            let owners: Vec<&str> =
                of_name().filter_map(|s| s.when).map(|when| when.word).collect();
            let fits = of_name().any(|s| s.when.is_none_or(|when| when.word == chosen));
            if !fits && !owners.is_empty() {
                let (setting, tag) = (join_path(path, name), join_path(path, tag.name));
                let (setting, tag) = (self.full_path(&setting), self.full_path(&tag));
                let owners: Vec<String> = owners.iter().map(|word| format!("\"{word}\"")).collect();
                let owners = owners.join(" or ");
                self.diagnostics.push(codes::settings_disagree(
                    &setting,
                    &format!("it belongs to `{tag}` = {owners}, not to \"{chosen}\""),
                    &format!("remove the line, or write {owners} as `{tag}`"),
                    Some(item.key),
                ));
            }
        }
        Some(chosen)
    }

    /// Reports two settings of one table that exclude each other, at the one written later.
    fn report_exclusions(&mut self, settings: &[&Setting], table: &Table, path: &str) {
        let find = |name: &str| {
            let setting = settings.iter().find(|setting| setting.name == name)?;
            table.get(name).filter(|item| !removes(setting, item))
        };
        for setting in settings {
            let Some(other) = setting.excludes else { continue };
            let (Some(item), Some(excluded)) = (find(setting.name), find(other)) else { continue };
            let before = item.key.file == excluded.key.file && item.key.start < excluded.key.start;
            let (first, second) = if before { (item, excluded) } else { (excluded, item) };
            let (name, of_table) = (setting.name, self.full_path(path));
            let message = format!("`{other}` and `{name}` exclude each other");
            let help = format!("keep one of `{other}` and `{name}`");
            let fault = codes::settings_disagree(&of_table, &message, &help, Some(second.key));
            self.diagnostics.push(fault.at(first.key, "the other one"));
        }
    }

    /// Reports settings that have their old names; returns the table with the new names, or `None` if it has no old name.
    fn follow_renames(&mut self, known: &[Setting], table: &Table, path: &str) -> Option<Table> {
        let old = |setting: &Setting| setting.renamed_from.filter(|old| table.get(old).is_some());
        known.iter().find_map(old)?;
        let mut table = table.clone();
        for setting in known {
            let Some(old) = setting.renamed_from else { continue };
            let Some(item) = table.entries.remove(old) else { continue };
            let now = table.get(setting.name);
            // Renaming the key would put the new name into this file twice.
            let twice = now.is_some_and(|now| now.key.file == item.key.file);
            let edit = Edit { span: item.key, text: setting.name.to_owned() };
            let edits = if twice { Vec::new() } else { vec![edit] };
            let (was, is) = (join_path(path, old), join_path(path, setting.name));
            let (was, is) = (self.full_path(&was), self.full_path(&is));
            self.diagnostics.push(wiring::renamed(item.key, &was, &is, edits));
            table.entries.entry(setting.name.to_owned()).or_insert(item);
        }
        Some(table)
    }

    fn read_setting(
        &mut self,
        setting: &Setting,
        item: Option<&Item>,
        path: &str,
    ) -> Option<Value> {
        let Some(item) = item else {
            if setting.required {
                self.report_missing(setting, path);
            }
            if setting.optional {
                return None;
            }
            if let SettingKind::Table { settings, .. } = setting.kind {
                // The defaults inside apply even if the wiring does not name the table.
                return Some(Value::Table(self.read_table(settings, &Table::default(), path)));
            }
            return setting.default.and_then(|literal| literal_value(&setting.kind, literal));
        };
        if removes(setting, item) {
            return None;
        }
        self.note_origin(path, item.span);
        match self.read_value(setting, &setting.kind, item, path) {
            Ok(value) => Some(value),
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }

    fn note_origin(&mut self, path: &str, span: Span) {
        self.out.spans.insert(path.to_owned(), span);
        self.out.settings.origins.insert(path.to_owned(), (self.reading.locate)(span));
    }

    /// Notes where the parts of a value of any type were written, because no declaration names them.
    fn note_parts(&mut self, path: &str, item: &Item) {
        for (name, item) in item.as_table().into_iter().flat_map(|table| &table.entries) {
            let path = join_path(path, name);
            self.note_origin(&path, item.span);
            self.note_parts(&path, item);
        }
    }

    fn report_missing(&mut self, setting: &Setting, path: &str) {
        let example = if setting.example.is_empty() { "…" } else { setting.example };
        let diagnostic =
            codes::setting_missing(self.reading.span, self.reading.key, path, setting.doc, example);
        self.diagnostics.push(diagnostic);
    }

    /// `retry.budget.ratio`, as messages name it.
    fn full_path(&self, path: &str) -> String {
        join_path(self.reading.key, path)
    }

    fn read_value(
        &mut self,
        setting: &Setting,
        kind: &SettingKind,
        item: &Item,
        path: &str,
    ) -> Result<Value, Diagnostic> {
        let shown = self.full_path(path);
        if setting.secret {
            return item.secret(&shown).map(|r| Value::Reference(convert_reference(r)));
        }
        if setting.fixed
            && let bp_wiring::Value::Reference(_) = item.value
        {
            return Err(wiring::early_reference(item.span, &shown));
        }
        Ok(match kind {
            SettingKind::Duration => into_value(
                item.duration(&shown, &parse_bounds(setting, parse_duration))?,
                Value::Duration,
            ),
            SettingKind::Size => {
                into_value(item.size(&shown, &parse_bounds(setting, parse_size))?, Value::Size)
            }
            SettingKind::Ratio => {
                let ratio = item.ratio(&shown)?;
                // The type's own bounds first, which say what a ratio is; then the setting's.
                item.number(&shown, &float_bounds(setting))?;
                into_value(ratio, Value::Float)
            }
            SettingKind::Count => into_value(item.count(&shown, &count_bounds(setting))?, |n| {
                Value::Integer(i64::try_from(n).unwrap_or(i64::MAX))
            }),
            SettingKind::Float => {
                into_value(item.number(&shown, &float_bounds(setting))?, Value::Float)
            }
            SettingKind::Bool => into_value(item.boolean(&shown)?, Value::Bool),
            SettingKind::Text => into_value(item.string(&shown)?, Value::Text),
            SettingKind::OneOf(words) => into_value(item.choice(&shown, words)?, Value::Text),
            SettingKind::List(inner) => {
                let mut values = Vec::new();
                for item in item.list(&shown)? {
                    values.push(self.read_value(setting, inner, item, path)?);
                }
                Value::List(values)
            }
            SettingKind::Table { settings, shorthand } => {
                self.read_nested(settings, *shorthand, item, path)?
            }
            SettingKind::Map(inner) => Value::Table(self.read_map(setting, inner, item, path)?),
            SettingKind::PerMethod(inner) => {
                for (name, item) in &item.table(&shown)?.entries {
                    if !self.reading.methods.contains(name) {
                        self.diagnostics.push(codes::unknown_method_key(
                            item.key,
                            name,
                            &shown,
                            nearest(name, self.reading.methods.iter().map(String::as_str)),
                            self.reading.methods,
                        ));
                    }
                }
                Value::Table(self.read_map(setting, inner, item, path)?)
            }
            SettingKind::Any => {
                self.note_parts(path, item);
                to_value(item)
            }
        })
    }

    /// A table of settings, `true` for its defaults, or the value that the table's shorthand takes, which may be `true` too.
    fn read_nested(
        &mut self,
        settings: &[Setting],
        shorthand: Option<&str>,
        item: &Item,
        path: &str,
    ) -> Result<Value, Diagnostic> {
        if item.as_bool() == Some(true) && !is_switch(settings, shorthand) {
            return Ok(Value::Table(self.read_table(settings, &Table::default(), path)));
        }
        let Some(leaf) = shorthand.filter(|_| item.as_table().is_none()) else {
            return Ok(Value::Table(self.read_table(
                settings,
                item.table(&self.full_path(path))?,
                path,
            )));
        };
        let mut table = Table::default();
        table.entries.insert(leaf.to_owned(), item.clone());
        Ok(Value::Table(self.read_table(settings, &table, path)))
    }

    fn read_map(
        &mut self,
        setting: &Setting,
        kind: &SettingKind,
        item: &Item,
        path: &str,
    ) -> Result<BTreeMap<String, Value>, Diagnostic> {
        let mut values = BTreeMap::new();
        for (name, item) in &item.table(&self.full_path(path))?.entries {
            let path = join_path(path, name);
            self.note_origin(&path, item.span);
            values.insert(name.clone(), self.read_value(setting, kind, item, &path)?);
        }
        Ok(values)
    }
}

/// Whether a value leaves out a table that may be absent: `false`, unless that is a value of the table's shorthand.
fn removes(setting: &Setting, item: &Item) -> bool {
    let switch = matches!(
        setting.kind,
        SettingKind::Table { settings, shorthand } if is_switch(settings, shorthand)
    );
    setting.optional && !switch && item.as_bool() == Some(false)
}

fn join_path(prefix: &str, name: &str) -> String {
    match (prefix, name) {
        ("", name) | (name, "") => name.to_owned(),
        (prefix, name) => format!("{prefix}.{name}"),
    }
}

fn into_value<T>(value: Typed<T>, make: impl FnOnce(T) -> Value) -> Value {
    match value {
        Typed::Value(value) => make(value),
        Typed::Reference(found) => Value::Reference(convert_reference(found)),
    }
}

fn convert_reference(found: bp_wiring::Reference) -> Reference {
    match found {
        bp_wiring::Reference::Env(name) => Reference::Env(name),
        bp_wiring::Reference::Secret(name) => Reference::Secret(name),
        bp_wiring::Reference::File(name) => Reference::File(name),
    }
}

/// A whole number; one that does not fit in a signed 64-bit integer becomes text, as in JSON.
pub fn integer_value(number: i128) -> Value {
    i64::try_from(number).map_or_else(|_| Value::Text(number.to_string()), Value::Integer)
}

/// A value as written, of any type.
pub fn to_value(item: &Item) -> Value {
    match &item.value {
        bp_wiring::Value::String(text) | bp_wiring::Value::Datetime(text) => {
            Value::Text(text.clone())
        }
        bp_wiring::Value::Integer(n) => integer_value(*n),
        bp_wiring::Value::Float(n) => Value::Float(*n),
        bp_wiring::Value::Boolean(b) => Value::Bool(*b),
        bp_wiring::Value::Array(items) => Value::List(items.iter().map(to_value).collect()),
        bp_wiring::Value::Table(table) => {
            Value::Table(table.entries.iter().map(|(k, v)| (k.clone(), to_value(v))).collect())
        }
        bp_wiring::Value::Reference(found) => Value::Reference(convert_reference(found.clone())),
    }
}

fn parse_bounds<T>(setting: &Setting, parse: impl Fn(&str) -> Option<T>) -> Bounds<T> {
    let read = |literal: Option<Literal>| match literal {
        Some(Literal::Text(text)) => parse(text),
        Some(Literal::Bool(_) | Literal::Int(_) | Literal::Float(_)) | None => None,
    };
    Bounds { min: read(setting.min), max: read(setting.max) }
}

fn count_bounds(setting: &Setting) -> Bounds<u64> {
    let read = |literal: Option<Literal>| match literal {
        Some(Literal::Int(n)) => u64::try_from(n).ok(),
        Some(Literal::Bool(_) | Literal::Text(_) | Literal::Float(_)) | None => None,
    };
    // What a plan holds has 64 bits with a sign.
    Bounds { min: read(setting.min), max: read(setting.max).or(Some(i64::MAX.unsigned_abs())) }
}

#[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^53")]
fn float_bounds(setting: &Setting) -> Bounds<f64> {
    let read = |literal: Option<Literal>| match literal {
        Some(Literal::Float(n)) => Some(n),
        Some(Literal::Int(n)) => Some(n as f64),
        Some(Literal::Bool(_) | Literal::Text(_)) | None => None,
    };
    Bounds { min: read(setting.min), max: read(setting.max) }
}

/// A default as value; `None` when the plugin's author wrote one of another type, which [`crate::Registry::faults`] finds.
pub(crate) fn literal_value(kind: &SettingKind, literal: Literal) -> Option<Value> {
    #[expect(clippy::cast_precision_loss, reason = "defaults are far below 2^53")]
    match (kind, literal) {
        (SettingKind::Duration, Literal::Text(text)) => {
            parse_duration(text).map(|d: Duration| Value::Duration(d))
        }
        (SettingKind::Size, Literal::Text(text)) => parse_size(text).map(Value::Size),
        (SettingKind::Ratio | SettingKind::Float, Literal::Float(n)) => Some(Value::Float(n)),
        (SettingKind::Ratio | SettingKind::Float, Literal::Int(n)) => Some(Value::Float(n as f64)),
        (SettingKind::Count, Literal::Int(n)) => Some(Value::Integer(n)),
        (SettingKind::Bool, Literal::Bool(b)) => Some(Value::Bool(b)),
        (SettingKind::Text | SettingKind::Any, Literal::Text(text)) => {
            Some(Value::Text(text.to_owned()))
        }
        (SettingKind::OneOf(words), Literal::Text(text)) if words.contains(&text) => {
            Some(Value::Text(text.to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bp_contract::setting::Settings;
    use bp_diag::SourceMap;

    use super::*;

    /// What may be left out.
    #[derive(Settings)]
    struct Optional {
        /// Anything.
        any: Option<serde_json::Value>,
        /// Yes or no.
        flag: Option<bool>,
        /// What may be off.
        part: Option<Part>,
    }

    #[derive(Settings)]
    struct Part {
        /// How many.
        #[setting(default = 1)]
        count: u32,
    }

    #[test]
    fn parts_of_any_value_have_the_place_where_they_are_written() {
        let file = SourceMap::new().add("a.toml", "abcdef");
        let item = |value, at| {
            let span = Span::new(file, at, at + 1);
            Item { value, span, key: span }
        };
        let table = |name: &str, item| {
            bp_wiring::Value::Table(Table {
                entries: [(name.to_owned(), item)].into(),
                reset: false,
            })
        };
        let inner = item(table("b", item(bp_wiring::Value::Integer(1), 2)), 1);
        let bp_wiring::Value::Table(written) = table("any", item(table("a", inner), 0)) else {
            unreachable!()
        };
        let locate = |span: Span| format!("at {}", span.start);
        let reading = ReadContext { key: "x", span: None, methods: &[], locate: &locate };
        let read =
            read_settings(Optional::SETTINGS, &written, reading, &mut Diagnostics::new()).settings;
        let places = ["any", "any.a", "any.a.b"].map(|path| read.origin(path).to_owned());
        assert_eq!(places, ["at 0", "at 1", "at 2"]);
    }

    /// What must be written.
    #[derive(Settings)]
    struct Needed {
        /// How long.
        after: Duration,
        /// How often.
        #[setting(default = 3)]
        times: u32,
    }

    #[test]
    fn a_misspelt_setting_is_one_fault() {
        let span = Span::new(SourceMap::new().add("a.toml", ""), 0, 0);
        let read = |name: &str| {
            let item = Item { value: bp_wiring::Value::Integer(1), span, key: span };
            let table = Table { entries: [(name.to_owned(), item)].into(), reset: false };
            let reading =
                ReadContext { key: "x", span: None, methods: &[], locate: &|_| String::new() };
            let mut diagnostics = Diagnostics::new();
            let read = read_settings(Needed::SETTINGS, &table, reading, &mut diagnostics).settings;
            let codes: Vec<&str> = diagnostics.iter().map(|d| d.code.id.name).collect();
            (codes, read.get("times").is_some())
        };
        assert_eq!(read("aftr"), (vec!["BP2031"], true));
        assert_eq!(read("tims"), (vec!["BP2031", "BP4002"], true), "`after` is missing too");
        assert_eq!(read("else"), (vec!["BP2031", "BP4002"], true));
    }

    #[test]
    fn false_is_a_value_of_what_takes_it_and_leaves_out_a_table() {
        let span = Span::new(SourceMap::new().add("a.toml", ""), 0, 0);
        let off = Item { value: bp_wiring::Value::Boolean(false), span, key: span };
        let entries = ["any", "flag", "part"].map(|name| (name.to_owned(), off.clone()));
        let table = Table { entries: entries.into(), reset: false };
        let reading =
            ReadContext { key: "x", span: None, methods: &[], locate: &|_| String::new() };
        let mut diagnostics = Diagnostics::new();
        let read = read_settings(Optional::SETTINGS, &table, reading, &mut diagnostics).settings;
        assert_eq!(read.get("any"), Some(&Value::Bool(false)));
        assert_eq!(read.get("flag"), Some(&Value::Bool(false)));
        assert_eq!(read.get("part"), None);
        assert!(diagnostics.is_empty());
    }
    /// What stands for `true` and `false`.
    #[derive(Settings)]
    #[settings(shorthand = "on")]
    struct Switch {
        /// Whether it is on.
        #[setting(default = true)]
        on: bool,
        /// How many.
        #[setting(default = 1)]
        count: u32,
    }

    #[derive(Settings)]
    struct Switches {
        /// One that may be absent.
        maybe: Option<Switch>,
        /// One that always exists.
        always: Switch,
    }

    #[test]
    fn true_and_false_are_values_of_a_shorthand_that_takes_them() {
        let span = Span::new(SourceMap::new().add("a.toml", ""), 0, 0);
        let read = |value: bool| {
            let item = Item { value: bp_wiring::Value::Boolean(value), span, key: span };
            let entries = ["maybe", "always"].map(|name| (name.to_owned(), item.clone()));
            let table = Table { entries: entries.into(), reset: false };
            let reading =
                ReadContext { key: "x", span: None, methods: &[], locate: &|_| String::new() };
            let mut diagnostics = Diagnostics::new();
            let read = read_settings(Switches::SETTINGS, &table, reading, &mut diagnostics);
            assert!(diagnostics.is_empty());
            ["maybe.on", "always.on"].map(|path| read.settings.get(path).cloned())
        };
        for value in [true, false] {
            assert_eq!(read(value), [Some(Value::Bool(value)), Some(Value::Bool(value))]);
        }
    }

    #[derive(Settings)]
    struct Either {
        /// The one.
        one: Option<Part>,
        /// The other.
        #[setting(excludes = "one")]
        other: Option<u32>,
    }

    #[test]
    fn two_settings_that_exclude_each_other_are_reported_at_the_later() {
        let file = SourceMap::new().add("a.toml", "one\ntwo\n");
        let read = |one: bool, starts: [usize; 2]| {
            let item = |value, start| {
                let span = Span::new(file, start, start + 3);
                Item { value, span, key: span }
            };
            let [first, second] = starts;
            let table = Table {
                entries: BTreeMap::from([
                    ("one".to_owned(), item(bp_wiring::Value::Boolean(one), first)),
                    ("other".to_owned(), item(bp_wiring::Value::Integer(2), second)),
                ]),
                reset: false,
            };
            let reading =
                ReadContext { key: "x", span: None, methods: &[], locate: &|_| String::new() };
            let mut diagnostics = Diagnostics::new();
            read_settings(Either::SETTINGS, &table, reading, &mut diagnostics);
            let found = diagnostics.iter().map(|fault| {
                let starts: Vec<u32> = fault.labels.iter().map(|label| label.span.start).collect();
                (fault.code.to_string(), fault.message.clone(), starts)
            });
            found.collect::<Vec<_>>()
        };
        let fault = |starts: [u32; 2]| {
            let message = "`x`: `one` and `other` exclude each other".to_owned();
            vec![("BP4001".to_owned(), message, starts.to_vec())]
        };
        assert_eq!(read(true, [0, 4]), fault([4, 0]));
        assert_eq!(read(true, [4, 0]), fault([4, 0]));
        // `false` leaves the table out.
        assert_eq!(read(false, [0, 4]), []);
    }
}
