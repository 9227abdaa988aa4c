//! How a plugin declares its settings: as data, from which checks, documentation, JSON Schema and the run-time table follow.

use std::fmt;

use super::SettingType;

/// A default or a bound, as wiring writes it.
///
/// Durations and sizes are text here too: `Literal::Text("500ms")`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Literal {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction, or a ratio.
    Float(f64),
    /// Text, a word of a list, a duration or a size.
    Text(&'static str),
}

impl fmt::Display for Literal {
    /// As wiring writes it, without quotes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Float(value) => value.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

impl Literal {
    /// As JSON, in the form that wiring accepts.
    pub fn to_json(self) -> serde_json::Value {
        match self {
            Self::Bool(value) => value.into(),
            Self::Int(value) => value.into(),
            Self::Float(value) => value.into(),
            Self::Text(text) => text.into(),
        }
    }
}

/// The type of a setting, and what it is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SettingKind {
    /// A span of time, `"500ms"`.
    Duration,
    /// Bytes, `"4MiB"`.
    Size,
    /// A number from 0 to 1.
    Ratio,
    /// A whole number from 0.
    Count,
    /// Any number.
    Float,
    /// `true` or `false`.
    Bool,
    /// Text.
    Text,
    /// One of several words.
    OneOf(&'static [&'static str]),
    /// Several values of one type.
    List(&'static SettingKind),
    /// Settings below this one; a bare value stands for the one named `shorthand`.
    Table {
        /// The settings.
        settings: &'static [Setting],
        /// What `budget = 0.1` sets; none if a table must be written.
        shorthand: Option<&'static str>,
    },
    /// A table with free keys and values of one type.
    Map(&'static SettingKind),
    /// A table keyed by the callee's methods; `bp` checks that they exist.
    PerMethod(&'static SettingKind),
    /// Anything; the plugin checks it.
    Any,
}

impl SettingKind {
    /// Its type, without what it is made of.
    pub const fn value_type(&self) -> SettingType {
        match self {
            Self::Duration => SettingType::Duration,
            Self::Size => SettingType::Size,
            Self::Ratio => SettingType::Ratio,
            Self::Count => SettingType::Count,
            Self::Float => SettingType::Float,
            Self::Bool => SettingType::Bool,
            Self::Text => SettingType::Text,
            Self::OneOf(_) => SettingType::OneOf,
            Self::List(_) => SettingType::List,
            Self::Table { .. } => SettingType::Table,
            Self::Map(_) => SettingType::Map,
            Self::PerMethod(_) => SettingType::PerMethod,
            Self::Any => SettingType::Any,
        }
    }

    /// The type to which bounds apply: that of the elements of a list or a map, else its own.
    pub const fn bounded(&self) -> &Self {
        match self {
            Self::List(inner) | Self::Map(inner) | Self::PerMethod(inner) => inner.bounded(),
            kind => kind,
        }
    }

    /// What a message asks for.
    pub fn expected(&self) -> String {
        match self {
            Self::OneOf(words) => {
                let words: Vec<_> = words.iter().map(|w| format!("\"{w}\"")).collect();
                format!("one of {}", words.join(", "))
            }
            kind => kind.value_type().expected().to_owned(),
        }
    }
}

/// The variant of a table to which a setting belongs: it may be written only where the setting `tag` of its table is `word`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    /// The setting of the same table that chooses the variant.
    pub tag: &'static str,
    /// The variant, as the tag's value.
    pub word: &'static str,
}

/// One setting of a plugin.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, declared by one word"
)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: SettingKind,
    /// One sentence on what it does.
    pub doc: &'static str,
    /// Its value when the wiring says nothing; without one it is absent.
    pub default: Option<Literal>,
    /// Whether the wiring must say something.
    pub required: bool,
    /// Least value.
    pub min: Option<Literal>,
    /// Greatest value.
    pub max: Option<Literal>,
    /// Whether it may change without a rebuild.
    pub tunable: bool,
    /// Whether a literal is refused and the value never shown.
    pub secret: bool,
    /// Whether `bp` itself needs the value, so that a reference, which is read at start-up, is refused.
    pub fixed: bool,
    /// A value for the documentation, as wiring writes it.
    pub example: &'static str,
    /// The name that it had once, whose use is an error that tells this one.
    pub renamed_from: Option<&'static str>,
    /// The variant to which it belongs; `None` if it belongs to all. A name may stand once in each variant.
    pub when: Option<When>,
    /// For a table: whether it is absent unless it is written, or removed with `false`. Other tables always exist, with the defaults in them.
    pub optional: bool,
    /// For editors: the regular expression (ECMA 262) that a text must match. The plugin's rules or check refuse the same texts, with a message that says why.
    pub pattern: Option<&'static str>,
    /// The setting of the same table that cannot stand beside it: `bp` refuses both. In wrappers, tables and keys, one that a later file or a stronger selector sets drops the other; other kinds of plugins cannot have it, nor can what is tunable.
    pub excludes: Option<&'static str>,
}

