//! What the documents and the checks need of a route beside its grammar.

use crate::http::route::{Route, Segment};

impl Route {
    /// The arguments that the path names.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &str> {
        self.unknown_arguments(&[""; 0])
    }

    /// The path, arguments in braces.
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        for segment in &self.segments {
            path.push('/');
            match segment {
                Segment::Literal(text) => path.push_str(text),
                Segment::Argument(name) => path.extend(["{", name, "}"]),
            }
        }
        if path.is_empty() { "/".to_owned() } else { path }
    }

    /// A path that both routes match, where neither of them is more exact.
    ///
    /// `/a/b` is more exact than `/a/{x}`; of `/a/{x}/c` and `/{y}/b/c` neither is.
    pub(crate) fn crosses(&self, other: &Self) -> Option<String> {
        if self.verb != other.verb || self.segments.len() != other.segments.len() {
            return None;
        }
        let (mut here, mut there) = (false, false);
        let mut path = String::new();
        for pair in self.segments.iter().zip(&other.segments) {
            let text = match pair {
                (Segment::Literal(a), Segment::Literal(b)) if a != b => return None,
                (Segment::Literal(a), Segment::Literal(_))
                | (Segment::Argument(a), Segment::Argument(_)) => a,
                (Segment::Literal(a), Segment::Argument(_)) => {
                    here = true;
                    a
                }
                (Segment::Argument(_), Segment::Literal(b)) => {
                    there = true;
                    b
                }
            };
            path.push('/');
            path.push_str(text);
        }
        (here && there).then_some(path)
    }
}
