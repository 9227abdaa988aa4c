//! The scan before parsing: refuses what would overflow the parser's stack, and blanks what the front end does not read.
//!
//! syn recurses once a bracket, type argument or prefix operator, so their sum along any path is bounded here.
//! Function bodies and initialisers are replaced by spaces of the same length: spans stay right, nothing in them can fail, and parsing costs a fraction.

use std::ops::Range;

use super::fault::{Fault, MAX_DEPTH};
use super::lexer::{Kind, Token, lex};
use super::outline::{Call, Literal};
use super::place::{Place, UsePath};

mod collections;

/// A text that is safe to parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    /// The text with bodies and initialisers blanked.
    pub(crate) text: String,
    /// Calls of a path that ends in `spawn`.
    pub(crate) spawns: Box<[Call]>,
    /// Literals that name a collection of a `DocumentStore`.
    pub(crate) collections: Box<[Literal]>,
}

struct Guard<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    /// For each opening token, the index of its closing one.
    closes: Vec<usize>,
    blanks: Vec<Range<usize>>,
    /// Where blanked initialisers begin.
    values: Vec<usize>,
}

/// Scans a text; the fault says why it must not be parsed.
pub(crate) fn scan(text: &str) -> Result<Scan, Fault> {
    let tokens = lex(text).map_err(|u| Fault::Unclosed {
        place: Place::new(u.start, u.start + 1),
        what: u.what.to_owned(),
    })?;
    let mut guard =
        Guard { text, tokens, closes: Vec::new(), blanks: Vec::new(), values: Vec::new() };
    guard.match_brackets()?;
    guard.find_blanks();
    guard.bound_chains()?;
    let (spawns, collections) = (guard.find_spawns(), guard.find_collections());
    let mut bytes = text.to_owned().into_bytes();
    // A `#!` line for a shell is not Rust, and the parser would take it for an attribute.
    if let Some(first) = guard.tokens.first() {
        let head = bytes.get_mut(..first.start).unwrap_or_default();
        if head.starts_with(b"#!") {
            fill_with_spaces(head);
        }
    }
    for blank in &guard.blanks {
        fill_with_spaces(bytes.get_mut(blank.clone()).unwrap_or_default());
    }
    for value in &guard.values {
        // An initialiser must stay an expression.
        if let Some(first) = bytes.get_mut(*value) {
            *first = b'0';
        }
    }
    let text = String::from_utf8(bytes).unwrap_or_default();
    Ok(Scan { text, spawns, collections })
}

/// Spaces instead of everything but line ends.
fn fill_with_spaces(bytes: &mut [u8]) {
    for byte in bytes {
        if *byte != b'\n' && *byte != b'\r' {
            *byte = b' ';
        }
    }
}

