//! Selectors: which edges, servers and names a rule is about, and which of several rules wins.
//!
//! A wiring's `[edge."…"]` and `[server."…"]`, and the same in `BP_SET` and `BP_CONFIG`, are read and ordered here.

use std::fmt;

/// The name of the outside world as a caller.
pub const CLIENT: &str = "client";

/// How specific a pattern is; the greater wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// `*`, or nothing.
    Any,
    /// A pattern with `*` and other characters.
    Glob,
    /// A name.
    Exact,
}

/// A name in which `*` stands for any characters, also none.
///
/// `_` and `-` are the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(String);

impl Pattern {
    /// A pattern from its text.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How specific it is.
    pub fn rank(&self) -> Rank {
        if !self.0.contains('*') {
            Rank::Exact
        } else if self.0.bytes().all(|b| b == b'*') {
            Rank::Any
        } else {
            Rank::Glob
        }
    }

    /// The name, if it is one.
    pub fn exact(&self) -> Option<&str> {
        (self.rank() == Rank::Exact).then_some(self.as_str())
    }

    /// Whether a name matches.
    pub fn matches(&self, name: &str) -> bool {
        let fold = |b: u8| if b == b'-' { b'_' } else { b };
        let pattern = self.0.as_bytes();
        let name = name.as_bytes();
        // Greedy matching with one point of return, linear in the product of the lengths at worst.
        let (mut p, mut n) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while let Some(&c) = name.get(n) {
            match pattern.get(p) {
                Some(b'*') => {
                    star = Some((p, n));
                    p += 1;
                }
                Some(&b) if fold(b) == fold(c) => {
                    p += 1;
                    n += 1;
                }
                _ => match star {
                    Some((sp, sn)) => {
                        p = sp + 1;
                        n = sn + 1;
                        star = Some((sp, sn + 1));
                    }
                    None => return false,
                },
            }
        }
        pattern.iter().skip(p).all(|b| *b == b'*')
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How specific a selector is: methods count before callees, and callees before callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Specificity {
    /// Of the method; [`Rank::Any`] where none is named.
    pub method: Rank,
    /// Of the callee, or of the only name that there is.
    pub callee: Rank,
    /// Of the caller; [`Rank::Any`] where there is none.
    pub caller: Rank,
}

impl Specificity {
    /// Of `*`.
    pub const LEAST: Self = Self { method: Rank::Any, callee: Rank::Any, caller: Rank::Any };

    /// Of a pattern for a single name.
    pub fn of_name(pattern: &Pattern) -> Self {
        Self { callee: pattern.rank(), ..Self::LEAST }
    }
}

/// Which of two rules wins: the more specific one, and of equally specific ones that of the later layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Precedence {
    /// How specific its selector is.
    pub specificity: Specificity,
    /// The file or source that it stands in, counted in the order in which they are read.
    pub layer: usize,
}

/// `caller -> callee[.method]`; `*` alone is `* -> *`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeSelector {
    /// Who calls; `client` is the outside world and matched by no `*`.
    pub caller: Pattern,
    /// Who is called.
    pub callee: Pattern,
    /// Which methods; `None` is the whole edge.
    pub method: Option<Pattern>,
}

/// `service[.method]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerSelector {
    /// Which services.
    pub service: Pattern,
    /// Which methods; `None` is the whole service.
    pub method: Option<Pattern>,
}

/// Why a selector's text is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelectorFault {
    /// It cannot be understood.
    Malformed {
        /// What is wrong.
        why: String,
        /// A selector that is right: `[edge."caller -> callee"]`.
        example: String,
    },
    /// `client` stands where it cannot.
    Client {
        /// What is wrong.
        why: String,
        /// What to do.
        help: String,
    },
}

impl SelectorFault {
    fn malformed(why: impl Into<String>, example: impl Into<String>) -> Self {
        Self::Malformed { why: why.into(), example: example.into() }
    }
}

impl fmt::Display for SelectorFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { why, example } => write!(f, "{why}; write it as in `{example}`"),
            Self::Client { why, help } => write!(f, "{why}; {help}"),
        }
    }
}

