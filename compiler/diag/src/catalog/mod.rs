//! Every code and its one constructor function, a file a range.
//!
//! A code has a title, a page in `docs/errors`, and a case in the golden tests; a test fails if one is missing.

use std::fmt;

/// A diagnostic's code: `BP2104`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// `BP` and four digits.
    pub id: &'static str,
    /// A few words.
    pub title: &'static str,
    /// The page that `bp explain` prints, in Markdown.
    pub page: &'static str,
}

impl Code {
    /// Whether a part of a text was not read, so that names of it are missing elsewhere.
    pub fn hides_names(self) -> bool {
        workflow::UNREAD.contains(&self) || wiring::UNREAD.contains(&self)
    }

    /// Whether what was typed on the command line is at fault, and no file.
    pub fn is_usage(self) -> bool {
        target::USAGE.contains(&self)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// Declares the codes of one range and its list `CODES`.
macro_rules! codes {
    ($($id:ident $title:literal;)*) => {
        $(const $id: $crate::Code = $crate::Code {
            id: stringify!($id),
            title: $title,
            page: include_str!(concat!("../../../../docs/errors/", stringify!($id), ".md")),
        };)*
        /// The codes of this range, in order.
        pub const CODES: &[$crate::Code] = &[$($id),*];
    };
}

pub mod analysis;
pub mod binding;
pub mod internal;
pub mod policy;
pub mod target;
pub mod wiring;
pub mod workflow;

/// Every code, in order.
pub fn all_codes() -> impl Iterator<Item = Code> {
    [
        workflow::CODES,
        wiring::CODES,
        binding::CODES,
        policy::CODES,
        target::CODES,
        analysis::CODES,
        internal::CODES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The code with this id, in any case: `bp2104` finds `BP2104`.
pub fn find_code(id: &str) -> Option<Code> {
    all_codes().find(|c| c.id.eq_ignore_ascii_case(id))
}
