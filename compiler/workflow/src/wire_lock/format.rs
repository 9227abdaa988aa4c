//! The lock's text: parsing and printing.
//!
//! ```toml
//! version = 1
//!
//! [struct."leaf_workflow::Item"]
//! 1 = "sku: String"
//! 2 = "reserved note: Option<String>"
//!
//! [method."leaf_workflow::Cart".add]
//! 1 = "user: String"
//! ```

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bp_diag::{Diagnostics, FileId, Span, catalog::workflow as codes};

use super::LockFile;

/// Protobuf's greatest field number.
pub(super) const MAX_NUMBER: u32 = (1 << 29) - 1;

/// Numbers that protobuf reserves.
pub(super) const PROTOBUF_RESERVED: std::ops::RangeInclusive<u32> = 19_000..=19_999;

/// What a section's numbers belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SectionKind {
    /// A struct with named fields.
    Struct,
    /// A struct with several unnamed fields.
    Tuple,
    /// A struct with one unnamed field.
    Newtype,
    /// A struct without fields.
    Unit,
    /// An enum whose variants hold nothing.
    Enum,
    /// Any other enum, and every service error.
    OneOf,
    /// The arguments of a method.
    Method,
}

impl SectionKind {
    const ALL: [Self; 7] = [
        Self::Struct,
        Self::Tuple,
        Self::Newtype,
        Self::Unit,
        Self::Enum,
        Self::OneOf,
        Self::Method,
    ];

    /// Its word in the lock.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Struct => "struct",
            Self::Tuple => "tuple",
            Self::Newtype => "newtype",
            Self::Unit => "unit",
            Self::Enum => "enum",
            Self::OneOf => "oneof",
            Self::Method => "method",
        }
    }

    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.word() == word)
    }
}

/// A section's key: methods after types, then the path of a type or service, then the variant or method.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) method: bool,
    pub(super) path: String,
    /// A variant of a type, or a method of a service.
    pub(super) member: Option<String>,
}

/// What one number stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) reserved: bool,
    pub(super) name: String,
    /// How it is encoded; empty for a variant of an enum whose variants hold nothing.
    pub(super) encoding: String,
    /// Its line, if it is in the lock.
    pub(super) span: Option<Span>,
}

/// The numbers of one type, variant or method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) kind: SectionKind,
    pub(super) span: Option<Span>,
    pub(super) entries: BTreeMap<u32, Entry>,
}

/// A lock's contents.
pub(super) type Lock = BTreeMap<Key, Section>;

/// Parses a lock; what cannot be understood is reported and left out.
pub(super) fn parse(lock: &LockFile, diagnostics: &mut Diagnostics) -> Lock {
    let mut parser = Parser {
        file: lock.file,
        sections: Lock::new(),
        current: None,
        names: BTreeMap::new(),
        diagnostics,
    };
    let mut start = 0;
    let mut versioned = false;
    for line in lock.text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        let trimmed = line.trim();
        let lead = line.len() - line.trim_start().len();
        let span = Span::new(lock.file, at + lead, at + lead + trimmed.len());
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|m| trimmed.starts_with(m)) {
            parser.diagnostics.push(codes::lock_conflict(span));
            return parser.sections;
        }
        if let Some(version) = trimmed.strip_prefix("version") {
            versioned = true;
            if version.trim_start().strip_prefix('=').map(str::trim) != Some("1") {
                let problem = "its version is not 1: a newer `bp` wrote it";
                parser.diagnostics.push(codes::lock_syntax(span, problem));
                return parser.sections;
            }
        } else if trimmed.starts_with('[') {
            parser.read_header(trimmed, span);
        } else {
            parser.read_entry(trimmed, span);
        }
    }
    if !versioned && !parser.diagnostics.has_errors() {
        let span = Span::start_of(parser.file);
        parser.diagnostics.push(codes::lock_syntax(span, "the line `version = 1` is missing"));
    }
    parser.sections
}

struct Parser<'d> {
    file: FileId,
    sections: Lock,
    current: Option<Key>,
    /// Names in the current section, each with its line; a section is never opened twice.
    names: BTreeMap<String, Span>,
    diagnostics: &'d mut Diagnostics,
}

