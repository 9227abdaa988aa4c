//! Routes as the wiring writes them: `GET /notes/{id}` is a verb and a path whose segments are literals or arguments in braces.
//!
//! The compile half compiles this file too, so that what `bp check` accepts is what a listener serves.

use super::segment;

/// A verb and a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) verb: &'static str,
    pub(crate) segments: Vec<Segment>,
}

/// A part of a path, between slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(String),
    Argument(String),
}

/// The first segment of paths that are the runtime's own.
pub(crate) const OWN: &str = "bp";

/// The verb of routes that nobody wrote.
pub(crate) const DEFAULT_VERB: &str = "POST";

const VERBS: [&str; 5] = ["GET", DEFAULT_VERB, "PUT", "PATCH", "DELETE"];

impl Route {
    /// The default route of a method: `POST /<instance>/<method>`.
    pub(crate) fn default_for(instance: &str, method: &str) -> Self {
        Self::of_names([instance, method])
    }

    /// A route whose path is these names, in every script.
    pub(crate) fn of_names<const N: usize>(names: [&str; N]) -> Self {
        let segments = names.map(|name| Segment::Literal(segment::encode(name))).to_vec();
        Self { verb: DEFAULT_VERB, segments }
    }

    /// Reads a route, or says why the text is not a route.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (verb, path) = text.split_once(' ').ok_or("a route is a verb and a path")?;
        let verb = VERBS
            .into_iter()
            .find(|v| *v == verb)
            .ok_or_else(|| format!("`{verb}` is not one of {}", VERBS.join(", ")))?;
        let path = path.trim().strip_prefix('/').ok_or("the path must begin with `/`")?;
        let mut segments = Vec::new();
        // `/` alone is the root, which has no segments.
        for segment in path.split('/').filter(|_| !path.is_empty()) {
            segments.push(match segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
                Some(name) if segments.contains(&Segment::Argument(name.to_owned())) => {
                    return Err(format!("`{name}` is given twice"));
                }
                Some(name) => Segment::Argument(name.to_owned()),
                None if is_literal(segment) => Segment::Literal(segment.to_owned()),
                None => {
                    return Err(format!(
                        "`{segment}` is neither an argument in braces nor letters, digits, `-`, `.`, `_`, `~`"
                    ));
                }
            });
        }
        if segments.first() == Some(&Segment::Literal(OWN.to_owned())) {
            return Err(format!("paths below `/{OWN}` are `bp`'s own"));
        }
        Ok(Self { verb, segments })
    }

    /// The arguments that the path names, except those that the method has.
    pub(crate) fn unknown_arguments<'a>(
        &'a self,
        known: &'a [impl AsRef<str>],
    ) -> impl Iterator<Item = &'a str> {
        let names = self.segments.iter().filter_map(|segment| match segment {
            Segment::Argument(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        });
        names.filter(|name| known.iter().all(|known| known.as_ref() != *name))
    }

    /// The part that must differ between two routes: the names of arguments do not count.
    pub(crate) fn key(&self) -> String {
        let mut key = format!("{} ", self.verb);
        if self.segments.is_empty() {
            key.push('/');
        }
        for segment in &self.segments {
            key.push('/');
            key.push_str(match segment {
                Segment::Literal(text) => text,
                Segment::Argument(_) => "{}",
            });
        }
        key
    }
}

fn is_literal(segment: &str) -> bool {
    // A client removes `.` and `..` from a path before it sends it.
    !matches!(segment, "" | "." | "..")
        && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}