impl Guard<'_> {
    fn token(&self, index: usize) -> Option<Token> {
        self.tokens.get(index).copied()
    }

    fn kind(&self, index: usize) -> Option<Kind> {
        self.token(index).map(|t| t.kind)
    }

    fn word(&self, index: usize) -> &str {
        match self.token(index) {
            Some(t) if t.kind == Kind::Ident => self.text.get(t.range()).unwrap_or(""),
            _ => "",
        }
    }

    fn is_punct(&self, index: usize, byte: u8) -> bool {
        self.kind(index) == Some(Kind::Punct(byte))
    }

    /// The index after the group or token at `index`.
    fn skip(&self, index: usize) -> usize {
        match self.kind(index) {
            Some(Kind::Open(_)) => self.closes.get(index).copied().unwrap_or(index) + 1,
            _ => index + 1,
        }
    }

    fn match_brackets(&mut self) -> Result<(), Fault> {
        let mut stack: Vec<usize> = Vec::new();
        self.closes = vec![0; self.tokens.len()];
        for (index, token) in self.tokens.iter().enumerate() {
            match token.kind {
                Kind::Open(_) => {
                    if stack.len() >= MAX_DEPTH {
                        return Err(Fault::TooDeep(token.place()));
                    }
                    stack.push(index);
                }
                Kind::Close(close) => {
                    let open = stack.pop().and_then(|i| Some((i, self.token(i)?)));
                    let matches = match open {
                        Some((_, t)) => t.kind == Kind::Open(opener(close)),
                        None => false,
                    };
                    if !matches {
                        let open = open.and_then(|(_, t)| match t.kind {
                            Kind::Open(o) => Some((char::from(o), t.place())),
                            _ => None,
                        });
                        let close = char::from(close);
                        return Err(Fault::Mismatched { place: token.place(), close, open });
                    }
                    if let Some(slot) = open.and_then(|(i, _)| self.closes.get_mut(i)) {
                        *slot = index;
                    }
                }
                _ => {}
            }
        }
        match stack.last().and_then(|i| self.token(*i)) {
            Some(open) => {
                let what = match open.kind {
                    Kind::Open(b'(') => "`(`",
                    Kind::Open(b'[') => "`[`",
                    _ => "`{`",
                };
                Err(Fault::Unclosed { place: open.place(), what: what.to_owned() })
            }
            None => Ok(()),
        }
    }

    /// Finds bodies of functions and initialisers of constants and statics.
    fn find_blanks(&mut self) {
        // In a damaged text every search could run to the end of the file; what is not blanked then is parsed and refused.
        let mut budget = self.tokens.len() * 4;
        let mut index = 0;
        let mut blanks = Vec::new();
        let mut values = Vec::new();
        while index < self.tokens.len() {
            index = match self.word(index) {
                "fn" if self.kind(index + 1) == Some(Kind::Ident) => {
                    self.blank_body(index + 2, &mut blanks, &mut budget)
                }
                "const" | "static" => {
                    let found = blanks.len();
                    let next = self.blank_initialiser(index, &mut blanks, &mut budget);
                    values.extend(
                        blanks.iter().skip(found).filter(|b| !b.is_empty()).map(|b| b.start),
                    );
                    next
                }
                _ => index + 1,
            };
        }
        self.blanks = blanks;
        self.values = values;
    }

    /// From after a function's name; answers where to go on.
    fn blank_body(&self, from: usize, blanks: &mut Vec<Range<usize>>, budget: &mut usize) -> usize {
        let mut at = from;
        loop {
            *budget = budget.saturating_sub(1);
            match self.kind(at).filter(|_| *budget > 0) {
                Some(Kind::Open(b'{')) => {
                    let end = self.closes.get(at).copied().unwrap_or(at);
                    if let (Some(open), Some(close)) = (self.token(at), self.token(end)) {
                        blanks.push(open.end..close.start);
                    }
                    return end + 1;
                }
                None | Some(Kind::Close(_) | Kind::Punct(b';')) => return from,
                Some(_) => at = self.skip(at),
            }
        }
    }

    /// From `const` or `static`; a knob's initialiser stays, since it is read.
    fn blank_initialiser(
        &self,
        from: usize,
        blanks: &mut Vec<Range<usize>>,
        budget: &mut usize,
    ) -> usize {
        let next = from + 1;
        let before = from.checked_sub(1).and_then(|i| self.kind(i));
        let generic = matches!(before, Some(Kind::Punct(b'<' | b',')));
        let name = if self.word(next) == "mut" { next + 1 } else { next };
        if generic || self.kind(name) != Some(Kind::Ident) || !self.is_punct(name + 1, b':') {
            return next;
        }
        let mut at = name + 2;
        while !self.is_punct(at, b'=') {
            *budget = budget.saturating_sub(1);
            match self.kind(at).filter(|_| *budget > 0) {
                None | Some(Kind::Close(_) | Kind::Punct(b';')) => return next,
                Some(_) => at = self.skip(at),
            }
        }
        let start = at + 1;
        let mut end = start;
        let mut count = 0;
        let mut knob = false;
        while !self.is_punct(end, b';') {
            *budget = budget.saturating_sub(1);
            match self.kind(end).filter(|_| *budget > 0) {
                None | Some(Kind::Close(_)) => return next,
                Some(_) => {
                    knob |= self.word(end) == "knob" && self.is_punct(end + 1, b'!');
                    end = self.skip(end);
                    count += 1;
                }
            }
        }
        // `knob!("name")`, with any reasonable path in front.
        if knob && count <= 16 {
            return end;
        }
        if let (Some(first), Some(semicolon)) = (self.token(start), self.token(end)) {
            blanks.push(first.start..semicolon.start);
        }
        end
    }

    /// Bounds the recursion that the parser makes on the text that stays.
    fn bound_chains(&self) -> Result<(), Fault> {
        // For each open bracket: what it adds, and the chain and angle depth of its inside.
        let mut stack: Vec<Level> = vec![Level::default()];
        let mut outer = 0_usize;
        let mut index = 0;
        let mut blanks = self.blanks.iter().peekable();
        while let Some(token) = self.token(index) {
            while blanks.peek().is_some_and(|b| b.end <= token.start) {
                blanks.next();
            }
            if blanks.peek().is_some_and(|b| b.contains(&token.start)) {
                index += 1;
                continue;
            }
            // What a macro is called with stays a list of tokens, which is read without recursion.
            if self.is_macro_group(index) {
                index = self.skip(index);
                continue;
            }
            let Some(level) = stack.last_mut() else { break };
            match token.kind {
                Kind::Open(_) => {
                    let attribute = index
                        .checked_sub(1)
                        .is_some_and(|i| self.is_punct(i, b'#') || self.is_punct(i, b'!'));
                    level.chain += usize::from(!attribute);
                    outer += level.depth();
                    stack.push(Level::default());
                }
                Kind::Close(close) => {
                    stack.pop();
                    if let Some(level) = stack.last_mut() {
                        outer = outer.saturating_sub(level.depth());
                        if close == b'}' {
                            *level = Level::default();
                        }
                    }
                }
                Kind::Punct(byte) => {
                    let arrow = byte == b'>'
                        && index
                            .checked_sub(1)
                            .is_some_and(|i| self.is_punct(i, b'-') || self.is_punct(i, b'='));
                    match byte {
                        b',' => level.chain = 0,
                        b';' => *level = Level::default(),
                        b'<' => level.angles += 1,
                        b'>' if !arrow => level.angles = level.angles.saturating_sub(1),
                        b'&' | b'*' | b'!' | b'-' | b'=' | b'|' | b'.' | b'?' | b'/' | b'%'
                        | b'^' | b'+' => level.chain += 1,
                        _ => {}
                    }
                }
                Kind::Ident => level.chain += usize::from(is_prefix(self.word(index))),
                Kind::Literal => {}
            }
            let inner = stack.last().map_or(0, Level::depth);
            if outer + inner > MAX_DEPTH {
                return Err(Fault::TooDeep(token.place()));
            }
            index += 1;
        }
        Ok(())
    }

    /// Whether the bracket at `index` belongs to `name!(…)` or `name! other {…}`.
    fn is_macro_group(&self, index: usize) -> bool {
        if !matches!(self.kind(index), Some(Kind::Open(_))) {
            return false;
        }
        let bang_after_name = |at: usize| {
            self.is_punct(at, b'!')
                && at.checked_sub(1).is_some_and(|i| self.kind(i) == Some(Kind::Ident))
        };
        index.checked_sub(1).is_some_and(bang_after_name)
            || (index.checked_sub(2).is_some_and(bang_after_name)
                && self.kind(index - 1) == Some(Kind::Ident))
    }

    fn find_spawns(&self) -> Box<[Call]> {
        let mut found = Vec::new();
        for index in 0..self.tokens.len() {
            if self.word(index) != "spawn" || self.kind(index + 1) != Some(Kind::Open(b'(')) {
                continue;
            }
            let mut segments = vec!["spawn".to_owned()];
            let mut first = index;
            while first >= 3
                && self.is_punct(first - 1, b':')
                && self.is_punct(first - 2, b':')
                && self.kind(first - 3) == Some(Kind::Ident)
            {
                first -= 3;
                segments.insert(0, self.word(first).to_owned());
            }
            let before = first.checked_sub(1);
            let method = before.is_some_and(|i| self.is_punct(i, b'.') || self.word(i) == "fn");
            if let (false, Some(start), Some(end)) = (method, self.token(first), self.token(index))
            {
                let path = UsePath { global: false, segments };
                found.push(Call { path, place: Place::new(start.start, end.end) });
            }
        }
        found.into_boxed_slice()
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Level {
    /// Tokens since the last separator that may each make the parser recurse.
    chain: usize,
    /// Open `<`.
    angles: usize,
}

impl Level {
    fn depth(&self) -> usize {
        self.chain + self.angles
    }
}

fn opener(close: u8) -> u8 {
    match close {
        b')' => b'(',
        b']' => b'[',
        _ => b'{',
    }
}

/// Words that the parser recurses after.
fn is_prefix(word: &str) -> bool {
    matches!(
        word,
        "as" | "async"
            | "await"
            | "box"
            | "break"
            | "const"
            | "dyn"
            | "else"
            | "for"
            | "if"
            | "impl"
            | "let"
            | "loop"
            | "match"
            | "move"
            | "ref"
            | "return"
            | "unsafe"
            | "while"
            | "yield"
    )
}

#[cfg(test)]
mod tests {
    use bp_diag::SourceMap;

    use super::*;

    fn run(text: &str) -> Result<Scan, String> {
        let file = SourceMap::new().add("a.rs", text);
        scan(text).map_err(|f| f.diagnostic(file)).map_err(|d| format!("{}: {}", d.code, d.message))
    }

    #[test]
    fn bodies_and_initialisers_become_spaces() {
        let scan = run("fn f(a: [u8; 2]) -> u8 { 1 + {2} }\nconst A: u8 = 1 + 2; trait T { fn g(); fn h() {x} }").unwrap();
        assert_eq!(
            scan.text,
            "fn f(a: [u8; 2]) -> u8 {         }\nconst A: u8 = 0    ; trait T { fn g(); fn h() { } }"
        );
        assert_eq!(
            run("static K: Knob = knob!(\"k\");").unwrap().text,
            "static K: Knob = knob!(\"k\");"
        );
        let generic = "struct S<const N: usize>([u8; N]); fn p(f: fn(u8) -> u8) {}";
        assert_eq!(run(generic).unwrap().text, generic);
    }

    #[test]
    fn deep_nesting_is_refused_in_every_form() {
        let many = 200_000;
        let deep = [
            format!("fn f() {{ {}{} }}", "(".repeat(many), ")".repeat(many)),
            "[".repeat(many),
            format!("struct S(Vec<{}u8{}>);", "Box<".repeat(many), ">".repeat(many)),
            format!("struct S({}u8);", "&".repeat(many)),
            format!("struct S({}u8);", "*const ".repeat(many)),
            format!("type T = {}();", "fn() -> ".repeat(many)),
            format!("enum E {{ A = {}1 }}", "!".repeat(many)),
            format!("enum E {{ A = {}1 }}", "1 + ".repeat(many)),
            format!("enum E {{ A = a{} }}", ".b()".repeat(many)),
            format!("enum E {{ A = a{} }}", "()".repeat(many)),
            format!("#[a = {}1] struct S;", "-".repeat(many)),
            format!("enum E {{ A = {}1 }}", "return ".repeat(many)),
        ];
        for text in deep {
            let code = run(&text).unwrap_err();
            assert!(code.starts_with("BP1004"), "{code} for {}", &text[..40]);
        }
        assert!(run(&format!("fn f() {{ {} }}", "a.b() + &&!".repeat(many))).is_ok());
        assert!(run(&format!("const A: u8 = {}1;", "1 | ".repeat(many))).is_ok());
        let endless =
            ["fn a ", "const a: ", "const a: u8 = "].map(|t| run(&t.repeat(many)).is_ok());
        assert_eq!(endless, [true, false, false]);
        assert!(run(&format!("{}struct S;", "#[a] ".repeat(1_000))).is_ok());
        let wide = format!(
            "trait T {{ {} }}",
            "fn f(&self, a: &Vec<Box<u8>>) -> Option<&u8>; ".repeat(1_000)
        );
        assert!(run(&wide).is_ok());
    }

    #[test]
    fn brackets_are_matched() {
        assert_eq!(run("fn f( { }").unwrap_err(), "BP1005: `(` is not closed");
        assert_eq!(run("fn f(] {}").unwrap_err(), "BP1033: `]` does not close `(`");
        assert_eq!(run("}").unwrap_err(), "BP1033: `}` closes nothing");
        assert_eq!(run("const A: &str = \"x;").unwrap_err(), "BP1005: a string is not closed");
    }

    #[test]
    fn spawns_are_calls_of_paths() {
        let scan =
            run("fn f() { tokio::spawn(x); spawn(y); set.spawn(z); } fn spawn() {}").unwrap();
        let names: Vec<_> = scan.spawns.iter().map(|c| c.path.segments.join("::")).collect();
        assert_eq!(names, ["tokio::spawn", "spawn"]);
    }
}
