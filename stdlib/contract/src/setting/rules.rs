//! Rules across settings: what types and bounds of single settings cannot say.

use std::fmt::{self, Write as _};
use std::marker::PhantomData;

/// Rules across the settings of a table. A type opts in with `#[settings(validate)]`.
///
/// They run in `bp check`, at start-up, and at every change of the configuration.
pub trait Validate {
    /// Notes what is wrong.
    fn validate(&self, faults: &mut Faults);
}

/// A field of the settings `T`, by its name in the wiring. The derive declares one for each field: `Breaker::WINDOW`.
pub struct Field<T> {
    name: &'static str,
    owner: PhantomData<fn(&T)>,
}

impl<T> Field<T> {
    /// The field whose setting is `name`; an empty name is the table itself.
    #[doc(hidden)]
    pub const fn new(name: &'static str) -> Self {
        Self { name, owner: PhantomData }
    }

    /// The setting's name.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// A field of the table that this field holds: `Self::BACKOFF.then(Backoff::INIT)`.
    pub fn then<U>(self, inner: Field<U>) -> FieldPath {
        FieldPath::from(self).then(inner)
    }

    /// An element of the list, by its index, or of the map, by its name.
    pub fn entry(self, name: impl fmt::Display) -> FieldPath {
        FieldPath::from(self).entry(name)
    }
}

impl<T> Clone for Field<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Field<T> {}

impl<T> fmt::Debug for Field<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field({})", self.name)
    }
}

/// A field below a table, a list or a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldPath(String);

impl FieldPath {
    /// A field of the table at this path.
    pub fn then<U>(self, inner: Field<U>) -> Self {
        Self(join_path(&self.0, inner.name))
    }

    /// An element of the list at this path, by its index, or of the map, by its name.
    pub fn entry(self, name: impl fmt::Display) -> Self {
        Self(join_path(&self.0, &name.to_string()))
    }
}

impl<T> From<Field<T>> for FieldPath {
    fn from(field: Field<T>) -> Self {
        Self(field.name.to_owned())
    }
}

/// What rules found to be wrong.
#[derive(Debug, Default)]
pub struct Faults {
    /// The path of the table whose rules run.
    place: String,
    found: Vec<RuleFault>,
}

impl Faults {
    /// Notes that a setting is wrong, and why: `faults.at(Breaker::WINDOW, "it is shorter than a probe").help("raise `window`")`.
    pub fn at(
        &mut self,
        field: impl Into<FieldPath>,
        message: impl Into<String>,
    ) -> &mut RuleFault {
        let path = join_path(&self.place, &field.into().0);
        let at = self.found.len();
        let message = message.into();
        self.found.push(RuleFault { path, message, help: None, code: None, unreadable: false });
        #[expect(clippy::indexing_slicing, reason = "it was pushed just now")]
        &mut self.found[at]
    }

    /// Runs the rules of what the setting `name` holds.
    pub fn within(&mut self, name: &str, check: impl FnOnce(&mut Self)) {
        let outer = join_path(&self.place, name);
        let outer = std::mem::replace(&mut self.place, outer);
        check(self);
        self.place = outer;
    }

    /// What was found.
    pub fn into_vec(self) -> Vec<RuleFault> {
        self.found
    }
}

/// A rule that settings break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFault {
    path: String,
    message: String,
    help: Option<String>,
    code: Option<&'static str>,
    unreadable: bool,
}

impl RuleFault {
    /// Says what to write instead.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Gives it a code of the plugin, `probes-exceed-window`.
    pub fn code(&mut self, code: &'static str) -> &mut Self {
        self.code = Some(code);
        self
    }

    /// The setting's dotted path; empty for the table itself.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to write instead, if it was said.
    pub fn help_text(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The plugin's code, if it has one.
    pub const fn code_name(&self) -> Option<&'static str> {
        self.code
    }

    /// Whether a value is missing or not of its type, so that no rule was run.
    pub const fn is_unreadable(&self) -> bool {
        self.unreadable
    }

    /// A value that cannot be read, as a fault.
    pub(super) const fn unreadable(path: String, message: String) -> Self {
        Self { path, message, help: None, code: None, unreadable: true }
    }
}

impl fmt::Display for RuleFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.message.clone();
        if let Some(help) = &self.help {
            write!(text, " ({help})")?;
        }
        if self.path.is_empty() { f.write_str(&text) } else { write!(f, "`{}`: {text}", self.path) }
    }
}

fn join_path(prefix: &str, name: &str) -> String {
    match (prefix, name) {
        ("", name) | (name, "") => name.to_owned(),
        (prefix, name) => format!("{prefix}.{name}"),
    }
}
