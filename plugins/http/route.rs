//! Routes as the wiring writes them; the running half reads the same grammar.

#[path = "runtime/src/segment.rs"]
mod segment;

/// A verb and a path such as `GET /notes/{id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) verb: &'static str,
    pub(crate) segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(String),
    Argument(String),
}

/// The first segment of paths that are the runtime's own.
const OWN: &str = "bp";

const VERBS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

impl Route {
    /// The default route of a method.
    pub(crate) fn default_for(instance: &str, method: &str) -> Self {
        let segments = [instance, method].map(|s| Segment::Literal(segment::encode(s))).to_vec();
        Self { verb: "POST", segments }
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

    /// The arguments that the path names.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Argument(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
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

    /// The part that must differ between two routes: the names of arguments do not count.
    pub(crate) fn key(&self) -> String {
        let mut key = format!("{} ", self.verb);
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
