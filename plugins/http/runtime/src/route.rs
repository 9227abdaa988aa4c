//! Routes: where a method answers, and how a request's parts become its arguments.
//!
//! `GET /notes/{id}` is a verb and a path whose segments are literals or arguments in braces.
//! Arguments that the path does not name come from the query and, for verbs that have one, from the JSON body.

use std::borrow::Cow;
use std::fmt;

use axum::http::Method as Verb;
use serde_json::{Map, Value};

use crate::segment;

/// A parsed route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) verb: Verb,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Argument(String),
}

/// The first segment of paths that are the runtime's own.
const OWN: &str = "bp";

/// Why a text is not a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RouteError(String);

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RouteError {}

impl Route {
    /// The default route of a method: `POST /<instance>/<method>`.
    pub(crate) fn default_for(instance: &str, method: &str) -> Self {
        let segments = [instance, method].map(|s| Segment::Literal(segment::encode(s))).to_vec();
        Self { verb: Verb::POST, segments }
    }

    /// The path for other processes of the system, whatever routes the wiring gives: no route can have such a path.
    pub(crate) fn within(instance: &str, method: &str) -> Self {
        let segments = [OWN, "call", instance, method];
        let segments = segments.map(|s| Segment::Literal(segment::encode(s)));
        Self { verb: Verb::POST, segments: segments.to_vec() }
    }

    /// Reads `GET /notes/{id}`; every argument that it names must be one of `arguments`.
    pub(crate) fn parse(text: &str, arguments: &[&str]) -> Result<Self, RouteError> {
        let error = |why: String| RouteError(format!("`{text}`: {why}"));
        let (verb, path) = text
            .split_once(' ')
            .ok_or_else(|| error("a route is a verb and a path, as `GET /notes/{id}`".into()))?;
        let verb = match verb {
            "GET" => Verb::GET,
            "POST" => Verb::POST,
            "PUT" => Verb::PUT,
            "PATCH" => Verb::PATCH,
            "DELETE" => Verb::DELETE,
            other => {
                return Err(error(format!(
                    "`{other}` is not one of GET, POST, PUT, PATCH, DELETE"
                )));
            }
        };
        let path = path
            .trim()
            .strip_prefix('/')
            .ok_or_else(|| error("the path must begin with `/`".into()))?;
        let mut segments = Vec::new();
        // `/` alone is the root, which has no segments.
        for segment in path.split('/').filter(|_| !path.is_empty()) {
            segments.push(match segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
                Some(name) if !arguments.contains(&name) => {
                    return Err(error(format!("the method has no argument `{name}`")));
                }
                Some(name) if segments.contains(&Segment::Argument(name.to_owned())) => {
                    return Err(error(format!("`{name}` is given twice")));
                }
                Some(name) => Segment::Argument(name.to_owned()),
                None if is_literal(segment) => Segment::Literal(segment.to_owned()),
                None => return Err(error(format!("`{segment}` is neither an argument in braces nor letters, digits, `-`, `.`, `_`, `~`"))),
            });
        }
        if segments.first() == Some(&Segment::Literal(OWN.to_owned())) {
            return Err(error(format!("paths below `/{OWN}` are the runtime's own")));
        }
        Ok(Self { verb, segments })
    }

    /// The path in axum's syntax, arguments by position: routes that differ in the arguments' names alone are one path there.
    pub(crate) fn pattern(&self) -> String {
        let mut pattern = String::new();
        for (position, segment) in self.segments.iter().enumerate() {
            pattern.push('/');
            match segment {
                Segment::Literal(text) => pattern.push_str(text),
                Segment::Argument(_) => pattern.extend(["{p", &position.to_string(), "}"]),
            }
        }
        if pattern.is_empty() { "/".to_owned() } else { pattern }
    }

    /// The arguments that the path and the query of a request give, as JSON strings, or lists where a name repeats.
    pub(crate) fn arguments(
        &self,
        path: &str,
        query: Option<&str>,
        known: &[&str],
    ) -> Result<Map<String, Value>, String> {
        let mut given = Map::new();
        let mut query_pairs = Vec::new();
        for pair in query.unwrap_or_default().split('&').filter(|p| !p.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name =
                decode(name, true).ok_or_else(|| format!("the query's `{name}` is not UTF-8"))?;
            let value =
                decode(value, true).ok_or_else(|| format!("the query's `{name}` is not UTF-8"))?;
            query_pairs.push((name.into_owned(), value.into_owned()));
        }
        for (name, value) in query_pairs {
            if !known.contains(&name.as_str()) {
                return Err(format!(
                    "the query names `{name}`, which is not an argument; arguments are: {}",
                    known.join(", ")
                ));
            }
            match given.get_mut(&name) {
                None => drop(given.insert(name, Value::String(value))),
                Some(Value::Array(items)) => items.push(Value::String(value)),
                Some(first) => *first = Value::Array(vec![first.take(), Value::String(value)]),
            }
        }
        let path = path.strip_prefix('/').unwrap_or(path);
        for (segment, text) in self.segments.iter().zip(path.split('/')) {
            if let Segment::Argument(name) = segment {
                let value = decode(text, false)
                    .ok_or_else(|| format!("the path's `{name}` is not UTF-8"))?;
                given.insert(name.clone(), Value::String(value.into_owned()));
            }
        }
        Ok(given)
    }
}