impl Setting {
    /// A setting that may be absent, is not tunable and has no bounds.
    pub const fn new(name: &'static str, kind: SettingKind, doc: &'static str) -> Self {
        Self {
            name,
            kind,
            doc,
            default: None,
            required: false,
            min: None,
            max: None,
            tunable: false,
            secret: false,
            fixed: false,
            example: "",
            renamed_from: None,
            when: None,
            optional: false,
            pattern: None,
            excludes: None,
        }
    }

    /// Gives it a default.
    pub const fn default(mut self, value: Literal) -> Self {
        self.default = Some(value);
        self
    }

    /// Makes it required.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Makes it required, if `must`.
    pub const fn required_if(mut self, must: bool) -> Self {
        self.required = must;
        self
    }

    /// Bounds it from below, inclusive.
    pub const fn at_least(mut self, min: Literal) -> Self {
        self.min = Some(min);
        self
    }

    /// Bounds it from above, inclusive.
    pub const fn at_most(mut self, max: Literal) -> Self {
        self.max = Some(max);
        self
    }

    /// Bounds it on both sides, both inclusive.
    pub const fn bounds(mut self, min: Literal, max: Literal) -> Self {
        self.min = Some(min);
        self.max = Some(max);
        self
    }

    /// Lets it change without a rebuild.
    pub const fn tunable(mut self) -> Self {
        self.tunable = true;
        self
    }

    /// Refuses a literal: only `{ env = … }`, `{ secret = … }` or `{ file = … }`.
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Refuses `{ env = … }`, `{ secret = … }` and `{ file = … }`: `bp` needs the value.
    pub const fn fixed(mut self) -> Self {
        self.fixed = true;
        self
    }

    /// Gives it an example.
    pub const fn example(mut self, example: &'static str) -> Self {
        self.example = example;
        self
    }

    /// Makes it a secret, if `is`.
    pub const fn secret_if(mut self, is: bool) -> Self {
        self.secret = is;
        self
    }

    /// Lets it be absent, if `may` and it is a table; other settings without a default can be absent anyway.
    pub const fn optional_if(mut self, may: bool) -> Self {
        self.optional = may && matches!(self.kind, SettingKind::Table { .. });
        self
    }

    /// Puts it into the variant of its table that the setting `tag` chooses with `word`.
    pub const fn when(mut self, tag: &'static str, word: &'static str) -> Self {
        self.when = Some(When { tag, word });
        self
    }

    /// Tells editors the regular expression (ECMA 262) that a text must match.
    pub const fn pattern(mut self, pattern: &'static str) -> Self {
        self.pattern = Some(pattern);
        self
    }

    /// Says which setting of the same table cannot stand beside it.
    pub const fn excludes(mut self, other: &'static str) -> Self {
        self.excludes = Some(other);
        self
    }

    /// Says which name it had once.
    pub const fn renamed_from(mut self, old: &'static str) -> Self {
        self.renamed_from = Some(old);
        self
    }
}