impl std::error::Error for SelectorFault {}

impl EdgeSelector {
    /// Reads `caller -> callee[.method]` or `*`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, SelectorFault> {
        if text.trim() == "*" {
            let any = || Pattern::new("*");
            return Ok(Self { caller: any(), callee: any(), method: None });
        }
        let Some((caller, rest)) = text.split_once("->") else {
            let name = text.trim();
            let is_callee = parse_part(name.split('.').next().unwrap_or(""), "callee", false);
            let example = if is_callee.is_ok() {
                format!("[edge.\"* -> {name}\"]")
            } else {
                "[edge.\"caller -> callee\"]".to_owned()
            };
            return Err(SelectorFault::malformed("an edge has two ends, joined by `->`", example));
        };
        if rest.contains("->") {
            return Err(SelectorFault::malformed(
                "an edge has one `->`",
                "[edge.\"caller -> callee\"]",
            ));
        }
        let (callee, method) = split_method(rest);
        let caller = parse_part(caller, "caller", false)?;
        let callee = parse_part(callee, "callee", false)?;
        let method = parse_method(method)?;
        if callee.as_str() == CLIENT {
            return Err(SelectorFault::Client {
                why: "the outside world is never called".to_owned(),
                help: format!("write `client -> {caller}` to publish `{caller}`"),
            });
        }
        let exact =
            callee.rank() == Rank::Exact && method.as_ref().is_none_or(|m| m.rank() == Rank::Exact);
        if caller.as_str() == CLIENT && !exact {
            return Err(SelectorFault::Client {
                why: "what the outside world may call is named exactly".to_owned(),
                help: "write one `[edge.\"client -> name\"]` for each published service".to_owned(),
            });
        }
        Ok(Self { caller, callee, method })
    }

    /// Whether it selects an edge, or one method of it; `method` is `None` for the whole edge.
    pub fn matches(&self, caller: &str, callee: &str, method: Option<&str>) -> bool {
        self.matches_edge(caller, callee) && method_matches(self.method.as_ref(), method)
    }

    /// Whether it selects an edge or some methods of it.
    pub fn matches_edge(&self, caller: &str, callee: &str) -> bool {
        // Only the name itself selects the outside world, so that `*` never publishes anything.
        let caller_fits = if caller == CLIENT {
            self.caller.as_str() == CLIENT
        } else {
            self.caller.matches(caller)
        };
        caller_fits && self.callee.matches(callee)
    }

    /// Whether caller and callee are names.
    pub fn is_exact(&self) -> bool {
        self.caller.rank() == Rank::Exact && self.callee.rank() == Rank::Exact
    }

    /// How specific it is.
    pub fn specificity(&self) -> Specificity {
        Specificity {
            method: method_rank(self.method.as_ref()),
            callee: self.callee.rank(),
            caller: self.caller.rank(),
        }
    }
}

impl ServerSelector {
    /// Reads `service[.method]`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, SelectorFault> {
        if text.contains("->") {
            return Err(SelectorFault::malformed(
                "a server selector names the service that answers, not an edge",
                "[server.\"cart\"]",
            ));
        }
        let (service, method) = split_method(text);
        let service = parse_part(service, "service", false)?;
        if service.as_str() == CLIENT {
            return Err(SelectorFault::Client {
                why: "the outside world serves nothing".to_owned(),
                help: "name the service that answers".to_owned(),
            });
        }
        Ok(Self { service, method: parse_method(method)? })
    }

    /// Whether it selects a service, or one method of it; `method` is `None` for the whole service.
    pub fn matches(&self, service: &str, method: Option<&str>) -> bool {
        self.service.matches(service) && method_matches(self.method.as_ref(), method)
    }

    /// How specific it is.
    pub fn specificity(&self) -> Specificity {
        Specificity {
            method: method_rank(self.method.as_ref()),
            ..Specificity::of_name(&self.service)
        }
    }
}

impl fmt::Display for EdgeSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.caller, self.callee)?;
        write_method(self.method.as_ref(), f)
    }
}

impl fmt::Display for ServerSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.service.as_str())?;
        write_method(self.method.as_ref(), f)
    }
}

