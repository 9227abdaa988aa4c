//! Selectors: patterns over names, and how specific they are.

use std::fmt;

use bp_diag::catalog::wiring as codes;
use bp_diag::{Diagnostic, Span};

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

impl fmt::Display for EdgeSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.caller, self.callee)?;
        match &self.method {
            Some(method) => write!(f, ".{method}"),
            None => Ok(()),
        }
    }
}

/// `service[.method]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerSelector {
    /// Which services.
    pub service: Pattern,
    /// Which methods; `None` is the whole service.
    pub method: Option<Pattern>,
}

impl fmt::Display for ServerSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.service.as_str())?;
        match &self.method {
            Some(method) => write!(f, ".{method}"),
            None => Ok(()),
        }
    }
}

/// Why a selector's text is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SelectorFault {
    /// It cannot be understood.
    Malformed { why: String, example: String },
    /// `client` stands where it cannot.
    Client { why: String, help: String },
}

impl SelectorFault {
    fn malformed(why: impl Into<String>, example: impl Into<String>) -> Self {
        Self::Malformed { why: why.into(), example: example.into() }
    }

    /// The diagnostic for a selector written at `span`.
    pub(crate) fn diagnostic(&self, span: Span, text: &str) -> Diagnostic {
        match self {
            Self::Malformed { why, example } => codes::bad_selector(span, text, why, example),
            Self::Client { why, help } => codes::client_misplaced(span, why, help),
        }
    }
}

/// A name or pattern at a place in a selector; `what` is "caller".
fn part(text: &str, what: &str, method: bool) -> Result<Pattern, SelectorFault> {
    let text = text.trim();
    let example = "[edge.\"caller -> callee.method\"]";
    if text.is_empty() {
        return Err(SelectorFault::malformed(format!("the {what} is missing"), example));
    }
    let fits = |c: char| match c {
        'a'..='z' | '0'..='9' | '_' | '*' => true,
        '-' => !method,
        'A'..='Z' => method,
        _ => false,
    };
    match text.chars().find(|c| !fits(*c)) {
        Some(c) => Err(SelectorFault::malformed(
            format!("`{}` stands in no {what}'s name", c.escape_debug()),
            example,
        )),
        None => Ok(Pattern::new(text)),
    }
}

/// `.*` names every method, and so the whole.
fn method_part(text: Option<&str>) -> Result<Option<Pattern>, SelectorFault> {
    let Some(text) = text else { return Ok(None) };
    let pattern = part(text, "method", true)?;
    Ok((pattern.rank() != Rank::Any).then_some(pattern))
}

impl EdgeSelector {
    /// Reads `caller -> callee[.method]` or `*`.
    pub(crate) fn parse(text: &str) -> Result<Self, SelectorFault> {
        if text.trim() == "*" {
            let any = || Pattern::new("*");
            return Ok(Self { caller: any(), callee: any(), method: None });
        }
        let Some((caller, rest)) = text.split_once("->") else {
            let name = text.trim();
            let example = if part(name.split('.').next().unwrap_or(""), "callee", false).is_ok() {
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
        let (callee, method) = match rest.split_once('.') {
            Some((callee, method)) => (callee, Some(method)),
            None => (rest, None),
        };
        let caller = part(caller, "caller", false)?;
        let callee = part(callee, "callee", false)?;
        let method = method_part(method)?;
        if callee.as_str() == "client" {
            return Err(SelectorFault::Client {
                why: "the outside world is never called".to_owned(),
                help: format!("write `client -> {caller}` to publish `{caller}`"),
            });
        }
        let exact =
            callee.rank() == Rank::Exact && method.as_ref().is_none_or(|m| m.rank() == Rank::Exact);
        if caller.as_str() == "client" && !exact {
            return Err(SelectorFault::Client {
                why: "what the outside world may call is named exactly".to_owned(),
                help: "write one `[edge.\"client -> name\"]` for each service to publish"
                    .to_owned(),
            });
        }
        Ok(Self { caller, callee, method })
    }

    /// Whether it selects an edge, or one method of it; `method` is `None` for the whole edge.
    pub fn matches(&self, caller: &str, callee: &str, method: Option<&str>) -> bool {
        // Only the name itself selects the outside world.
        let caller_fits = if caller == "client" {
            self.caller.as_str() == "client"
        } else {
            self.caller.matches(caller)
        };
        caller_fits && self.callee.matches(callee) && method_fits(self.method.as_ref(), method)
    }

    /// Whether caller and callee are names.
    pub fn is_exact(&self) -> bool {
        self.caller.rank() == Rank::Exact && self.callee.rank() == Rank::Exact
    }

    /// Method, callee, caller: the greater wins.
    pub fn specificity(&self) -> (Rank, Rank, Rank) {
        (method_rank(self.method.as_ref()), self.callee.rank(), self.caller.rank())
    }
}

impl ServerSelector {
    /// Reads `service[.method]`.
    pub(crate) fn parse(text: &str) -> Result<Self, SelectorFault> {
        if text.contains("->") {
            let example = "[server.\"cart\"]";
            return Err(SelectorFault::malformed(
                "a server selector names the service that answers, not an edge",
                example,
            ));
        }
        let (service, method) = match text.split_once('.') {
            Some((service, method)) => (service, Some(method)),
            None => (text, None),
        };
        let service = part(service, "service", false)?;
        if service.as_str() == "client" {
            return Err(SelectorFault::Client {
                why: "the outside world serves nothing".to_owned(),
                help: "name the service that answers".to_owned(),
            });
        }
        Ok(Self { service, method: method_part(method)? })
    }

    /// Whether it selects a service, or one method of it; `method` is `None` for the whole service.
    pub fn matches(&self, service: &str, method: Option<&str>) -> bool {
        self.service.matches(service) && method_fits(self.method.as_ref(), method)
    }

    /// Method, service: the greater wins.
    pub fn specificity(&self) -> (Rank, Rank) {
        (method_rank(self.method.as_ref()), self.service.rank())
    }
}

fn method_rank(method: Option<&Pattern>) -> Rank {
    method.map_or(Rank::Any, Pattern::rank)
}

fn method_fits(pattern: Option<&Pattern>, method: Option<&str>) -> bool {
    match (pattern, method) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(pattern), Some(method)) => pattern.matches(method),
    }
}
