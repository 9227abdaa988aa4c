//! Names of collections that stand in code as literals.

use std::collections::BTreeMap;

use super::super::lexer::Kind;
use super::super::outline::Literal;
use super::super::place::Place;
use super::Guard;

/// Methods of `DocumentStore` and `DocumentStoreExt` that no other interface of the runtime has, whose first argument is a collection.
const METHODS: &[&str] =
    &["create_index", "find_all", "find_all_as", "find_as", "insert_as", "page_as", "update_as"];
/// Ways to make a `String` of a literal.
const CONVERSIONS: &[&str] = &["into", "to_owned", "to_string"];

impl Guard<'_> {
    /// First arguments of the methods, each literal once: written there, or a constant of this file.
    ///
    /// Another library may have a method of such a name, so a file that never names the interface has none.
    pub(super) fn find_collections(&self) -> Box<[Literal]> {
        let named = |index: usize| matches!(self.word(index), "DocumentStore" | "DocumentStoreExt");
        if !(0..self.tokens.len()).any(named) {
            return Box::default();
        }
        let mut found: BTreeMap<usize, Literal> = BTreeMap::new();
        let constants = self.find_constants();
        for index in 1..self.tokens.len() {
            if !self.is_punct(index - 1, b'.') || !METHODS.contains(&self.word(index)) {
                continue;
            }
            let Some(at) = self.find_first_argument(index + 1) else { continue };
            let literal = match self.kind(at) {
                Some(Kind::Literal) => Some(at),
                Some(Kind::Ident) => constants.get(self.word(at)).copied(),
                _ => None,
            };
            if let (true, Some(at)) = (self.ends_argument(at + 1), literal)
                && let Some(literal) = self.read_literal(at)
            {
                found.insert(at, literal);
            }
        }
        found.into_values().collect()
    }

    /// `const NOTES: &str = "notes";`: the literal's token by the constant's name.
    fn find_constants(&self) -> BTreeMap<&str, usize> {
        let mut constants = BTreeMap::new();
        for index in 0..self.tokens.len() {
            if !matches!(self.word(index), "const" | "static") || !self.is_punct(index + 2, b':') {
                continue;
            }
            let equals = (index + 3..index + 8).find(|at| self.is_punct(*at, b'='));
            let Some(equals) = equals else { continue };
            let literal = self.kind(equals + 1) == Some(Kind::Literal);
            if literal && self.is_punct(equals + 2, b';') {
                constants.insert(self.word(index + 1), equals + 1);
            }
        }
        constants
    }

    /// The first token in the brackets of a call, past `::<T>`.
    fn find_first_argument(&self, mut at: usize) -> Option<usize> {
        if self.is_punct(at, b':') && self.is_punct(at + 1, b':') {
            let mut depth = 0_usize;
            at += 2;
            loop {
                if self.is_punct(at, b'<') {
                    depth += 1;
                } else if self.is_punct(at, b'>') {
                    depth = depth.saturating_sub(1);
                }
                self.token(at)?;
                at = self.skip(at);
                if depth == 0 {
                    break;
                }
            }
        }
        (self.kind(at) == Some(Kind::Open(b'('))).then_some(at + 1)
    }

    /// Whether an argument ends here, or after it became a `String`.
    fn ends_argument(&self, at: usize) -> bool {
        let converted = self.is_punct(at, b'.') && CONVERSIONS.contains(&self.word(at + 1));
        let at = if converted { self.skip(at + 2) } else { at };
        self.is_punct(at, b',') || matches!(self.kind(at), Some(Kind::Close(_)))
    }

    fn read_literal(&self, index: usize) -> Option<Literal> {
        let token = self.token(index)?;
        let text = syn::parse_str::<syn::LitStr>(self.text.get(token.range())?).ok()?;
        Some(Literal { text: text.value(), place: Place::new(token.start, token.end) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::scan;

    fn found(code: &str) -> Vec<String> {
        let scan = scan(&format!("use bp_std::DocumentStore;\n{code}")).unwrap();
        scan.collections.iter().map(|literal| literal.text.clone()).collect()
    }

    #[test]
    fn literals_and_constants_are_found_once() {
        let code = r##"
            const NOTES: &str = "my notes";
            const OTHER: &'static str = "never used";
            fn f(db: &dyn DocumentStore) {
                db.find_as::<Vec<Vec<u8>>>(NOTES, q).await;
                db.find_as(NOTES, q).await;
                db.create_index("a b".to_owned(), i).await;
                db.create_index(String::from("x y"), i).await;
                db.insert_as("quo\"te", "id", &x).await;
                db.page_as(r#"raw"#, q).await;
                db.find_all(name, q).await;
                db.find_all(format!("a {b}"), q).await;
                map.get("a key").await;
                find_all("no method");
            }"##;
        assert_eq!(found(code), ["my notes", "a b", "quo\"te", "raw"]);
    }

    #[test]
    fn a_file_without_the_interface_has_none() {
        let scan = scan(r#"fn f() { page.find_all("div > a"); }"#).unwrap();
        assert!(scan.collections.is_empty());
    }

    #[test]
    fn what_ends_too_early_is_nothing() {
        for code in ["fn f() { a.find_as }", "fn f() { a.find_as::<A }", "fn f() { a.find_as( ) }"]
        {
            assert!(found(code).is_empty(), "{code}");
        }
    }
}
