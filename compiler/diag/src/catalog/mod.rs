//! Every code and its one constructor function, a file a range.
//!
//! A code has a title, a page in `docs/errors`, and a case in the golden tests; a test fails if one is missing.
//! A plugin declares codes of its own, see [`plugin`].

use crate::Code;

/// Declares the codes of one range and its list `CODES`.
macro_rules! codes {
    ($($id:ident $title:literal;)*) => {
        $(const $id: $crate::Code = $crate::Code {
            id: $crate::CodeId { plugin: None, name: stringify!($id) },
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
pub mod plugin;
pub mod policy;
pub mod target;
pub mod wiring;
pub mod workflow;

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

/// Every code of the compiler itself, in order.
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

/// The compiler's own code with this id, in any case: `bp2104` finds `BP2071`.
pub fn find_code(id: &str) -> Option<Code> {
    all_codes().find(|c| c.id.matches(id))
}
