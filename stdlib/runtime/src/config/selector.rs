//! Selectors of wiring: `caller -> callee.method`, each part exact, a glob, or `*`.

use std::cmp::Ordering;

/// One part of a selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// `*`, or left out.
    Any,
    /// With `*` somewhere.
    Glob(String),
    /// A name.
    Exact(String),
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Self {
        let text = normal(text.trim());
        if text == "*" {
            Self::Any
        } else if text.contains('*') {
            Self::Glob(text)
        } else {
            Self::Exact(text)
        }
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Glob(glob) => glob_matches(glob, &normal(name)),
            Self::Exact(exact) => *exact == normal(name),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Any => 0,
            Self::Glob(_) => 1,
            Self::Exact(_) => 2,
        }
    }

    /// The name, if it is one.
    pub(crate) fn exact(&self) -> Option<&str> {
        if let Self::Exact(name) = self { Some(name) } else { None }
    }
}

/// `_` and `-` are the same name.
pub(crate) fn normal(name: &str) -> String {
    name.replace('-', "_")
}

/// Whether `name` fits `glob`, whose `*` stands for any text: the pieces must occur in order, the first and last at the ends.
fn glob_matches(glob: &str, name: &str) -> bool {
    let mut pieces = glob.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        let Some(at) = rest.find(piece) else { return false };
        rest = rest.get(at + piece.len()..).unwrap_or_default();
    }
    rest.is_empty()
}

/// What a key of `edge`, `server`, `backend` or `service` selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selector {
    pub(crate) caller: Pattern,
    pub(crate) callee: Pattern,
    pub(crate) method: Pattern,
}

impl Selector {
    /// Of an edge: `*`, or `caller -> callee[.method]`.
    pub(crate) fn edge(text: &str) -> Result<Self, String> {
        if text.trim() == "*" {
            return Ok(Self { caller: Pattern::Any, callee: Pattern::Any, method: Pattern::Any });
        }
        let (caller, callee) = text
            .split_once("->")
            .ok_or_else(|| format!("`{text}` is no edge; write \"caller -> callee\" or \"*\""))?;
        let mut selector = Self::callee(callee);
        selector.caller = Pattern::parse(caller);
        Ok(selector)
    }

    /// Of a server: `callee[.method]`.
    pub(crate) fn callee(text: &str) -> Self {
        let (callee, method) = text.split_once('.').unwrap_or((text, "*"));
        Self {
            caller: Pattern::Any,
            callee: Pattern::parse(callee),
            method: Pattern::parse(method),
        }
    }

    /// Of a backend or a service.
    pub(crate) fn name(text: &str) -> Self {
        Self { caller: Pattern::Any, callee: Pattern::parse(text), method: Pattern::Any }
    }

    /// Whether it takes calls from `caller` (`None` on a server's side) to `callee`. Only an exact `client` matches `client`.
    pub(crate) fn matches(&self, caller: Option<&str>, callee: &str) -> bool {
        let caller_fits = match caller {
            None => true,
            Some("client") => self.caller.exact() == Some("client"),
            Some(caller) => self.caller.matches(caller),
        };
        caller_fits && self.callee.matches(callee)
    }

    /// Method over callee over caller, each exact over glob over `*`.
    pub(crate) fn specificity(&self, other: &Self) -> Ordering {
        let rank = |s: &Self| (s.method.rank(), s.callee.rank(), s.caller.rank());
        rank(self).cmp(&rank(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (glob, name, fits) in [
            ("*_db", "cart_db", true),
            ("*-db", "cart_db", true),
            ("*_db", "cart_db2", false),
            ("a*c*e", "abcde", true),
            ("a*c*e", "ae", false),
            ("a*a", "a", false),
            ("cart*", "cart", true),
        ] {
            assert_eq!(Pattern::parse(glob).matches(name), fits, "{glob} {name}");
        }
    }

    #[test]
    fn selectors() {
        let all = Selector::edge("*").unwrap();
        assert!(all.matches(Some("frontend"), "cart"));
        assert!(!all.matches(Some("client"), "cart"), "`*` never matches client");
        assert!(Selector::edge("client->cart").unwrap().matches(Some("client"), "cart"));
        let method = Selector::edge("* -> cart.list").unwrap();
        assert!(method.method.matches("list") && !method.method.matches("add"));
        let exact = Selector::edge("frontend -> cart").unwrap();
        assert_eq!(method.specificity(&exact), Ordering::Greater, "method before caller");
        assert_eq!(exact.specificity(&all), Ordering::Greater);
        assert!(Selector::edge("cart").is_err());
    }
}
