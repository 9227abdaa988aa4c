//! Where an interface is declared.

use std::fmt;

use bp_contract::units::is_same_text;

/// The place of an interface's declaration, which tells it from others of the same path: two modules or two versions of a crate may have one each.
#[derive(Debug, Clone, Copy)]
pub struct Origin {
    pub(super) module: &'static str,
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    line: u32,
}

impl Origin {
    /// The module and name of the trait, its package's version, which only cargo says, and its line.
    pub const fn new(
        module: &'static str,
        name: &'static str,
        version: Option<&'static str>,
        line: u32,
    ) -> Self {
        let version = match version {
            Some(version) => version,
            None => "unknown",
        };
        Self { module, name, version, line }
    }

    pub(super) const fn is(&self, other: &Self) -> bool {
        is_same_text(self.module, other.module)
            && is_same_text(self.name, other.name)
            && is_same_text(self.version, other.version)
            && self.line == other.line
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}::{}` of version {}", self.module, self.name, self.version)
    }
}