/// The ways in which clients write a pattern's path: escapes with upper-case or lower-case digits, and unescaped letters.
pub(crate) fn list_spellings(pattern: &str) -> Vec<String> {
    let mut all = vec![pattern.to_owned()];
    if pattern.contains('%') {
        let mut small = String::with_capacity(pattern.len());
        for (i, part) in pattern.split('%').enumerate() {
            let (digits, rest) = part.split_at(if i == 0 { 0 } else { part.len().min(2) });
            small.extend([if i == 0 { "" } else { "%" }, &digits.to_ascii_lowercase(), rest]);
        }
        all.push(small);
        all.extend(decode(pattern, false).map(Cow::into_owned));
    }
    all
}

fn is_literal(segment: &str) -> bool {
    // A client removes `.` and `..` from a path before it sends it.
    !matches!(segment, "" | "." | "..")
        && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

/// Percent-decodes; in a query `+` is a space.
fn decode(text: &str, plus_is_space: bool) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' if plus_is_space => out.push(b' '),
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                out.push(u8::try_from(high * 16 + low).ok()?);
            }
            other => out.push(other),
        }
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_read_and_their_parts_become_arguments() {
        let route = Route::parse("GET /notes/{id}/of/{user}", &["id", "user", "page"]).unwrap();
        assert_eq!(route.verb, Verb::GET);
        assert_eq!(route.pattern(), "/notes/{p1}/of/{p3}");
        let known = ["id", "user", "page"];
        let given =
            route.arguments("/notes/a%2Fb/of/x+y", Some("page=1&page=a+b%C3%BC"), &known).unwrap();
        assert_eq!(
            Value::Object(given),
            serde_json::json!({"id": "a/b", "user": "x+y", "page": ["1", "a bü"]})
        );
        assert_eq!(Route::parse("POST /", &[]).unwrap().pattern(), "/");
    }

    #[test]
    fn a_method_answers_at_its_name_in_every_script() {
        let route = Route::default_for("laden", "größe");
        let expected = ["/laden/gr%C3%B6%C3%9Fe", "/laden/gr%c3%b6%c3%9fe", "/laden/größe"];
        assert_eq!(list_spellings(&route.pattern()), expected);
        assert_eq!(list_spellings("/notes/{p1}"), ["/notes/{p1}"]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, why) in [
            ("/notes", "a route is a verb and a path"),
            ("FETCH /notes", "`FETCH` is not one of"),
            ("GET notes", "the path must begin with `/`"),
            ("GET /notes/{it}", "the method has no argument `it`"),
            ("GET /{id}/{id}", "`id` is given twice"),
            ("GET /a//b", "`` is neither"),
            ("GET /a*", "`a*` is neither"),
            ("GET /a/../b", "`..` is neither"),
            ("GET /bp/call", "paths below `/bp` are the runtime's own"),
        ] {
            let error = Route::parse(text, &["id"]).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
        let route = Route::parse("GET /notes", &["id"]).unwrap();
        assert!(
            route
                .arguments("/notes", Some("colour=red"), &["id"])
                .unwrap_err()
                .contains("`colour`")
        );
        assert!(
            route.arguments("/notes", Some("id=%ff"), &["id"]).unwrap_err().contains("not UTF-8")
        );
    }
}
