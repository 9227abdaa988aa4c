//! What a listener does with a route: the path that axum matches, and how a request's parts become arguments.
//!
//! Arguments that the path does not name come from the query and, for verbs that have one, from the JSON body.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::route::{OWN, Route, Segment};

impl Route {
    /// The path for other processes of the system, whatever routes the wiring gives: no route can have such a path.
    pub(crate) fn within(instance: &str, method: &str) -> Self {
        Self::of_names([OWN, "call", instance, method])
    }

    /// Reads the route that the wiring gives a method.
    ///
    /// # Errors
    /// Why the text is not a route of a method with these arguments.
    pub(crate) fn read(text: &str, arguments: &[&str]) -> Result<Self, String> {
        let route = Self::parse(text).map_err(|why| format!("`{text}`: {why}"))?;
        if let Some(name) = route.unknown_arguments(arguments).next() {
            return Err(format!("`{text}`: the method has no argument `{name}`"));
        }
        Ok(route)
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
        let route = Route::read("GET /notes/{id}/of/{user}", &["id", "user", "page"]).unwrap();
        assert_eq!(route.verb, "GET");
        assert_eq!(route.pattern(), "/notes/{p1}/of/{p3}");
        let known = ["id", "user", "page"];
        let given =
            route.arguments("/notes/a%2Fb/of/x+y", Some("page=1&page=a+b%C3%BC"), &known).unwrap();
        assert_eq!(
            Value::Object(given),
            serde_json::json!({"id": "a/b", "user": "x+y", "page": ["1", "a bü"]})
        );
        assert_eq!(Route::read("POST /", &[]).unwrap().pattern(), "/");
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
            ("GET /bp/call", "paths below `/bp` are `bp`'s own"),
        ] {
            let error = Route::read(text, &["id"]).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
        let route = Route::read("GET /notes", &["id"]).unwrap();
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
