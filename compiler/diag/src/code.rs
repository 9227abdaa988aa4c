//! What a diagnostic is called.

use std::fmt;

/// What a code is called: `BP2071`, or `memory/limits-need-a-cache` for a code of a plugin.
///
/// It is compared with and printed as its whole text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeId {
    /// The plugin that declares it; `None` for the compiler's own.
    pub plugin: Option<&'static str>,
    /// `BP` and four digits, or the name that the plugin gives it.
    pub name: &'static str,
}

impl CodeId {
    /// Whether this is one of the compiler's own codes that starts so: `BP3` for those of binding.
    pub fn is_core(self, start: &str) -> bool {
        self.plugin.is_none() && self.name.starts_with(start)
    }

    /// Whether a text is this id, in any case.
    pub fn matches(self, text: &str) -> bool {
        match (self.plugin, text.split_once('/')) {
            (None, None) => self.name.eq_ignore_ascii_case(text),
            (Some(plugin), Some((owner, name))) => {
                plugin.eq_ignore_ascii_case(owner) && self.name.eq_ignore_ascii_case(name)
            }
            _ => false,
        }
    }

    /// The file of its page, relative to the root of the repository that declares the code.
    pub fn page_path(self) -> String {
        match self.plugin {
            None => format!("docs/errors/{}.md", self.name),
            Some(plugin) => format!("plugins/{plugin}/errors/{}.md", self.name),
        }
    }
}

impl fmt::Display for CodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(plugin) = self.plugin {
            write!(f, "{plugin}/")?;
        }
        f.write_str(self.name)
    }
}

impl PartialEq<str> for CodeId {
    fn eq(&self, text: &str) -> bool {
        match self.plugin {
            None => self.name == text,
            Some(plugin) => text.split_once('/') == Some((plugin, self.name)),
        }
    }
}

impl PartialEq<&str> for CodeId {
    fn eq(&self, text: &&str) -> bool {
        *self == **text
    }
}

/// A diagnostic's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// What it is called.
    pub id: CodeId,
    /// A few words.
    pub title: &'static str,
    /// The page that `bp explain` prints, in Markdown.
    pub page: &'static str,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_its_whole_text() {
        let core = CodeId { plugin: None, name: "BP3040" };
        let own = CodeId { plugin: Some("memory"), name: "limits-need-a-cache" };
        assert_eq!(core.to_string(), "BP3040");
        assert_eq!(own.to_string(), "memory/limits-need-a-cache");
        assert!(core == "BP3040" && core != "memory/BP3040" && core != "BP304");
        assert!(own == "memory/limits-need-a-cache" && own != "limits-need-a-cache");
        assert!(own.matches("Memory/Limits-Need-A-Cache") && !own.matches("limits-need-a-cache"));
        assert!(core.matches("bp3040") && !core.matches("x/bp3040"));
        assert!(core.is_core("BP3") && !own.is_core("lim") && !own.is_core(""));
        assert_eq!(core.page_path(), "docs/errors/BP3040.md");
        assert_eq!(own.page_path(), "plugins/memory/errors/limits-need-a-cache.md");
    }
}