impl Parser<'_> {
    fn read_header(&mut self, line: &str, span: Span) {
        self.current = None;
        self.names.clear();
        let Some((kind, key)) = parse_header(line) else {
            let problem =
                "expected a section such as `[struct.\"path\"]` or `[method.\"path\".name]`";
            self.diagnostics.push(codes::lock_syntax(span, problem));
            return;
        };
        if let Some(first) = self.sections.get(&key).and_then(|s| s.span) {
            let what = format!("the section of `{}`", describe_owner(&key));
            self.diagnostics.push(codes::lock_duplicate(span, first, &what));
            return;
        }
        self.sections
            .insert(key.clone(), Section { kind, span: Some(span), entries: BTreeMap::new() });
        self.current = Some(key);
    }

    fn read_entry(&mut self, line: &str, span: Span) {
        let parts = line.split_once('=').map(|(n, text)| (n.trim(), text.trim()));
        let quoted = parts.and_then(|(n, text)| {
            Some((n, text.strip_prefix('"')?.strip_suffix('"').filter(|t| !t.contains('"'))?))
        });
        let Some((number, text)) = quoted else {
            let problem = "expected a line `number = \"name: type\"`";
            self.diagnostics.push(codes::lock_syntax(span, problem));
            return;
        };
        let valid = number
            .parse()
            .ok()
            .filter(|n| *n >= 1 && *n <= MAX_NUMBER && !PROTOBUF_RESERVED.contains(n));
        let Some(valid) = valid else {
            self.diagnostics.push(codes::lock_number(span, number));
            return;
        };
        let (reserved, text) = match text.strip_prefix("reserved ") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (name, encoding) = text.split_once(": ").unwrap_or((text, ""));
        if name.is_empty() || name.contains(char::is_whitespace) {
            let problem = "the name is missing in `number = \"name: type\"`";
            self.diagnostics.push(codes::lock_syntax(span, problem));
            return;
        }
        let Some(section) = self.current.as_ref().and_then(|k| self.sections.get_mut(k)) else {
            // A faulty header is reported already; its lines say nothing more.
            if self.sections.is_empty() && !self.diagnostics.has_errors() {
                let problem = "this line belongs to no section";
                self.diagnostics.push(codes::lock_syntax(span, problem));
            }
            return;
        };
        let key = self.current.as_ref().map(describe_owner).unwrap_or_default();
        if let Some(first) = section.entries.get(&valid).and_then(|e| e.span) {
            let what = format!("number {valid} of `{key}`");
            self.diagnostics.push(codes::lock_duplicate(span, first, &what));
            return;
        }
        if !reserved && let Some(first) = self.names.get(name).copied() {
            let what = format!("a number for `{name}` of `{key}`");
            self.diagnostics.push(codes::lock_duplicate(span, first, &what));
            return;
        }
        if !reserved {
            self.names.insert(name.to_owned(), span);
        }
        section.entries.insert(
            valid,
            Entry {
                reserved,
                name: name.to_owned(),
                encoding: encoding.to_owned(),
                span: Some(span),
            },
        );
    }
}

/// How messages name what a section belongs to.
pub(super) fn describe_owner(key: &Key) -> String {
    match &key.member {
        Some(member) => format!("{}::{member}", key.path),
        None => key.path.clone(),
    }
}

fn parse_header(line: &str) -> Option<(SectionKind, Key)> {
    let inside = line.strip_prefix('[')?.strip_suffix(']')?;
    let (word, rest) = inside.split_once(".\"")?;
    let (path, member) = rest.split_once('"')?;
    let kind = SectionKind::of(word)?;
    let member = match member {
        "" => None,
        member => Some(member.strip_prefix('.').filter(|m| is_name(m))?.to_owned()),
    };
    let method = kind == SectionKind::Method;
    let fits = match kind {
        SectionKind::Method => member.is_some(),
        // A variant's section repeats its enum's word.
        SectionKind::OneOf => true,
        _ => member.is_none(),
    };
    let path_fits = !path.is_empty() && path.split("::").all(is_name);
    (fits && path_fits).then(|| (kind, Key { method, path: path.to_owned(), member }))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Prints a lock.
pub(super) fn print(lock: &Lock) -> String {
    let mut out = String::from(
        "# Numbers of fields, variants and arguments on the wire.\n\
         # Written by `bp build`; commit it. It only grows: what is removed stays reserved.\n\
         version = 1\n",
    );
    for (key, section) in lock {
        let member = key.member.as_ref().map_or(String::new(), |m| format!(".{m}"));
        let _ = writeln!(out, "\n[{}.\"{}\"{member}]", section.kind.word(), key.path);
        for (number, entry) in &section.entries {
            let reserved = if entry.reserved { "reserved " } else { "" };
            let colon = if entry.encoding.is_empty() { "" } else { ": " };
            let _ =
                writeln!(out, "{number} = \"{reserved}{}{colon}{}\"", entry.name, entry.encoding);
        }
    }
    out
}