fn write_method(method: Option<&Pattern>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    method.map_or(Ok(()), |method| write!(f, ".{method}"))
}

fn split_method(text: &str) -> (&str, Option<&str>) {
    text.split_once('.').map_or((text, None), |(name, method)| (name, Some(method)))
}

/// A name or pattern at a place in a selector; `what` is "caller".
fn parse_part(text: &str, what: &str, is_method: bool) -> Result<Pattern, SelectorFault> {
    let text = text.trim();
    let example = "[edge.\"caller -> callee.method\"]";
    if text.is_empty() {
        return Err(SelectorFault::malformed(format!("the {what} is missing"), example));
    }
    let fits = |c: char| match c {
        'a'..='z' | '0'..='9' | '_' | '*' => true,
        '-' => !is_method,
        'A'..='Z' => is_method,
        _ => false,
    };
    match text.chars().find(|c| !fits(*c)) {
        Some(c) => Err(SelectorFault::malformed(
            format!("the name of a {what} cannot contain `{}`", c.escape_debug()),
            example,
        )),
        None => Ok(Pattern::new(text)),
    }
}

/// `.*` names every method, and so the whole.
fn parse_method(text: Option<&str>) -> Result<Option<Pattern>, SelectorFault> {
    let Some(text) = text else { return Ok(None) };
    let pattern = parse_part(text, "method", true)?;
    Ok((pattern.rank() != Rank::Any).then_some(pattern))
}

fn method_rank(method: Option<&Pattern>) -> Rank {
    method.map_or(Rank::Any, Pattern::rank)
}

fn method_matches(pattern: Option<&Pattern>, method: Option<&str>) -> bool {
    match (pattern, method) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(pattern), Some(method)) => pattern.matches(method),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_in_order_and_at_both_ends() {
        for (glob, name, fits) in [
            ("*_db", "cart_db", true),
            ("*-db", "cart_db", true),
            ("*_db", "cart_db2", false),
            ("a*c*e", "abcde", true),
            ("a*c*e", "ae", false),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("cart*", "cart", true),
            ("**", "", true),
        ] {
            assert_eq!(Pattern::new(glob).matches(name), fits, "{glob} {name}");
        }
    }

    #[test]
    fn methods_beat_callees_and_callees_beat_callers() {
        let specificity = |text: &str| EdgeSelector::parse(text).unwrap().specificity();
        let rising = ["*", "front -> *", "* -> c*", "* -> cart", "front -> cart", "* -> *.list"];
        for pair in rising.windows(2) {
            assert!(specificity(pair[0]) < specificity(pair[1]), "{pair:?}");
        }
        let rule = |text, layer| Precedence { specificity: specificity(text), layer };
        assert!(rule("* -> cart", 0) > rule("*", 1), "specificity comes before the layer");
        assert!(rule("*", 1) > rule("*", 0));
    }

    #[test]
    fn only_its_name_selects_the_outside_world() {
        let all = EdgeSelector::parse("*").unwrap();
        assert!(all.matches("front", "cart", None) && !all.matches("client", "cart", None));
        let entry = EdgeSelector::parse("client->cart").unwrap();
        assert!(entry.matches("client", "cart", None) && !entry.matches("front", "cart", None));
        for refused in ["client -> *", "client -> cart.get*", "front -> client", "client"] {
            assert!(EdgeSelector::parse(refused).is_err(), "{refused}");
        }
        assert!(ServerSelector::parse("client").is_err());
    }

    #[test]
    fn a_method_belongs_to_its_edge() {
        let list = EdgeSelector::parse("* -> cart.list").unwrap();
        assert!(list.matches("front", "cart", Some("list")));
        assert!(!list.matches("front", "cart", Some("add")));
        assert!(!list.matches("front", "cart", None), "not the whole edge");
        assert!(list.matches_edge("front", "cart"), "but a part of it");
        assert_eq!(EdgeSelector::parse("a -> b.*").unwrap().to_string(), "a -> b");
        assert_eq!(ServerSelector::parse("b.get*").unwrap().to_string(), "b.get*");
    }
}
